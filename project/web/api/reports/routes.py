"""`/v1/reports`: facts grouped, summed, compared."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from project.charts.chart import chart_of
from project.charts.renderer import PICTURES, Picture
from project.export.formats import FORMATS, Format
from project.export.report_batches import ReportTable
from project.query.reports.plan import (
    LARGEST_GROUPS,
    ReportPlan,
    ReportQuestion,
    Sums,
    explain_report,
    fetch_report,
    plan_report,
)
from project.query.reports.result import ReportPage, arrange
from project.store.warehouse.snapshot import snapshot
from project.web.api.reports.params import ReportParameters
from project.web.clock import today
from project.web.middleware.access_log import note
from project.web.request.negotiation import media_types, with_format
from project.web.request.query_string import documented_parameters, parse, parse_values
from project.web.request.retry import ReadAgain
from project.web.response.etag import etag, not_modified
from project.web.response.file_stream import FileResponse, coding_of, file_name, told_in_file, whole
from project.web.response.image import picture_response
from project.web.response.json import group_objects, json_response, total_object
from project.web.response.meta import data_meta, report_meta
from project.web.response.problems import documented
from project.web.response.schemas import PlanAnswer, ReportAnswer

router = APIRouter(prefix="/v1/reports", tags=["Reports"], route_class=ReadAgain)

_FORMATS: Mapping[str, Format | Picture] = {**FORMATS, **PICTURES}

_MUCH = 5000
"""From so many numbers on, an answer takes longer to make than other requests should wait (about 10 ms)."""


@router.get(
    "",
    summary="Facts grouped, summed, compared",
    response_model=ReportAnswer,
    responses=documented(422, 503, 504) | {200: {"content": media_types(_FORMATS)}},
    openapi_extra=documented_parameters(ReportParameters),
)
async def report(request: Request) -> Response:
    """Group the facts that match all filters, and give each group's metrics.

    Formulas are ratios of sums, at every level, and null where the denominator is 0. `min_…` and `max_…` bound the
    metrics of groups. A report of more groups than the catalogue's `limits` say is refused, never cut off.
    """
    params = await parse_values(ReportParameters, with_format(request, _FORMATS))
    kind = _FORMATS.get(params.format or "json")
    question = _question(params, today(request), kind)
    coding = coding_of(request, kind) if isinstance(kind, Format) else None
    async with snapshot() as seen:
        tag = etag(request, seen.version, question.moving, kind and kind.name, coding)
        if unchanged := not_modified(request, tag):
            return unchanged
        plan = plan_report(question, seen.labels)
        fetched = await fetch_report(plan, seen)
    note(request, rows=sum(map(len, fetched)), source=plan.source.name, **({"format": kind.name} if kind else {}))
    aside = asyncio.to_thread if _is_large(plan, fetched) else _here
    page = await aside(arrange, plan, fetched, seen.labels)
    if isinstance(kind, Picture):
        currency = request.app.state.settings.currency
        chart = await aside(partial(chart_of, plan, page, seen.labels, currency=currency, limit=params.given_limit))
        return await picture_response(request, kind, chart, tag)
    meta = report_meta(plan, seen.labels)
    if kind is None:
        return json_response(await aside(_content, plan, page, meta), tag)
    table = await aside(ReportTable, plan, page, told_in_file(request, meta))
    name = file_name(question.group_by or ["total"], meta)
    return FileResponse(kind, coding, name, table, whole(page.groups), len(page.groups), tag)


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


def _question(params: ReportParameters, day: date, kind: Format | Picture | None) -> ReportQuestion:
    """Return what is asked; files without a limit have all groups, and pictures sum those that they do not name."""
    question = params.question(day)
    if isinstance(kind, Picture) or (kind and params.given_limit is None):
        return replace(question, limit=LARGEST_GROUPS)
    return question


def _content(plan: ReportPlan, page: ReportPage, meta: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"data": group_objects(page, plan)}
    if page.total:
        content["totals"] = total_object(page.total, plan)
    content["page"] = {"limit": plan.question.limit, "next_cursor": page.next_cursor}
    content["meta"] = meta
    return content


async def _here(work: Callable[..., Any], *arguments: Any) -> Any:
    return work(*arguments)


def _is_large(plan: ReportPlan, fetched: Sequence[Sums]) -> bool:
    question = plan.question
    groups = sum(map(len, fetched)) + (len(plan.units) if question.fill else 0)
    columns = len(question.metrics) * (4 if question.compare_to else 1)
    return 2 * groups + min(question.limit, groups) * columns > _MUCH
