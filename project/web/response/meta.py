"""The `meta` of answers: which data they are about."""

from typing import Any

from project.catalog import METRICS
from project.query.filters import Filters
from project.query.periods import Period
from project.query.reports.plan import ReportPlan
from project.query.settling import settled_to
from project.store.warehouse.labels import Labels


def data_meta(labels: Labels) -> dict[str, Any]:
    """Return the data version of an answer, and whether it is about sample data."""
    meta: dict[str, Any] = {"data_version": labels.version.number}
    if labels.version.sample:
        meta["sample_data"] = True
    return meta


def rows_meta(filters: Filters, labels: Labels) -> dict[str, Any]:
    """Return the same with the days of the filters; an open end is the first or last day with facts."""
    first, last = labels.days(filters.date_from, filters.date_to)
    return {"date_from": first, "date_to": last, "settled_to": settled_to(filters, labels), **data_meta(labels)}


def report_meta(plan: ReportPlan, labels: Labels) -> dict[str, Any]:
    """Return the days of a report and of its comparison, its columns, and its source."""
    question = plan.question
    meta = rows_meta(question.filters, labels)
    if question.compare_to:
        meta["compare"] = _compared_days(plan)
    if question.rolling:
        meta["rolling"] = question.rolling
    if plan.as_of is not None:
        meta["as_of"] = plan.as_of
    return {
        **meta,
        "complete_to": labels.last_date,
        "group_by": question.group_by,
        "metrics": [{"name": name, "unit": METRICS[name].unit} for name in question.metrics],
        "source": plan.source.name,
    }


def _compared_days(plan: ReportPlan) -> dict[str, Any]:
    """Return the days of both periods that are compared, and how many of them have no counterpart."""
    comparison = plan.comparison
    previous, current = (comparison.previous, comparison.current) if comparison else (None, None)
    unmatched = comparison.unmatched_days() if comparison else (0, 0)
    return {
        **_days(previous),
        "current": _days(current),
        "unmatched_days": dict(zip(("current", "previous"), unmatched, strict=True)),
    }


def _days(period: Period | None) -> dict[str, Any]:
    return {"date_from": period and period.first, "date_to": period and period.last}
