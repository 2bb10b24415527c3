"""`/v1/ad-metrics`: rows of facts."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from project.query.rows import fetch_row, fetch_rows, plan_rows
from project.store.snapshot import snapshot
from project.web.again import ReadAgain
from project.web.clock import today
from project.web.conditional import etag, not_modified
from project.web.encode import json_response, row_objects
from project.web.meta import data_meta, rows_meta
from project.web.middleware.observed import note
from project.web.params import NoParameters
from project.web.parse import documented_parameters, parse
from project.web.problems import documented, leading_to
from project.web.rows_params import RowsParameters
from project.web.schemas import RowAnswer, RowsAnswer

router = APIRouter(prefix="/v1/ad-metrics", tags=["Rows"], route_class=ReadAgain)

LARGEST_ID = 2**63 - 1


@router.get(
    "",
    summary="Facts, filtered and sorted, page by page",
    response_model=RowsAnswer,
    responses=documented(422, 503, 504) | leading_to("one_row", "id", "/data/0/id"),
    openapi_extra=documented_parameters(RowsParameters),
)
async def list_rows(request: Request) -> Response:
    """Give the facts that match all filters: one row a day and combination of dimensions.

    Lists repeat the parameter or use commas (`platform=facebook,instagram`); labels match in any case.
    """
    params = await parse(RowsParameters, request)
    question = params.question(today(request))
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
