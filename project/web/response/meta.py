"""The `meta` of answers: which data they are about."""

from typing import Any

from project.catalog import METRICS
from project.query.filters import Filters
from project.query.reports.plan import ReportPlan
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
    return {"date_from": first, "date_to": last, **data_meta(labels)}


def report_meta(plan: ReportPlan, labels: Labels) -> dict[str, Any]:
    """Return the days of a report and of its comparison, its columns, and its source."""
    question = plan.question
    meta = rows_meta(question.filters, labels)
    if question.compare_to:
        previous = plan.previous
        meta["compare"] = {"date_from": previous and previous.first, "date_to": previous and previous.last}
    return {
        **meta,
        "group_by": question.group_by,
        "metrics": [{"name": name, "unit": METRICS[name].unit} for name in question.metrics],
        "source": plan.source.name,
    }
