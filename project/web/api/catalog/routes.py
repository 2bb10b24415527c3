"""`/v1/catalog`: everything that can be asked for."""

from fastapi import APIRouter, Request, Response

from project.catalog import DATE_PRESETS, DIMENSIONS, FORMULAS, GRAINS, MEASURES
from project.catalog.comparisons import COMPARISONS
from project.query.reports.limits import LARGEST_GROUPS
from project.store.warehouse.snapshot import newest_labels
from project.web.api.catalog.schemas import CatalogAnswer
from project.web.request.filter_params import LARGEST_LIMIT, DataParameters, PageParameters
from project.web.request.openapi import CACHED, query_parameters
from project.web.request.query_string import parse
from project.web.request.retry import RetryOnDisconnect
from project.web.response.answers import respond
from project.web.response.json import json_answer
from project.web.response.meta import data_meta
from project.web.response.problems import documented
from project.web.server.answer_cache import Answer
from project.web.state import state_of, today

router = APIRouter(prefix="/v1/catalog", tags=["Catalogue"], route_class=RetryOnDisconnect, responses=CACHED)


@router.get(
    "",
    summary="Dimensions, metrics, presets and limits",
    response_model=CatalogAnswer,
    responses=documented(422, 503, 504),
    openapi_extra=query_parameters(DataParameters),
)
async def catalog(request: Request) -> Response:
    """Say what can be asked for: dimensions, metrics with unit and formula, presets, limits, the days there are."""
    await parse(DataParameters, request)
    settings = state_of(request).settings
    day = today(settings)

    async def make() -> Answer:
        labels = await newest_labels()
        presets = {name: preset(day) for name, preset in DATE_PRESETS.items()}
        data = {
            "dimensions": [
                {"name": dimension.name, "description": dimension.description, "example": dimension.example}
                for dimension in DIMENSIONS
            ],
            "metrics": [
                {
                    "name": metric.name,
                    "kind": kind,
                    "unit": metric.unit,
                    "description": metric.description,
                    "formula": getattr(metric, "expression", None),
                }
                for kind, metrics in (("measure", MEASURES), ("formula", FORMULAS))
                for metric in metrics
            ],
            "date_grains": [{"name": grain.name, "description": grain.description} for grain in GRAINS.values()],
            "comparisons": list(COMPARISONS),
            "date_presets": [
                {"name": name, "date_from": first, "date_to": last} for name, (first, last) in presets.items()
            ],
            "limits": {
                "default_limit": PageParameters.model_fields["limit"].default,
                "largest_limit": LARGEST_LIMIT,
                "largest_groups": LARGEST_GROUPS,
            },
            "currency": settings.currency,
            "timezone": settings.timezone,
            "first_date": labels.first_date,
            "last_date": labels.last_date,
        }
        return json_answer({"data": data, "meta": data_meta(labels)}, labels)

    return await respond(request, make, day)
