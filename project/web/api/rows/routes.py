"""`/v1/ad-metrics`: rows of facts."""

from contextlib import AsyncExitStack
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from project.export.formats import FORMATS, Format
from project.export.row_batches import RowsTable, blocks_of, rows_schema
from project.query.rows import RowsQuestion, count_rows, fetch_row, fetch_rows, plan_rows
from project.store.warehouse.snapshot import long_snapshot, snapshot
from project.web.api.rows.params import RowsParameters
from project.web.clock import today
from project.web.middleware.access_log import note
from project.web.request.filter_params import NoParameters
from project.web.request.negotiation import media_types, with_format
from project.web.request.query_string import documented_parameters, parse, parse_values
from project.web.request.retry import ReadAgain
from project.web.response.etag import etag, not_modified
from project.web.response.file_stream import FileResponse, begun, coding_of, file_name, told_in_file
from project.web.response.json import json_response, row_objects
from project.web.response.meta import data_meta, rows_meta
from project.web.response.problems import documented, leading_to
from project.web.response.schemas import RowAnswer, RowsAnswer

router = APIRouter(prefix="/v1/ad-metrics", tags=["Rows"], route_class=ReadAgain)

LARGEST_ID = 2**63 - 1


@router.get(
    "",
    summary="Facts, filtered and sorted, page by page",
    response_model=RowsAnswer,
    responses=documented(422, 503, 504)
    | {200: leading_to("one_row", "id", "/data/0/id")[200] | {"content": media_types(FORMATS)}},
    openapi_extra=documented_parameters(RowsParameters),
)
async def list_rows(request: Request) -> Response:
    """Give the facts that match all filters: one row a day and combination of dimensions.

    Lists repeat the parameter or use commas (`platform=facebook,instagram`); labels match in any case.
    """
    params = await parse_values(RowsParameters, with_format(request, FORMATS))
    question = params.question(today(request))
    if kind := FORMATS.get(params.format or "json"):
        return await _file(request, params, question, kind)
    async with snapshot() as seen:
        tag = etag(request, seen.version, question.filters.date_from, question.filters.date_to)
        if unchanged := not_modified(request, tag):
            return unchanged
        page = await fetch_rows(plan_rows(question, seen.labels), seen)
    note(request, rows=len(page.records), source="facts")
    position = {"limit": question.limit, "next_cursor": page.next_cursor}
    if page.count is not None:
        position["count"] = page.count
    content = {
        "data": row_objects(page, seen.labels, params.fields),
        "page": position,
        "meta": rows_meta(question.filters, seen.labels),
    }
    return json_response(content, tag)


@router.get("/{id}", summary="One fact", response_model=RowAnswer, responses=documented(404, 422, 503, 504))
async def one_row(
    request: Request,
    id: Annotated[int, Path(ge=1, le=LARGEST_ID, description="The `id` of a row.", examples=[1])],  # noqa: A002
) -> Response:
    """Give one fact, its dimensions as objects with their numbers."""
    await parse(NoParameters, request)
    async with snapshot() as seen:
        tag = etag(request, seen.version)
        if unchanged := not_modified(request, tag):
            return unchanged
        page = await fetch_row(id, seen)
    [row] = row_objects(page, seen.labels)
    return json_response({"data": row, "meta": data_meta(seen.labels)}, tag)


async def _file(request: Request, params: RowsParameters, question: RowsQuestion, kind: Format) -> Response:
    """Answer with all rows, or the first `limit`, in a format; the first of them are read before it is answered."""
    coding = coding_of(request, kind)
    limit = params.given_limit
    async with AsyncExitStack() as stack:
        seen = await stack.enter_async_context(long_snapshot())
        filters = question.filters
        tag = etag(request, seen.version, filters.date_from, filters.date_to, kind.name, coding)
        if unchanged := not_modified(request, tag):
            return unchanged
        plan = plan_rows(question, seen.labels)
        count = await count_rows(plan, seen)
        meta = rows_meta(filters, seen.labels)
        table = RowsTable(rows_schema(params.fields, told_in_file(request, meta)), seen.labels)
        copied = blocks_of(plan, limit, seen)
        stack.push_async_callback(copied.aclose)
        blocks = await begun(copied)
        rows = count if limit is None else min(count, limit)
        note(request, rows=rows, source="facts", format=kind.name)
        return FileResponse(kind, coding, file_name((), meta), table, blocks, rows, tag, stack.pop_all())
