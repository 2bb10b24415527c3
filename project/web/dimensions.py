"""`/v1/dimensions`: the labels that filters take."""

from fastapi import APIRouter, Request, Response

from project.catalog import DIMENSIONS
from project.errors import NoSuchThing
from project.store.labels import nearest
from project.store.snapshot import snapshot
from project.web.conditional import etag, not_modified
from project.web.encode import json_response
from project.web.meta import data_meta
from project.web.params import NoParameters, SearchParameters
from project.web.parse import documented_parameters, parse
from project.web.problems import documented
from project.web.schemas import DimensionsAnswer, LabelsAnswer

router = APIRouter(prefix="/v1/dimensions", tags=["Dimensions"])

_NAMES = tuple(dimension.name for dimension in DIMENSIONS)


@router.get("", summary="The dimensions", responses=documented(422, 503), response_model=DimensionsAnswer)
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
    responses=documented(404, 422, 503),
    openapi_extra=documented_parameters(SearchParameters),
)
async def list_labels(request: Request, name: str) -> Response:
    """Give the labels of one dimension with their numbers, in alphabetical order."""
    params = await parse(SearchParameters, request)
    if name not in _NAMES:
        raise NoSuchThing(f"No dimension is called {name!r}; there are {', '.join(_NAMES)}.", nearest(name, _NAMES))
    async with snapshot() as seen:
        tag = etag(request, seen.version)
        if unchanged := not_modified(request, tag):
            return unchanged
    found = seen.labels[name].search(params.search or "")
    data = [{"id": number, "label": label} for number, label in found.items()]
    return json_response({"data": data, "meta": data_meta(seen.labels)}, tag)
