"""Marks: the values that a chart shows, one a group, metric and period."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import product
from typing import Any

from project.catalog import coarser_than
from project.catalog.display import display_name, format_amount
from project.charts.series import ChartGroups
from project.errors import Fault, InvalidRequest
from project.query.reports.groups import Group
from project.query.reports.question import ReportQuestion
from project.query.reports.run import Report
from project.query.settling import unsettled_days

MOST_MARKS = 10_000
"""714 days of 6 lines and the others, compared. More takes seconds and a gigabyte to render."""


def period_names(question: ReportQuestion) -> Sequence[str]:
    """Return the name of the current period, and that of the previous one where the report compares."""
    return ["this period", *([display_name(question.compare_to)] if question.compare_to else [])]


def check_marks(question: ReportQuestion, groups: ChartGroups) -> None:
    """Raise InvalidRequest where a chart has more than MOST_MARKS."""
    marks = len(groups.axis) * len(groups.series) * len(question.metrics) * len(period_names(question))
    if marks <= MOST_MARKS:
        return
    detail = (
        f"The picture would have {marks:,} marks; it may have {MOST_MARKS:,}. Ask for fewer days, fewer metrics, or a"
        " coarser grain; files have everything."
    )
    coarser = coarser_than(question.grain)[:1] if question.grain else []
    suggestions = tuple("group_by=" + ",".join(question.grouped_with(grain)) for grain in coarser)
    raise InvalidRequest([Fault("group_by", "too_many_marks", detail, ",".join(question.group_by), suggestions)])


def mark_values(report: Report, groups: ChartGroups, currency: str) -> Iterator[dict[str, Any]]:
    """Yield the marks as records of Vega-Lite's `data`; `tip` is the text under the pointer."""
    plan, question = report.plan, report.plan.question
    nothing = (0,) * len(plan.measures)
    periods = period_names(question)
    # A group that the report leaves out is not 0.
    only_groups = bool(question.filters.bounded) or not question.grain
    unsettled = unsettled_from(report)
    for axis_value, series in product(groups.axis, groups.series):
        group = groups.groups.get((axis_value, series))
        if group is None and only_groups:
            continue
        group = group or Group((), nothing, nothing)
        for period, amounts in zip(periods, (group.current, group.previous), strict=False):
            if not is_loaded(report, axis_value, previous=period != periods[0]):
                continue
            is_unsettled = bool(unsettled and axis_value >= unsettled and period == periods[0])
            state = "not settled yet" if is_unsettled else ""
            names = (str(axis_value), series, period if question.compare_to else "", state)
            for metric in question.metrics:
                value = plan.values[metric](amounts)
                yield {
                    "at": str(axis_value),
                    "series": series,
                    "period": period,
                    "metric": metric,
                    "value": None if value is None else float(value),
                    **({"unsettled": True} if is_unsettled else {}),
                    "tip": f"{', '.join(filter(None, names))}: {format_amount(metric, value, currency)}",
                }


def unsettled_from(report: Report) -> date | None:
    """Return the first bucket of the axis whose numbers usually still change; None without, or where it is unknown."""
    grain = report.plan.question.grain
    days = unsettled_days(report.plan.question.filters, report.labels, report.plan.period)
    return grain.start(days.first) if grain and days else None


def is_loaded(report: Report, axis_value: Any, *, previous: bool = False) -> bool:
    """Whether a bucket of the axis, or its counterpart in the previous period, can have facts.

    A day that the data does not reach yet, or that has no counterpart, is not 0. Labels always can have facts.
    """
    grain, labels = report.plan.question.grain, report.labels
    if previous:
        return report.plan.has_counterpart(axis_value if grain else None)
    return not grain or bool(axis_value <= (labels.last_date or date.max))
