"""`/v1/dimensions`: the labels that filters take."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, Field

from project.catalog import DIMENSIONS
from project.errors import NoSuchThing
from project.query.facets import fetch_facets, plan_facets
from project.store.warehouse.labels import nearest
from project.store.warehouse.snapshot import snapshot
from project.web.clock import today
from project.web.middleware.access_log import note
from project.web.request.filter_params import NoParameters, RowFilterParameters
from project.web.request.query_string import documented_parameters, parse
from project.web.request.retry import ReadAgain
from project.web.request.validators import filters_are_counted
from project.web.response.etag import etag, not_modified
from project.web.response.json import json_response, label_objects
from project.web.response.meta import data_meta, rows_meta
from project.web.response.problems import documented, leading_to
from project.web.response.schemas import DimensionsAnswer, LabelsAnswer

router = APIRouter(prefix="/v1/dimensions", tags=["Dimensions"], route_class=ReadAgain)

_NAMES = tuple(dimension.name for dimension in DIMENSIONS)


class LabelsParameters(RowFilterParameters):
    """What `GET /v1/dimensions/{name}` takes: filters with `counts` only."""

    search: str | None = Field(
        None, min_length=1, description="Only labels that contain this text, in any case.", examples=["cal"]
    )
    counts: Annotated[bool, AfterValidator(filters_are_counted)] = Field(
        False,
        description="Add how many facts, impressions and how much cost each label has under the filters.",
        validate_default=True,
        examples=["true"],
    )


@router.get(
    "",
    summary="The dimensions",
    responses=documented(422, 503, 504) | leading_to("list_labels", "name", "/data/0/name"),
    response_model=DimensionsAnswer,
)
async def list_dimensions(request: Request) -> Response:
    """Name every dimension, and say how many labels it has."""
    await parse(NoParameters, request)
    async with snapshot() as seen:
        tag = etag(request, seen.version)
        if unchanged := not_modified(request, tag):
            return unchanged
    data = [
        {
            "name": dimension.name,
            "description": dimension.description,
            "labels": len(seen.labels[dimension.name].names),
            "href": f"{router.prefix}/{dimension.name}",
        }
        for dimension in DIMENSIONS
    ]
    return json_response({"data": data, "meta": data_meta(seen.labels)}, tag)


@router.get(
    "/{name}",
    summary="The labels of a dimension",
    response_model=LabelsAnswer,
    responses=documented(404, 422, 503, 504),
    openapi_extra=documented_parameters(LabelsParameters),
)
async def list_labels(request: Request, name: str) -> Response:
    """Give the labels of one dimension with their numbers, in alphabetical order.

    With `counts` also how many facts, impressions and how much cost each has under the filters.
    """
    params = await parse(LabelsParameters, request)
    if name not in _NAMES:
        raise NoSuchThing(f"No dimension is called {name!r}; there are {', '.join(_NAMES)}.", nearest(name, _NAMES))
    filters = params.filters(today(request))
    async with snapshot() as seen:
        tag = etag(request, seen.version, filters.date_from, filters.date_to)
        if unchanged := not_modified(request, tag):
            return unchanged
        meta = data_meta(seen.labels)
        facets = None
        if params.counts:
            plan = plan_facets(name, filters, seen.labels)
            facets = await fetch_facets(plan, seen)
            meta = {**rows_meta(filters, seen.labels), "source": plan.source.name}
    found = seen.labels[name].search(params.search or "")
    note(request, rows=len(found), source=meta.get("source", "labels"))
    return json_response({"data": label_objects(found, facets), "meta": meta}, tag)
