"""`/v1/dimensions`: the labels that filters take."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import AfterValidator, Field

from project.catalog import DIMENSION_NAMES, DIMENSIONS
from project.errors import NoSuchThing
from project.query.facets import Facet, fetch_facets, plan_facets
from project.store.warehouse.snapshot import Snapshot, newest_labels, of_one_state
from project.suggestions import nearest
from project.web.api.dimensions.schemas import DimensionsAnswer, LabelsAnswer
from project.web.request.filter_params import DataParameters, RowFilterParameters
from project.web.request.openapi import CACHED, link_to, query_parameters
from project.web.request.paths import url_of
from project.web.request.query_string import parse
from project.web.request.retry import RetryOnDisconnect
from project.web.request.validators import filters_are_counted
from project.web.response.answers import respond
from project.web.response.json import json_answer, label_objects
from project.web.response.meta import data_meta, rows_meta
from project.web.response.problems import documented
from project.web.server.answer_cache import Answer
from project.web.state import state_of, today

Counts = tuple[str, Mapping[int, Facet]]
"""Where the counts of a dimension's labels come from, and the counts by id."""

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
    openapi_extra=query_parameters(DataParameters),
)
async def list_dimensions(request: Request) -> Response:
    """Name every dimension, and say how many labels it has."""
    await parse(DataParameters, request)

    async def make() -> Answer:
        labels = await newest_labels()
        data = [
            {
                "name": dimension.name,
                "description": dimension.description,
                "labels": len(labels[dimension.name].labels),
                "href": url_of(request.scope, f"{router.prefix}/{dimension.name}"),
            }
            for dimension in DIMENSIONS
        ]
        return json_answer({"data": data, "meta": data_meta(labels)}, labels)

    return await respond(request, make)


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

    async def read(current: Snapshot) -> Counts | None:
        if not params.counts:
            return None
        plan = plan_facets(name, filters, current.labels)
        return plan.source.name, await fetch_facets(plan, current)

    async def make() -> Answer:
        counts, labels = await of_one_state(read, single_statement=True)
        source, facets = counts or (None, None)
        meta = {**rows_meta(filters, labels), "source": source} if counts else data_meta(labels)
        found = labels[name].search(params.search or "")
        content = {"data": label_objects(found, facets), "meta": meta}
        return json_answer(content, labels, rows=len(found), source=source or "labels")

    return await respond(request, make, filters.date_from, filters.date_to)
