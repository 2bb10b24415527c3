"""`ad-metrics export`: the answer to a question as a file, the same that the API gives."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, BinaryIO
from urllib.parse import parse_qsl, urlencode, urlsplit

import typer
from fastapi import Request, Response
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from starlette.types import Message
from tortoise import Tortoise

from project.charts.renderer import PICTURES, Drawing
from project.cli.exit_codes import exit_codes
from project.errors import FileUnwritable, InvalidRequest
from project.export.formats import FORMATS
from project.settings import Settings, get_settings
from project.store.postgres.connections import serving_config
from project.store.warehouse import labels
from project.web.api.reports.routes import report
from project.web.api.rows.routes import list_rows
from project.web.response.file_stream import FileResponse

app = typer.Typer(add_completion=False)

_RESOURCES = {"/v1/ad-metrics": list_rows, "/v1/reports": report}
_ENDINGS = (
    {one.extension: one.name for one in FORMATS.values()} | {"arrow": "arrow"} | {name: name for name in PICTURES}
)


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
    file: Annotated[Path, typer.Argument(help="Where to; the ending says the format. - is standard output, as CSV.")],
    format_: Annotated[
        str | None, typer.Option("--format", metavar="|".join((*FORMATS, *PICTURES)), help="Whatever the ending is.")
    ] = None,
) -> None:
    """Write rows or a report to a file: csv, ndjson, parquet, arrow (arrows), and for reports svg or png."""
    path, query = _split(question)
    kind = format_ or dict(query).get("format") or _ending(file)
    if kind == "json":
        raise typer.BadParameter("json is for pages; a file of objects is ndjson", param_hint="--format")
    asked = urlencode([*((name, value) for name, value in query if name != "format"), ("format", kind)])
    with exit_codes():
        try:
            written = asyncio.run(_exported(get_settings(), path, asked, file))
        except InvalidRequest as error:
            for fault in error.faults:
                meant = f" Perhaps: {', '.join(map(str, fault.suggestions))}." if fault.suggestions else ""
                print(f"{fault.parameter}: {fault.detail}{meant}", file=sys.stderr)
            raise typer.Exit(1) from error
    print(f"{written} to {file}", file=sys.stderr)


def _split(question: str) -> tuple[str, list[tuple[str, str]]]:
    whole = question.startswith(("/", "http://", "https://"))
    path, _, query = question.partition("?") if whole else ("/v1/ad-metrics", "", question)
    path = urlsplit(path).path
    if path not in _RESOURCES:
        raise typer.BadParameter(f"{path!r} is none of: {', '.join(_RESOURCES)}", param_hint="QUESTION")
    return path, parse_qsl(query, keep_blank_values=True)


def _ending(file: Path) -> str:
    if str(file) == "-":
        return "csv"
    ending = file.suffix.removeprefix(".").lower()
    if ending not in _ENDINGS:
        expected = ", ".join(f".{ending}" for ending in _ENDINGS)
        raise typer.BadParameter(f"{file.name!r} ends in none of: {expected}; or give --format", param_hint="FILE")
    return _ENDINGS[ending]


async def _exported(settings: Settings, path: str, query: str, file: Path) -> str:
    """Answer as the service would, and write the answer; returns what was written, in words."""
    async with _reading(settings) as state:
        request = Request(
            {
                "type": "http",
                "method": "GET",
                "path": path,
                "query_string": query.encode(),
                "headers": [],
                "app": SimpleNamespace(state=state),
                "observed": {},
            }
        )
        with _whole(file) as out:
            answer = await _RESOURCES[path](request)
            if isinstance(answer, FileResponse):
                answer.patience = None  # whoever reads may take his time
            with _progress_bar(answer) as told:
                await _write(answer, request, out, told)
    count = answer.headers.get("x-row-count")
    return f"{int(count):,} rows" if count else "a picture"


@asynccontextmanager
async def _reading(settings: Settings) -> AsyncIterator[SimpleNamespace]:
    """Yield the state of a service that only reads."""
    await Tortoise.init(config=serving_config(settings))
    labels.forget()
    state = SimpleNamespace(settings=settings, drawing=Drawing())
    try:
        yield state
    finally:
        await state.drawing.close()
        await Tortoise.close_connections()


async def _write(answer: Response, request: Request, out: BinaryIO, told: Any) -> None:
    async def receive() -> Message:
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if body := message.get("body"):
            try:
                await asyncio.to_thread(_write_all, out, body)
            except OSError as error:
                # An error of the system would be taken for one of the database's connection.
                raise FileUnwritable(f"{error.strerror or error}; what was written is not whole.") from error
        told()

    await answer(request.scope, receive, send)


def _write_all(out: BinaryIO, body: bytes) -> None:
    left = memoryview(body)
    while left:
        left = left[out.write(left) :]


@contextmanager
def _whole(file: Path) -> Iterator[BinaryIO]:
    """Open a file that is there only once it is whole; standard output and devices take what comes."""
    if str(file) == "-":
        # Not Python's own, which would complain once more at its end when nobody reads.
        with os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0) as out:
            yield out
        return
    if file.exists() and not file.is_file():
        with file.open("wb", buffering=0) as out:
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


@contextmanager
def _progress_bar(answer: Response) -> Iterator[Any]:
    """Yield what is to be called now and then; on a terminal it shows how far the file is."""
    if not sys.stderr.isatty() or not isinstance(answer, FileResponse):
        yield lambda: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("rows", total=int(answer.headers["x-row-count"]))
        yield lambda: bar.update(task, completed=answer.rows_written)
