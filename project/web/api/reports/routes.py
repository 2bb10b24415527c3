"""`/v1/reports`: facts grouped, summed, compared."""

from collections.abc import Mapping
from functools import partial

from fastapi import APIRouter, Request, Response

from project.charts.chart import chart_of
from project.charts.renderer import PICTURES, Picture
from project.export.formats import FORMATS, Format
from project.query.reports.fetch import Estimate, explain_report
from project.query.reports.plan import ReportPlan
from project.query.reports.run import plan_as_of, run
from project.store.warehouse.snapshot import Snapshot, of_one_state
from project.web.api.reports.params import ReportParameters
from project.web.api.reports.schemas import PlanAnswer, ReportAnswer
from project.web.request.negotiation import with_format
from project.web.request.openapi import CACHED, FILE, file_parameters, query_parameters
from project.web.request.query_string import parse, parse_items
from project.web.request.retry import RetryOnDisconnect
from project.web.response.answers import respond
from project.web.response.file_stream import file_response
from project.web.response.image import image_answer
from project.web.response.json import json_answer, report_content
from project.web.response.meta import data_meta
from project.web.response.problems import documented
from project.web.server.answer_cache import Answer
from project.web.state import state_of, today

router = APIRouter(prefix="/v1/reports", tags=["Reports"], route_class=RetryOnDisconnect, responses=CACHED)

_OF_FILES = ("format", "chart", "width", "caption")
_FORMATS: Mapping[str, Format | Picture] = {**FORMATS, **PICTURES}


@router.get(
    "",
    summary="Facts grouped, summed, compared",
    response_model=ReportAnswer,
    responses=documented(422, 503, 504),
    openapi_extra=query_parameters(ReportParameters, without=_OF_FILES),
)
@router.get(
    ".{format}",
    name="report_file",
    summary="Facts grouped, summed, compared, as a file or a chart",
    description="Give all the groups, or the first `limit`. `svg`, `png` and `vega` are charts, which name `limit` "
    "groups and sum the others; `vega` is their definition, as Vega-Lite, with the data. `/v1/reports?format=csv` "
    "is the same.",
    response_class=Response,
    responses=documented(422, 503, 504) | FILE,
    openapi_extra=file_parameters(ReportParameters, _FORMATS),
)
async def report(request: Request) -> Response:
    """Group the facts that match all filters, and give each group's metrics.

    Formulas are ratios of sums, at every level, and null where the denominator is 0. `min_…` and `max_…` bound the
    metrics of groups. A report of more groups than the catalogue's `limits` say is refused, never cut off. The answer
    is JSON, unless `format` or `Accept` names a file's format: `/v1/reports.{format}` describes those.
    """
    params = await parse_items(ReportParameters, with_format(request, _FORMATS))
    question = params.question(today(state_of(request).settings))
    format_ = _FORMATS.get(params.format or "json")
    if isinstance(format_, Format):
        return await file_response(request, question, format_)

    async def make() -> Answer:
        result, labels = await of_one_state(partial(run, question), single_statement=question.is_single_statement)
        log = {"rows": result.rows_read, "source": result.plan.source.name}
        if format_ is None:
            return json_answer(await result.process(report_content, result), labels, **log)
        currency = state_of(request).settings.currency
        chart = await result.process(chart_of, result, currency=currency, **params.chart_options)
        return await image_answer(request, chart, format_, labels, **log, format=format_.name)

    return await respond(request, make, *question.etag_inputs, format_ and format_.name)


@router.get(
    "/plan",
    summary="How a report would be read",
    response_model=PlanAnswer,
    responses=documented(422, 503, 504),
    openapi_extra=query_parameters(ReportParameters, without=_OF_FILES),
)
async def plan(request: Request) -> Response:
    """Say what the same report would read: which source, how many days, about how many rows, by which SQL.

    It runs nothing; the estimate is the database's.
    """
    params = await parse(ReportParameters, request)
    question = params.question(today(state_of(request).settings))

    async def read(current: Snapshot) -> tuple[ReportPlan, list[Estimate]]:
        planned, _ = await plan_as_of(question, current)
        return planned, await explain_report(planned, current)

    async def make() -> Answer:
        (planned, estimates), labels = await of_one_state(read)
        grouping_set = planned.source.grouping_set
        data = {
            "source": planned.source.name,
            "grouping_set": grouping_set and grouping_set.dimensions,
            "days": sum(period.days for period in planned.periods),
            "estimated_rows": sum(estimate.rows for estimate in estimates),
            "statements": [
                {"sql": estimate.statement.sql, "values": estimate.statement.values, "estimated_rows": estimate.rows}
                for estimate in estimates
            ],
        }
        return json_answer({"data": data, "meta": data_meta(labels)}, labels)

    return await respond(request, make, *question.etag_inputs)
