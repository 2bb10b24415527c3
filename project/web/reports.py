"""`/v1/reports`: facts grouped, summed, compared."""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from project.query.groups import arrange
from project.query.reports import ReportPlan, Sums, explain_report, fetch_report, plan_report
from project.store.labels import Labels
from project.store.snapshot import snapshot
from project.web.again import ReadAgain
from project.web.clock import today
from project.web.conditional import etag, not_modified
from project.web.encode import group_objects, json_response, total_object
from project.web.meta import data_meta, report_meta
from project.web.middleware.observed import note
from project.web.parse import documented_parameters, parse
from project.web.problems import documented
from project.web.report_params import ReportParameters
from project.web.schemas import PlanAnswer, ReportAnswer

router = APIRouter(prefix="/v1/reports", tags=["Reports"], route_class=ReadAgain)

_MUCH = 5000
"""From so many numbers on, an answer takes longer to make than other requests should wait (about 10 ms)."""


@router.get(
    "",
    summary="Facts grouped, summed, compared",
    response_model=ReportAnswer,
    responses=documented(422, 503, 504),
    openapi_extra=documented_parameters(ReportParameters),
)
async def report(request: Request) -> Response:
    """Group the facts that match all filters, and give each group's metrics.

    Formulas are ratios of sums, at every level, and null where the denominator is 0. `min_…` and `max_…` bound the
    metrics of groups. A report of more groups than the catalogue's `limits` say is refused, never cut off.
    """
    params = await parse(ReportParameters, request)
    question = params.question(today(request))
    async with snapshot() as seen:
        tag = etag(request, seen.version, question.moving)
        if unchanged := not_modified(request, tag):
            return unchanged
        plan = plan_report(question, seen.labels)
        fetched = await fetch_report(plan, seen)
    note(request, rows=sum(map(len, fetched)), source=plan.source.name)
    if _is_large(plan, fetched):
        content = await asyncio.to_thread(_content, plan, fetched, seen.labels)
    else:
        content = _content(plan, fetched, seen.labels)
    return json_response(content, tag)


@router.get(
    "/plan",
    summary="How a report would be read",
    response_model=PlanAnswer,
    responses=documented(422, 503, 504),
    openapi_extra=documented_parameters(ReportParameters),
)
async def plan(request: Request) -> Response:
    """Say what the same report would read: which source, how many days, about how many rows, by which SQL.

    It runs nothing; the estimate is the database's own.
    """
    params = await parse(ReportParameters, request)
    question = params.question(today(request))
    async with snapshot() as seen:
        tag = etag(request, seen.version, question.moving)
        if unchanged := not_modified(request, tag):
            return unchanged
        planned = plan_report(question, seen.labels)
        estimates = await explain_report(planned, seen)
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
    return json_response({"data": data, "meta": data_meta(seen.labels)}, tag)


def _content(plan: ReportPlan, fetched: Sequence[Sums], labels: Labels) -> dict[str, Any]:
    page = arrange(plan, fetched, labels)
    content: dict[str, Any] = {"data": group_objects(page, plan)}
    if page.total:
        content["totals"] = total_object(page.total, plan)
    content["page"] = {"limit": plan.question.limit, "next_cursor": page.next_cursor}
    content["meta"] = report_meta(plan, labels)
    return content


def _is_large(plan: ReportPlan, fetched: Sequence[Sums]) -> bool:
    question = plan.question
    groups = sum(map(len, fetched)) + (len(plan.units) if question.fill else 0)
    columns = len(question.metrics) * (4 if question.compare_to else 1)
    return 2 * groups + min(question.limit, groups) * columns > _MUCH
