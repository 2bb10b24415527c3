"""Settling: from which day on numbers still change, and by how much they usually do (`store.warehouse.maturity`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from project.catalog import Number
from project.query.filters import Filters
from project.query.periods import Period
from project.store.warehouse.labels import Labels
from project.store.warehouse.maturity import Maturity

DaySum = tuple[date, Maturity | None, Number]
"""The sum of a measure on one day of one platform, and what is known of the platform."""


@dataclass(frozen=True, slots=True)
class Rise:
    """By what part a measure of these days usually still rises, all together; negative where it falls."""

    measure: str
    days: Period
    ratio: float


def settled_to(filters: Filters, labels: Labels) -> date | None:
    """Return the newest day whose facts have settled, of the platforms that the filters include; None if unknown."""
    include, exclude = dict(filters.include).get("platform"), dict(filters.exclude).get("platform", ())
    return labels.settled_to({*(include or labels["platform"].labels.values())} - {*exclude})


def unsettled_days(filters: Filters, labels: Labels, period: Period | None) -> Period | None:
    """Return the days of a period that are loaded and have not settled; None where all have, or nothing is known."""
    settled = settled_to(filters, labels)
    if not period or not settled or not labels.last_date or settled >= labels.last_date:
        return None
    return Period(settled + timedelta(days=1), labels.last_date).within(period)


def usual_rise(measure: str, sums: Iterable[DaySum]) -> Rise | None:
    """Return by how much these sums usually still rise, from the first day on that has not settled in this measure.

    Each sum is divided by the part that is usually known at its age. None where all days have settled, the sums are 0,
    or one part is unknown or 0.
    """
    parts = [(day, maturity and maturity.part_known(measure, day), float(value)) for day, maturity, value in sums]
    if not all(part for _, part, value in parts if value):
        return None
    first = min((day for day, part, value in parts if value and part != 1), default=None)
    if first is None:
        return None
    since = [(day, part, value) for day, part, value in parts if part and value and day >= first]
    now, then = sum(value for _, _, value in since), sum(value / part for _, part, value in since)
    return Rise(measure, Period(first, max(day for day, _, _ in parts)), then / now - 1)
