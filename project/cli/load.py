"""`ad-metrics load`: files in, a report out."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from project.cli import prompts
from project.cli.exit_codes import end_interrupted, exit_codes, interruptible
from project.cli.flags import options_of, with_flags
from project.cli.progress import progress_bar
from project.commands import typed
from project.ingest.load import RowsRejected, load
from project.ingest.mapping.questions import Unanswered, command
from project.ingest.options import Options
from project.ingest.profile import with_profile, write_profile
from project.ingest.rejects_file import write_rejects
from project.ingest.report import Report
from project.settings import get_settings

app = typer.Typer(add_completion=False)


@app.command(name="load")
@with_flags
def load_files(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(help="CSV, TSV, NDJSON (also gzip), Parquet or xlsx, loaded as one; - is standard input."),
    ],
    *,
    profile: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="Take options from it; flags win.")] = None,
    keep: Annotated[
        Path | None, typer.Option("--write-profile", metavar="FILE.toml", help="Keep the options, if the load works.")
    ] = None,
    rejects: Annotated[Path | None, typer.Option(help="Write rows that cannot be read to this CSV file.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but keep it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    **flags: Any,
) -> None:
    """Load exports: facts are inserted, or replaced where the database has other numbers.

    On a terminal it asks for what the files leave open.
    """
    report = Report()

    async def attempt(options: Options) -> None:
        try:
            with write_rejects(rejects, report), progress_bar(files) as progress:
                await load(
                    files, options, get_settings(), dry_run=dry_run, notify=_notify, progress=progress, report=report
                )
        except asyncio.CancelledError:
            end_interrupted(report.interrupted)

    with exit_codes(), interruptible(lambda: report.interrupted):
        if keep and not os.access(keep.parent, os.W_OK):
            raise typer.BadParameter(f"{keep.parent} is no directory that can be written", param_hint="--write-profile")
        options, source = with_profile(profile, options_of(context, flags))
        if source:
            _notify(source)
        asked = False
        try:
            while True:
                report = Report(profile=source)
                try:
                    asyncio.run(attempt(options))
                    break
                except Unanswered as error:
                    error.files, error.program = tuple(map(str, files)), typed("ad-metrics")
                    if as_json or not prompts.can_ask(files):
                        raise
                    options, asked = prompts.ask(error), True
        except RowsRejected:
            _print_report(report, as_json)
            raise
        finally:
            if asked:
                line = command([*map(str, files)], options, program=typed("ad-metrics"))
                _notify(f"\nthe same without questions: {line}")
        _print_report(report, as_json)
        if keep:
            _notify(write_profile(keep, options, report.preset))
        elif asked:
            prompts.offer_profile(options, report.preset)


def _print_report(report: Report, as_json: bool) -> None:
    print(report.json() if as_json else "\n".join(report.as_text()))


def _notify(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
