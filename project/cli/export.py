"""`ad-metrics export`: the answer to a question as a file, the same that the API gives."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Annotated, BinaryIO
from urllib.parse import parse_qsl, urlencode, urlsplit

import typer

from project.charts.chart import chart_of
from project.charts.renderer import PICTURES, Picture, Renderer
from project.cli.exit_codes import exit_codes
from project.cli.progress import terminal_bar
from project.cli.serving import serving_pool
from project.errors import FileUnwritable
from project.export.encode import encode
from project.export.formats import FORMATS, Format
from project.export.open_export import export_snapshot, open_export
from project.query.reports.run import run
from project.settings import Settings, get_settings
from project.store.warehouse.snapshot import snapshot
from project.web.api.reports.params import ReportParameters
from project.web.api.rows.params import RowsParameters
from project.web.request.query_string import parse_items
from project.web.state import today

app = typer.Typer(add_completion=False)

_RESOURCES: dict[str, type[RowsParameters] | type[ReportParameters]] = {
    "/v1/ad-metrics": RowsParameters,
    "/v1/reports": ReportParameters,
}
_FORMATS: dict[str, Format | Picture] = {**FORMATS, **PICTURES}
_ENDINGS = {format_.extension: name for name, format_ in FORMATS.items()} | {name: name for name in _FORMATS}


@app.command()
def export(
    question: Annotated[
        str,
        typer.Argument(
            metavar="QUESTION",
            help="What the API would be asked: '/v1/reports?group_by=week&metrics=cost', also as a whole URL; without"
            " a path, rows: 'date_preset=last_month&platform=facebook', and '' for all of them.",
        ),
    ],
    file: Annotated[
        Path, typer.Argument(help="The file to write; its ending says the format. - is standard output, as CSV.")
    ],
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="|".join(_FORMATS), help="The format, instead of that of the file's ending."),
    ] = None,
) -> None:
    """Write rows or a report to a file, or a report as a picture; the file's ending says the format."""
    path, query = _split(question)
    name = format_ or dict(query).get("format") or _format_of(file)
    if name == "json":
        raise typer.BadParameter("json is for pages; a file of objects is ndjson", param_hint="--format")
    items = [*((key, value) for key, value in query if key != "format"), ("format", name)]
    with exit_codes():
        written = asyncio.run(_export(get_settings(), path, items, file))
    print(f"{written} to {file}", file=sys.stderr)


def _split(question: str) -> tuple[str, list[tuple[str, str]]]:
    has_path = question.startswith(("/", "http://", "https://"))
    path, _, query = question.partition("?") if has_path else ("/v1/ad-metrics", "", question)
    path = urlsplit(path).path
    if path not in _RESOURCES:
        raise typer.BadParameter(f"{path!r} must be one of: {', '.join(_RESOURCES)}", param_hint="QUESTION")
    return path, parse_qsl(query, keep_blank_values=True)


def _format_of(file: Path) -> str:
    if str(file) == "-":
        return "csv"
    ending = file.suffix.removeprefix(".").lower()
    if ending not in _ENDINGS:
        expected = ", ".join(f".{ending}" for ending in _ENDINGS)
        raise typer.BadParameter(f"{file.name!r} must end in one of: {expected}; or give --format", param_hint="FILE")
    return _ENDINGS[ending]


async def _export(settings: Settings, path: str, items: list[tuple[str, str]], file: Path) -> str:
    """Answer as the service does, write the answer, and return a description of what was written."""
    async with serving_pool(settings):
        params = await parse_items(_RESOURCES[path], items)
        format_ = _FORMATS[params.format or "csv"]
        with _complete_file(file) as out:
            if isinstance(params, ReportParameters) and isinstance(format_, Picture):
                await _write(out, await _picture(params, format_, settings))
                return "a picture"
            question = params.question(today(settings))
            async with export_snapshot(question) as current:
                opened = await open_export(question, FORMATS[format_.name], current, urlencode(items))
                try:
                    with terminal_bar("rows", opened.rows) as update:
                        async for part in encode(opened):
                            await _write(out, part)
                            update(completed=opened.rows_written)
                finally:
                    await opened.close()
    return f"{opened.rows:,} rows"


async def _picture(params: ReportParameters, picture: Picture, settings: Settings) -> bytes:
    async with snapshot() as current:
        report = await run(params.question(today(settings)), current)
    chart = chart_of(report, currency=settings.currency, **params.chart_options)
    renderer = Renderer()
    try:
        return await renderer.render(chart, picture)
    finally:
        await renderer.close()


async def _write(out: BinaryIO, content: bytes) -> None:
    remaining = memoryview(content)
    try:
        while remaining:
            remaining = remaining[await asyncio.to_thread(out.write, remaining) :]
    except OSError as error:
        # Inside a snapshot, an OSError means that the database's connection broke.
        raise FileUnwritable(f"{error.strerror or error}; what was written is incomplete.") from error


@contextmanager
def _complete_file(file: Path) -> Iterator[BinaryIO]:
    """Open a file that exists only once it is complete; standard output and devices take what comes."""
    if str(file) == "-" or (file.exists() and not file.is_file()):
        # Python's own standard output would report a second error at its end when its reader has gone.
        with FileIO(os.dup(sys.stdout.fileno()) if str(file) == "-" else file, "w") as out:
            yield out
        return
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as out:
            yield out
        part.replace(file)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()
