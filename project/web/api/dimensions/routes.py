"""`/v1/dimensions`: the labels that filters take."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import AfterValidator, Field

from project.catalog import DIMENSION_NAMES, DIMENSIONS
from project.errors import NoSuchThing
from project.query.facets import fetch_facets, plan_facets
from project.store.warehouse.snapshot import snapshot
from project.suggestions import nearest
from project.web.api.dimensions.schemas import DimensionsAnswer, LabelsAnswer
from project.web.request.filter_params import NoParameters, RowFilterParameters
from project.web.request.openapi import CACHED, link_to, query_parameters
from project.web.request.paths import url_of
from project.web.request.query_string import parse
from project.web.request.retry import RetryOnDisconnect
from project.web.request.validators import filters_are_counted
from project.web.response.etag import etag, not_modified
from project.web.response.json import json_response, label_objects
from project.web.response.meta import data_meta, rows_meta
from project.web.response.problems import documented
from project.web.state import log_fields, state_of, today

router = APIRouter(prefix="/v1/dimensions", tags=["Dimensions"], route_class=RetryOnDisconnect, responses=CACHED)


class LabelsParameters(RowFilterParameters):
    """What `GET /v1/dimensions/{name}` takes: filters with `counts` only."""

    search: str | None = Field(
        None, min_length=1, description="Only labels that contain this text, in any case.", examples=["cal"]
    )
    counts: Annotated[bool, AfterValidator(filters_are_counted)] = Field(
        False,
        description="Add how many facts, impressions and how much cost each label has under the filters.",
        validate_default=True,
        examples=[True],
    )


@router.get(
    "",
    summary="The dimensions",
    responses=documented(422, 503, 504) | link_to("list_labels", "name", "/data/0/name"),
    response_model=DimensionsAnswer,
)
async def list_dimensions(request: Request) -> Response:
    """Name every dimension, and say how many labels it has."""
    await parse(NoParameters, request)
    async with snapshot() as current:
        tag = etag(request, current.version)
        if unchanged := not_modified(request, tag):
            return unchanged
    data = [
        {
            "name": dimension.name,
            "description": dimension.description,
            "labels": len(current.labels[dimension.name].labels),
            "href": url_of(request.scope, f"{router.prefix}/{dimension.name}"),
        }
        for dimension in DIMENSIONS
    ]
    return json_response({"data": data, "meta": data_meta(current.labels)}, tag)


@router.get(
    "/{name}",
    summary="The labels of a dimension",
    response_model=LabelsAnswer,
    responses=documented(404, 422, 503, 504),
    openapi_extra=query_parameters(LabelsParameters),
)
async def list_labels(
    request: Request,
    name: Annotated[str, Path(description="The dimension.", json_schema_extra={"enum": list(DIMENSION_NAMES)})],
) -> Response:
    """Give the labels of one dimension with their ids, in alphabetical order; ages in their own.

    With `counts` also how many facts, impressions and how much cost each has under the filters.
    """
    params = await parse(LabelsParameters, request)
    if name not in DIMENSION_NAMES:
        raise NoSuchThing(
            f"No dimension is called {name!r}; there are {', '.join(DIMENSION_NAMES)}.", nearest(name, DIMENSION_NAMES)
        )
    filters = params.filters(today(state_of(request).settings))
    async with snapshot() as current:
        tag = etag(request, current.version, filters.date_from, filters.date_to)
        if unchanged := not_modified(request, tag):
            return unchanged
        meta = data_meta(current.labels)
        facets = None
        if params.counts:
            plan = plan_facets(name, filters, current.labels)
            facets = await fetch_facets(plan, current)
            meta = {**rows_meta(filters, current.labels), "source": plan.source.name}
    found = current.labels[name].search(params.search or "")
    log_fields(request, rows=len(found), source=meta.get("source", "labels"))
    return json_response({"data": label_objects(found, facets), "meta": meta}, tag)
