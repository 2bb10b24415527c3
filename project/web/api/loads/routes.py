"""`/v1/loads`: what was loaded, and when."""

from fastapi import APIRouter, Request, Response

from project.query.loads import fetch_loads, id_of_cursor, newest_load
from project.store.warehouse.snapshot import snapshot
from project.web.api.loads.schemas import Load, LoadsAnswer
from project.web.request.filter_params import PageParameters
from project.web.request.openapi import CACHED, query_parameters
from project.web.request.query_string import parse
from project.web.request.retry import RetryOnDisconnect
from project.web.response.etag import etag, not_modified, question_digest
from project.web.response.json import json_response
from project.web.response.meta import data_meta
from project.web.response.problems import documented
from project.web.state import log_fields

router = APIRouter(prefix="/v1/loads", tags=["Changes"], route_class=RetryOnDisconnect, responses=CACHED)

_FIELDS = tuple(Load.model_fields)


@router.get(
    "",
    summary="What was loaded, newest first",
    response_model=LoadsAnswer,
    responses=documented(422, 503, 504),
    openapi_extra=query_parameters(PageParameters),
)
async def list_loads(request: Request) -> Response:
    """Give the loads that landed, also those that changed nothing: their files, counts and data versions."""
    params = await parse(PageParameters, request)
    before = id_of_cursor(params.cursor) if params.cursor else None
    async with snapshot() as current:
        tag = etag(current.version, question_digest(request, await newest_load(current)))
        if unchanged := not_modified(request, tag):
            return unchanged
        page = await fetch_loads(params.limit, before, current)
    log_fields(request, rows=len(page.loads), source="loads")
    content = {
        "data": [{name: getattr(load, name) for name in _FIELDS} for load in page.loads],
        "page": {"limit": params.limit, "next_cursor": page.next_cursor},
        "meta": data_meta(current.labels),
    }
    return json_response(content, tag)
