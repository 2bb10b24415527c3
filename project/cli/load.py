"""`ad-metrics load` and `loads`: files in, a report out."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, cast

import asyncpg
import orjson
import typer

from project.cli.exit_codes import exit_codes
from project.cli.progress import progress_bar
from project.errors import LoadRefused
from project.ingest.background import load_requested
from project.ingest.load import RowsRejected, load
from project.ingest.mapping.presets import PRESETS
from project.ingest.options import MostRejects, Options, pairs
from project.ingest.rejects_file import rejects_written
from project.ingest.report import Report
from project.settings import Settings, get_settings
from project.store.postgres.connections import write_connection

app = typer.Typer()


@app.command(name="load")
def load_files(
    files: Annotated[
        list[Path],
        typer.Argument(help="CSV, TSV, NDJSON (also gzip), Parquet or xlsx, loaded as one; - is standard input."),
    ],
    map_: Annotated[
        list[str], typer.Option("--map", metavar="FIELD=COLUMN", help="The column that holds a field.")
    ] = [],  # noqa: B006 - Typer copies it
    set_: Annotated[
        list[str], typer.Option("--set", metavar="FIELD=VALUE", help="One value of a field for all rows.")
    ] = [],  # noqa: B006
    preset: Annotated[
        str | None, typer.Option(metavar="|".join(PRESETS), help="Whose export it is; by default guessed, and said.")
    ] = None,
    date_format: Annotated[
        str | None,
        typer.Option(metavar="FORMAT", help="How dates are written, as strptime has it: %m/%d/%Y."),
    ] = None,
    decimal_comma: Annotated[
        bool | None,
        typer.Option("--decimal-comma/--decimal-point", help="How numbers are written: 1.234,5 or 1,234.5."),
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Of text that is not UTF-8 or UTF-16, such as latin-1.")] = None,
    currency: Annotated[str | None, typer.Option(help="Of amounts that do not say it; must be the database's.")] = None,
    blank: Annotated[
        list[str], typer.Option("--blank", metavar="MEASURE=0", help="Count a blank cell of a measure as 0.")
    ] = [],  # noqa: B006
    round_: Annotated[
        list[str], typer.Option("--round", metavar="MEASURE", help="Round what a measure cannot keep, row by row.")
    ] = [],  # noqa: B006
    stream: Annotated[str | None, typer.Option(help="Which stream of a file of records of several.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Which sheet of a workbook of several.")] = None,
    on_duplicate: Annotated[
        str, typer.Option(metavar="sum|error", help="What to do with rows of the same natural key.")
    ] = "sum",
    replace: Annotated[
        bool, typer.Option("--replace", help="Also remove facts, of the files' dates and platforms, that they lack.")
    ] = False,
    max_rejects: Annotated[
        str, typer.Option(metavar="N|N%", help="Load all the same when so many rows cannot be read.")
    ] = "0",
    rejects: Annotated[Path | None, typer.Option(help="Write rows that cannot be read to this CSV file.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but keep it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Load exports: facts are inserted, or replaced where the database has other numbers."""

    def notify(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    with exit_codes():
        options = Options(
            _pairs("--map", map_),
            _pairs("--set", set_),
            date_format,
            preset,
            decimal_comma,
            encoding,
            currency,
            _pairs("--blank", blank),
            tuple(round_),
            stream,
            sheet,
            MostRejects.parse(max_rejects),
            cast("Any", on_duplicate),
            replace,
        )
        report = Report()
        try:
            with rejects_written(rejects, report), progress_bar(files) as progress:
                asyncio.run(
                    load(
                        files, options, get_settings(), dry_run=dry_run, notify=notify, progress=progress, report=report
                    )
                )
        except RowsRejected:
            _print_report(report, as_json)
            raise
        _print_report(report, as_json)


@app.command(name="load-requested", hidden=True)
def load_requested_over_http(number: int) -> None:
    """Run a load that was asked for over HTTP; the service starts this."""
    with exit_codes():
        asyncio.run(load_requested(get_settings(), number))


@app.command()
def loads(limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20) -> None:
    """List what has been loaded."""
    with exit_codes():
        found = asyncio.run(_recent_loads(get_settings(), limit))
        if not found:
            print("Nothing has been loaded yet.", file=sys.stderr)
        for row in found:
            files = ", ".join(file["name"] for file in orjson.loads(row["files"]))
            days = f"{row['date_from']} to {row['date_to']}"
            print(
                f"{row['finished_at']:%Y-%m-%dT%H:%M:%SZ}  version {row['data_version']}  {files}  {days}  read "
                f"{row['rows_read']:,}, inserted {row['inserted']:,}, changed {row['changed']:,}, "
                f"unchanged {row['unchanged']:,}, removed {row['removed']:,}"
            )


def _pairs(flag: str, given: Sequence[str]) -> dict[str, str]:
    try:
        return pairs(flag, given)
    except LoadRefused as error:
        raise typer.BadParameter(str(error)) from error


async def _recent_loads(settings: Settings, limit: int) -> list[asyncpg.Record]:
    async with write_connection(settings) as connection:
        return await connection.fetch("SELECT * FROM ingest_log ORDER BY id DESC LIMIT $1", limit)


def _print_report(report: Report, as_json: bool) -> None:
    if as_json:
        print(report.json())
    else:
        for line in report.as_text():
            print(line)
