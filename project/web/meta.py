"""The `meta` of answers: what was read."""

from typing import Any

from project.catalog import METRICS
from project.query.filters import Filters
from project.query.reports import ReportPlan
from project.store.labels import Labels


def data_meta(labels: Labels) -> dict[str, Any]:
    """Return which state of the data an answer is about; sample data says so everywhere."""
    meta: dict[str, Any] = {"data_version": labels.version.number}
    if labels.version.sample:
        meta["sample_data"] = True
    return meta


def rows_meta(filters: Filters, labels: Labels) -> dict[str, Any]:
    """Return the same with the days that the filters came to; an open end is the first or last day with facts."""
    first, last = filters.date_from or labels.first_date, filters.date_to or labels.last_date
    if first and last and first > last:
        # One end was asked for, beyond all there is; the other is no day then.
        first, last = filters.date_from, filters.date_to
    return {"date_from": first, "date_to": last, **data_meta(labels)}


def report_meta(plan: ReportPlan, labels: Labels) -> dict[str, Any]:
    """Return which days a report is of and compared with, what is in it, and what it was read from."""
    question = plan.question
    days = {"date_from": plan.period.first, "date_to": plan.period.last} if plan.period else {}
    meta: dict[str, Any] = {"date_from": question.filters.date_from, "date_to": question.filters.date_to} | days
    if question.compare_to:
        other = plan.comparison and plan.comparison.other
        meta["compare"] = {"date_from": other and other.first, "date_to": other and other.last}
    return {
        **meta,
        "group_by": question.group_by,
        "metrics": [{"name": name, "unit": METRICS[name].unit} for name in question.metrics],
        "source": plan.source.name,
        **data_meta(labels),
    }
