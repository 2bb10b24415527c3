"""Narrowing: what to ask instead of a report that has too many groups."""

from collections.abc import Sequence
from datetime import date
from math import prod

from project.catalog import GRAINS, coarser_than
from project.errors import Fault, InvalidRequest
from project.query.reports.plan import LARGEST_GROUPS, ReportPlan
from project.store.warehouse.labels import Labels


def too_many_groups(plan: ReportPlan, labels: Labels) -> InvalidRequest:
    """Return the refusal of a report with too many groups, with groupings that cannot have as many."""
    question = plan.question
    narrower = [names for names in (_with_fewer_names(plan, labels), _with_a_coarser_grain(plan, labels)) if names]
    detail = (
        f"The report would have more than {LARGEST_GROUPS:,} groups. Ask for fewer days, filter, or group by less; "
        "rows of single facts are at /v1/ad-metrics."
    )
    suggestions = tuple("group_by=" + ",".join(names) for names in narrower)
    return InvalidRequest([Fault("group_by", "too_many_groups", detail, ",".join(question.group_by), suggestions)])


def _with_fewer_names(plan: ReportPlan, labels: Labels) -> Sequence[str] | None:
    """Return what it is grouped by without the dimensions of most labels, until there cannot be too many groups."""
    names = list(plan.question.group_by)
    while _most_groups(names, plan.units, plan, labels) > LARGEST_GROUPS:
        dimensions = [name for name in names if name not in GRAINS]
        if not dimensions:
            return None
        names.remove(max(dimensions, key=lambda name: _labels_left(name, plan, labels)))
    return names or None


def _with_a_coarser_grain(plan: ReportPlan, labels: Labels) -> Sequence[str] | None:
    question = plan.question
    for grain in coarser_than(question.grain) if question.grain and plan.period else ():
        units = grain.units(plan.period.first, plan.period.last) if plan.period else ()
        if _most_groups(question.group_by, units, plan, labels) <= LARGEST_GROUPS:
            return question.grouped_with(grain)
    return None


def _most_groups(names: Sequence[str], units: Sequence[date], plan: ReportPlan, labels: Labels) -> int:
    """Return how many groups there can be at most: every label with every other in every unit."""
    return prod(len(units) if name in GRAINS else _labels_left(name, plan, labels) for name in names)


def _labels_left(name: str, plan: ReportPlan, labels: Labels) -> int:
    kept = dict(plan.question.filters.keep).get(name, ())
    return len(kept) or len(labels[name].names)
