"""`/v1/ingests`: loads over HTTP, where `INGEST_HTTP=true`."""

import re
import shutil
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, cast
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi import Path as PathParameter
from pydantic import BeforeValidator, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from project.commands import typed
from project.errors import BodyTooLarge, Fault, InvalidRequest, LoadRefused, NoSuchThing
from project.ingest.options import Options
from project.ingest.profile import combined
from project.store.models import Ingest
from project.store.warehouse.snapshot import snapshot
from project.web.api.ingests.schemas import IngestAnswer, IngestsAnswer, QueuedIngestAnswer
from project.web.request.filter_params import NoParameters
from project.web.request.openapi import Int64, headers, query_parameters
from project.web.request.paths import url_of
from project.web.request.query_string import parse
from project.web.request.retry import RetryOnDisconnect
from project.web.request.validators import whole_number
from project.web.response.json import json_response
from project.web.response.problems import documented
from project.web.state import Loads, state_of

router = APIRouter(prefix="/v1/ingests", tags=["Ingests"], route_class=RetryOnDisconnect)

_LOST_AFTER = timedelta(minutes=2)
"""How long after its last sign of life a load counts as lost."""


class BodyParameters(NoParameters):
    """What a body does not say itself."""

    filename: str | None = Field(None, max_length=200, description="What a raw body is called.", examples=["march.csv"])


class IngestParameters(Options, BodyParameters):
    """What `POST /v1/ingests` takes: the options of `ad-metrics load`."""

    dry_run: bool = Field(False, description="Do everything but keep it.", examples=[True])
    profile: str | None = Field(
        None,
        max_length=10_000,
        description="Options that are kept, as the text of the file of `--write-profile`; other parameters win.",
        examples=['preset = "meta"'],
    )


class IngestsParameters(NoParameters):
    """What `GET /v1/ingests` takes."""

    limit: Annotated[int, Field(ge=1, le=1000), BeforeValidator(whole_number)] = Field(
        20, description="How many, newest first; by default 20.", examples=[20]
    )


