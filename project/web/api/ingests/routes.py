"""`/v1/ingests`: loads over HTTP. There only where `INGEST_HTTP=true`."""

import re
import shutil
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from pydantic import BeforeValidator, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from project.errors import BodyTooLarge, Fault, InvalidRequest, LoadRefused, NoSuchThing
from project.store.models import Ingest
from project.store.warehouse.snapshot import snapshot
from project.web.api.ingests.schemas import IngestAnswer, IngestsAnswer
from project.web.request.filter_params import NoParameters
from project.web.request.openapi import query_parameters
from project.web.request.query_string import parse
from project.web.request.validators import whole_number
from project.web.response.json import dumps
from project.web.response.problems import documented
from project.web.state import Loads, state_of

router = APIRouter(prefix="/v1/ingests", tags=["Ingests"])

_LOST = timedelta(minutes=2)
"""How long after its last sign a load is taken for lost."""


_NO_FILE = Fault("file", "missing_parameter", "There is no file in the body.")


class IngestParameters(NoParameters):
    """What `POST /v1/ingests` takes: the options of `ad-metrics load`."""

    filename: str | None = Field(None, max_length=200, description="What a raw body is called.", examples=["march.csv"])
    preset: str | None = Field(None, description="Whose export it is; by default guessed.", examples=["canonical"])
    map: list[str] = Field(
        default_factory=list, description="The column of a field: `region=Country`.", examples=["region=Country"]
    )
    set: list[str] = Field(default_factory=list, description="One value of a field for all rows.", examples=["likes=0"])
    date_format: str | None = Field(
        None, description="How dates are written, as strptime has it.", examples=["%m/%d/%Y"]
    )
    decimal_comma: bool | None = Field(None, description="Whether numbers are written 1.234,5.", examples=["false"])
    encoding: str | None = Field(None, description="Of text that is not UTF-8 or UTF-16.", examples=["latin-1"])
    currency: str | None = Field(None, description="Of amounts that do not say it.", examples=["USD"])
    blank: list[str] = Field(
        default_factory=list, description="What a blank cell of a measure counts as.", examples=["conversions=0"]
    )
    round: list[str] = Field(
        default_factory=list, description="Measures to round where they cannot be kept.", examples=["conversions"]
    )
    stream: str | None = Field(None, description="Which stream of records of several.", examples=["ads_insights"])
    sheet: str | None = Field(None, description="Which sheet of a workbook of several.", examples=["Report"])
    on_duplicate: Literal["sum", "error"] = Field(
        "sum", description="What to do with rows of the same natural key.", examples=["sum"]
    )
    replace: bool = Field(
        False, description="Also remove facts, of the files' dates and platforms, that they lack.", examples=["false"]
    )
    max_rejects: str = Field(
        "0", description="Load all the same when so many rows, or `N%`, cannot be read.", examples=["1%"]
    )
    dry_run: bool = Field(False, description="Do everything but keep it.", examples=["true"])


class IngestsParameters(NoParameters):
    """What `GET /v1/ingests` takes."""

    limit: Annotated[int, BeforeValidator(whole_number)] = Field(
        20, ge=1, le=1000, description="How many, newest first.", examples=[20]
    )


class _TooLarge(Exception):
    pass


@router.post(
    "",
    summary="Load files",
    status_code=202,
    response_model=IngestAnswer,
    responses=documented(413, 422, 503, 504),
    openapi_extra=query_parameters(IngestParameters)
    | {
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                    }
                },
                # Whatever is sent is text; what it says is judged by the load.
                "text/csv": {"schema": {}},
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def ingest(request: Request) -> Response:
    """Take a file as the raw body, or several as a multipart form, and load them as one, in the background.

    What it is, its first bytes say: CSV, NDJSON (each also gzip), Parquet or xlsx. The answer is the number under
    which the load's state and report are found.
    """
    loads = cast("Loads", state_of(request).loads)
    params = await parse(IngestParameters, request)
    given = params.model_dump(exclude_unset=True, exclude={"filename"})
    try:
        loads.check(given)
    except LoadRefused as error:
        raise InvalidRequest([Fault("options", "invalid_value", str(error))]) from error
    directory = loads.directory / uuid4().hex
    directory.mkdir(parents=True, mode=0o700)
    try:
        files = await _received(request, directory, loads.most_bytes, params.filename)
        number = await loads.start(files, given)
    except _TooLarge:
        shutil.rmtree(directory, ignore_errors=True)
        detail = (
            f"A body may have {loads.most_bytes >> 20:,} MB (INGEST_MAX_MB); load larger files with `ad-metrics load`."
        )
        raise BodyTooLarge(detail) from None
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    entry = {"id": number, "state": "queued", "files": [{"name": one["name"], "bytes": one["bytes"]} for one in files]}
    content = dumps({"data": {**entry, "href": f"/v1/ingests/{number}"}})
    return Response(content, 202, {"Location": f"/v1/ingests/{number}"}, "application/json")


