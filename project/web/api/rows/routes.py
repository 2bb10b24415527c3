"""`/v1/ad-metrics`: rows of facts."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from project.export.formats import FORMATS
from project.query.rows import Page, fetch_row, fetch_rows, plan_rows
from project.store.warehouse.snapshot import Snapshot, of_one_state
from project.web.api.rows.params import RowsParameters
from project.web.api.rows.schemas import RowAnswer, RowsAnswer
from project.web.request.filter_params import DataParameters
from project.web.request.negotiation import with_format
from project.web.request.openapi import CACHED, FILE, Int64, file_parameters, link_to, query_parameters
from project.web.request.query_string import parse, parse_items
from project.web.request.retry import RetryOnDisconnect
from project.web.response.answers import respond
from project.web.response.file_stream import file_response
from project.web.response.json import json_answer, row_objects
from project.web.response.meta import data_meta, rows_meta
from project.web.response.problems import documented
from project.web.server.answer_cache import Answer
from project.web.state import state_of, today

router = APIRouter(prefix="/v1/ad-metrics", tags=["Rows"], route_class=RetryOnDisconnect, responses=CACHED)


@router.get(
    "",
    summary="Facts, filtered and sorted, page by page",
    response_model=RowsAnswer,
    responses=documented(422, 503, 504) | link_to("one_row", "id", "/data/0/id"),
    openapi_extra=query_parameters(RowsParameters, without=("format",)),
)
@router.get(
    ".{format}",
    name="rows_file",
    summary="Facts, filtered and sorted, as a file",
    description="Give all the facts that match, or the first `limit`. `/v1/ad-metrics?format=csv` is the same.",
    response_class=Response,
    responses=documented(422, 503, 504) | FILE,
    openapi_extra=file_parameters(RowsParameters, FORMATS),
)
async def list_rows(request: Request) -> Response:
    """Give the facts that match all filters: one row a day and combination of dimensions.

    Lists repeat the parameter or use commas (`platform=facebook,instagram`); labels match in any case. The answer is
    JSON, unless `format` or `Accept` names a file's format: `/v1/ad-metrics.{format}` describes those.
    """
    params = await parse_items(RowsParameters, with_format(request, FORMATS))
    question = params.question(today(state_of(request).settings))
    if format_ := FORMATS.get(params.format or "json"):
        return await file_response(request, question, format_)

    async def read(current: Snapshot) -> Page:
        return await fetch_rows(plan_rows(question, current.labels), current)

    async def make() -> Answer:
        page, labels = await of_one_state(read, single_statement=question.is_single_statement)
        position = {"limit": question.limit, "next_cursor": page.next_cursor}
        if page.count is not None:
            position["count"] = page.count
        content = {
            "data": row_objects(page, labels, question.fields),
            "page": position,
            "meta": rows_meta(question.filters, labels),
        }
        return json_answer(content, labels, rows=len(page.records), source="facts")

    return await respond(request, make, *question.etag_inputs)


@router.get(
    "/{id}",
    summary="One fact",
    response_model=RowAnswer,
    responses=documented(404, 422, 503, 504),
    openapi_extra=query_parameters(DataParameters),
)
async def one_row(
    request: Request,
    id: Annotated[Int64, Path(ge=1, le=2**63 - 1, description="The `id` of a row.", examples=[1])],  # noqa: A002
) -> Response:
    """Give one fact, its dimensions as objects with their ids."""
    await parse(DataParameters, request)

    async def make() -> Answer:
        page, labels = await of_one_state(partial(fetch_row, id))
        [row] = row_objects(page, labels)
        return json_answer({"data": row, "meta": data_meta(labels)}, labels)

    return await respond(request, make)