@router.post(
    "",
    summary="Load files",
    status_code=202,
    response_model=QueuedIngestAnswer,
    responses=documented(422, 503, 504) | {202: {"headers": headers("Location")}},
    openapi_extra=query_parameters(IngestParameters, commas=False)
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
                # With any other type it is the same: the load reads it later.
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def ingest(request: Request) -> Response:
    """Take a file as the raw body, or several as a multipart form, and load them as one, in the background.

    Its first bytes tell its format: CSV, NDJSON (each also gzip), Parquet or xlsx. The answer has the id of the load,
    whose state and report are at `/v1/ingests/{id}`.
    """
    loads = cast("Loads", state_of(request).loads)
    try:
        params = await parse(IngestParameters, request)
        if params.profile is not None:
            combined(params.profile, "of the request", params)
    except LoadRefused as error:
        # The sentence begins with the option, as a flag or a parameter.
        name = str(error).partition(" ")[0].strip("-:").replace("-", "_")
        parameter = name if name in IngestParameters.model_fields else "options"
        raise InvalidRequest([Fault(parameter, "invalid_value", str(error))]) from error
    loads.check()
    directory = loads.directory / uuid4().hex
    directory.mkdir(parents=True, mode=0o700)
    try:
        files = await _receive(request, directory, loads.max_bytes, params.filename)
        ingest_id = await loads.start(files, params.model_dump(exclude_unset=True, exclude={"filename"}))
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    href = _href(request, ingest_id)
    entry = {"id": ingest_id, "state": "queued", "files": _names_and_sizes(files), "href": href}
    response = json_response({"data": entry})
    response.status_code, response.headers["Location"] = 202, href
    return response


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
    async with snapshot(primary=True) as current:
        rows = await Ingest.all().order_by("-id").limit(params.limit).using_db(current.using_db)
    return json_response({"data": [_entry(request, row) for row in rows]})


@router.get(
    "/{ingest_id}",
    summary="One load",
    response_model=IngestAnswer,
    responses=documented(404, 422, 503, 504),
)
async def ingest_by_id(
    request: Request, ingest_id: Annotated[Int64, PathParameter(description="The `id` of a load.", examples=[1])]
) -> Response:
    """Say how far a load is, and in the end its report: the same as of `ad-metrics load --json`."""
    await parse(NoParameters, request)
    async with snapshot(primary=True) as current:
        row = await Ingest.get_or_none(id=ingest_id, using_db=current.using_db) if 0 < ingest_id < 2**63 else None
    if row is None:
        raise NoSuchThing(f"No load has the id {ingest_id}.")
    report = {"report": row.report} if row.report else {}
    return json_response({"data": _entry(request, row) | report})


def _entry(request: Request, ingest: Ingest) -> dict[str, Any]:
    state = ingest.state
    if state in ("queued", "running") and datetime.now(UTC) - ingest.touched_at > _LOST_AFTER:
        state = "lost"
    entry = {
        "id": ingest.id,
        "state": state,
        "files": _names_and_sizes(ingest.files),
        "options": ingest.options,
        "rows_read": ingest.rows_read,
        "bytes_read": ingest.bytes_read,
        "received_at": ingest.received_at,
        "finished_at": ingest.finished_at,
        "error": ingest.error,
        "data_version": (ingest.report or {}).get("data_version"),
        "href": _href(request, ingest.id),
    }
    return {name: value for name, value in entry.items() if value is not None}


def _href(request: Request, ingest_id: int) -> str:
    return url_of(request.scope, f"{router.prefix}/{ingest_id}")


def _names_and_sizes(files: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": file["name"], "bytes": file["bytes"]} for file in files]


async def _receive(request: Request, directory: Path, max_bytes: int, filename: str | None) -> list[dict[str, Any]]:
    """Write the files of the body to the directory. Raises BodyTooLarge, and InvalidRequest for a malformed form."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    body = _limited(request, max_bytes)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        files = await _receive_form(request, body, directory)
    else:
        files = [file] if (file := await _receive_raw(body, directory, filename or "body"))["bytes"] else []
    if not files:
        raise InvalidRequest([Fault("file", "missing_parameter", "There is no file in the body.")])
    return files


async def _receive_form(request: Request, body: AsyncGenerator[bytes, None], directory: Path) -> list[dict[str, Any]]:
    try:
        form = await MultiPartParser(request.headers, body, max_files=100).parse()
    except MultiPartException as error:
        raise InvalidRequest([Fault("body", "invalid_value", f"The form cannot be read: {error.message}")]) from error
    try:
        parameters = IngestParameters.model_fields
        items = form.multi_items()
        if fields := [name for name, part in items if name in parameters or not isinstance(part, UploadFile)]:
            detail = f"A form has files only; give {fields[0]!r} in the URL, as ?{fields[0]}=…."
            raise InvalidRequest([Fault(fields[0], "unknown_parameter", detail)])
        parts = [part for _, part in items if isinstance(part, UploadFile)]
        return [await run_in_threadpool(_copy, part, directory, index) for index, part in enumerate(parts)]
    finally:
        await form.close()


async def _receive_raw(body: AsyncGenerator[bytes, None], directory: Path, filename: str) -> dict[str, Any]:
    file = _new_file(directory, 0, filename)
    written = await run_in_threadpool(Path(file["path"]).open, "wb")
    with written:
        async for chunk in body:
            await run_in_threadpool(written.write, chunk)
        file["bytes"] = written.tell()
    return file


def _copy(part: UploadFile, directory: Path, index: int) -> dict[str, Any]:
    file = _new_file(directory, index, part.filename or "body")
    with Path(file["path"]).open("wb") as written:
        shutil.copyfileobj(part.file, written, 1 << 20)
        file["bytes"] = written.tell()
    return file


def _new_file(directory: Path, index: int, name: str) -> dict[str, Any]:
    safe = re.sub(r"[^\w.\- ]", "_", name.replace("\\", "/").rpartition("/")[2])[:100].strip(". ") or "body"
    (directory / str(index)).mkdir(mode=0o700)
    return {"name": safe, "path": str(directory / str(index) / safe), "bytes": 0}


async def _limited(request: Request, max_bytes: int) -> AsyncGenerator[bytes, None]:
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > max_bytes:
            raise _too_large(max_bytes)
        yield chunk


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"A body may have {max_bytes >> 20:,} MB (INGEST_MAX_MB); load larger files with `{typed('ad-metrics load')}`.",
        unread=True,
    )