@router.get(
    "",
    summary="Loads that were asked for over HTTP",
    response_model=IngestsAnswer,
    responses=documented(422, 503, 504),
    openapi_extra=query_parameters(IngestsParameters),
)
async def ingests(request: Request) -> Response:
    """List the newest loads, without their reports."""
    params = await parse(IngestsParameters, request)
    async with snapshot() as current:
        found = await Ingest.all().order_by("-id").limit(params.limit).using_db(current.using_db)
    return Response(dumps({"data": [_entry(one) for one in found]}), media_type="application/json")


@router.get(
    "/{ingest_id}",
    summary="One load",
    response_model=IngestAnswer,
    responses=documented(404, 422, 503, 504),
)
async def ingest_by_id(request: Request, ingest_id: int) -> Response:
    """Say how far a load is, and in the end its report: the same as of `ad-metrics load --json`."""
    await parse(NoParameters, request)
    async with snapshot() as current:
        found = await Ingest.get_or_none(id=ingest_id, using_db=current.using_db) if 0 < ingest_id < 2**63 else None
    if found is None:
        raise NoSuchThing(f"No load has the number {ingest_id}.")
    report = {"report": found.report} if found.report else {}
    return Response(dumps({"data": _entry(found) | report}), media_type="application/json")


def _entry(ingest: Ingest) -> dict[str, Any]:
    state = ingest.state
    if state in ("queued", "running") and datetime.now(UTC) - ingest.touched_at > _LOST:
        state = "lost"
    entry = {
        "id": ingest.id,
        "state": state,
        "files": [{"name": file["name"], "bytes": file["bytes"]} for file in ingest.files],
        "options": ingest.options,
        "rows_read": ingest.rows_read,
        "bytes_read": ingest.bytes_read,
        "received_at": ingest.received_at,
        "finished_at": ingest.finished_at,
        "error": ingest.error,
        "href": f"/v1/ingests/{ingest.id}",
    }
    return {name: value for name, value in entry.items() if value is not None}


async def _received(request: Request, directory: Path, most_bytes: int, filename: str | None) -> list[dict[str, Any]]:
    """Write the body's files to the directory. Raises _TooLarge, and InvalidRequest for a form that is none."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most_bytes:
        raise _TooLarge
    body = _limited(request, most_bytes)
    try:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            form = await MultiPartParser(request.headers, body, max_files=100).parse()
            parts = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
            files = [await run_in_threadpool(_kept, part, directory, place) for place, part in enumerate(parts)]
            await form.close()
            if not files:
                raise InvalidRequest([_NO_FILE])
            return files
        file = _described(directory, 0, filename or "body")
        written = await run_in_threadpool(Path(file["path"]).open, "wb")
        with written:
            async for chunk in body:
                await run_in_threadpool(written.write, chunk)
            file["bytes"] = written.tell()
    except MultiPartException as error:
        raise InvalidRequest([Fault("body", "invalid_value", f"The form cannot be read: {error.message}")]) from error
    if not file["bytes"]:
        raise InvalidRequest([_NO_FILE])
    return [file]


def _kept(part: UploadFile, directory: Path, place: int) -> dict[str, Any]:
    file = _described(directory, place, part.filename or "body")
    with Path(file["path"]).open("wb") as written:
        shutil.copyfileobj(part.file, written, 1 << 20)
        file["bytes"] = written.tell()
    return file


def _described(directory: Path, place: int, name: str) -> dict[str, Any]:
    shown = re.sub(r"[^\w.\- ]", "_", name.replace("\\", "/").rpartition("/")[2])[:100].strip(". ") or "body"
    (directory / str(place)).mkdir(mode=0o700)
    return {"name": shown, "path": str(directory / str(place) / shown), "bytes": 0}


async def _limited(request: Request, most_bytes: int) -> AsyncGenerator[bytes, None]:
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > most_bytes:
            raise _TooLarge
        yield chunk
