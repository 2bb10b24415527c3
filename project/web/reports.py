"""`/v1/reports`: facts grouped, summed, compared."""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from project.query.groups import ReportPage, arrange
from project.query.reports import ReportPlan, Sums, explain_report, fetch_report, plan_report
from project.store.labels import Labels
from project.store.snapshot import snapshot
from project.web.clock import today
from project.web.conditional import etag, not_modified
from project.web.encode import group_objects, json_response, total_object
from project.web.meta import data_meta, report_meta
from project.web.parse import documented_parameters, parse
from project.web.problems import documented
from project.web.report_params import ReportParameters
from project.web.schemas import PlanAnswer, ReportAnswer

router = APIRouter(prefix="/v1/reports", tags=["Reports"])

_MANY_GROUPS = 2000
"""From so many on, arranging them takes longer than other requests should wait (about 10 ms)."""


@router.get(
    "",
    summary="Facts grouped, summed, compared",
    response_model=ReportAnswer,
    responses=documented(422, 503),
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
        tag = etag(request, seen.version, question.filters.date_from, question.filters.date_to)
        if unchanged := not_modified(request, tag):
            return unchanged
        plan = plan_report(question, seen.labels)
        fetched = await fetch_report(plan, seen)
    page = await _arranged(plan, fetched, seen.labels)
    content: dict[str, Any] = {"data": group_objects(page, plan)}
    if page.total:
        content["totals"] = total_object(page.total, plan)
    content["page"] = {"limit": question.limit, "next_cursor": page.next_cursor}
    content["meta"] = report_meta(plan, seen.labels)
    return json_response(content, tag)


@router.get(
    "/plan",
    summary="How a report would be read",
    response_model=PlanAnswer,
    responses=documented(422, 503),
    openapi_extra=documented_parameters(ReportParameters),
)
async def plan(request: Request) -> Response:
    """Say what the same report would read: which source, how many days, about how many rows, by which SQL.

    It runs nothing; the estimate is the database's own.
    """
    params = await parse(ReportParameters, request)
    question = params.question(today(request))
    async with snapshot() as seen:
        tag = etag(request, seen.version, question.filters.date_from, question.filters.date_to)
        if unchanged := not_modified(request, tag):
            return unchanged
        planned = plan_report(question, seen.labels)
        estimates = await explain_report(planned, seen)
    grouping_set = planned.source.grouping_set
    data = {
        "source": planned.source.name,
        "grouping_set": grouping_set and grouping_set.dimensions,
        "days": planned.period.days if planned.period else 0,
        "estimated_rows": sum(estimate.rows for estimate in estimates),
        "statements": [
            {"sql": estimate.statement.sql, "values": estimate.statement.values, "estimated_rows": estimate.rows}
            for estimate in estimates
        ],
    }
    return json_response({"data": data, "meta": data_meta(seen.labels)}, tag)


async def _arranged(plan: ReportPlan, fetched: Sequence[Sums], labels: Labels) -> ReportPage:
    if sum(map(len, fetched)) < _MANY_GROUPS and not plan.question.fill:
        return arrange(plan, fetched, labels)
    return await asyncio.to_thread(arrange, plan, fetched, labels)
