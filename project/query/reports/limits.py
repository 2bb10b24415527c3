"""The limits of a report: how many buckets and groups it may have, and what to ask instead of more."""

from collections.abc import Iterable, Sequence
from datetime import date
from math import prod

from project.catalog import GRAINS, Grain, coarser_than
from project.catalog.natural_order import WEEKDAY, WEEKDAYS
from project.errors import Fault, InvalidRequest
from project.query.periods import Period
from project.query.reports.question import ReportQuestion
from project.store.warehouse.labels import Labels

LARGEST_GROUPS = 100_000
"""How many groups a report may have, all pages together; more are refused, never cut off."""

LARGEST_BUCKETS = 20_000
"""How many buckets a report may have: 54 years of days. To plan them takes 50 ms."""


def check_buckets(question: ReportQuestion, grain: Grain, period: Period) -> None:
    """Raise InvalidRequest where a period has more buckets of the grain than a report may have."""
    if _fewest_buckets(grain, period) <= LARGEST_BUCKETS:
        return
    detail = (
        f"{period.first} to {period.last} are {period.days:,} days; a report has at most {LARGEST_BUCKETS:,} calendar "
        "units. Ask for fewer days, or group by a coarser grain."
    )
    coarser = [one for one in GRAINS.values() if _fewest_buckets(one, period) <= LARGEST_BUCKETS]
    coarser = [] if question.rolling else coarser[:1]
    suggestions = tuple(_as_parameter(question.grouped_with(one)) for one in coarser)
    raise InvalidRequest([Fault("group_by", "too_many_dates", detail, grain.name, suggestions)])


def too_many_groups(
    question: ReportQuestion, period: Period | None, buckets: Sequence[date], labels: Labels
) -> InvalidRequest:
    """Return the error for a report of too many groups; it suggests groupings that cannot have as many."""
    detail = (
        f"The report would have more than {LARGEST_GROUPS:,} groups. Ask for fewer days, filter, or group by less; "
        "single facts are rows, which have pages and files."
    )
    smaller = (_with_fewer_dimensions(question, buckets, labels), _with_coarser_grain(question, period, labels))
    suggestions = tuple(_as_parameter(names) for names in smaller if names)
    return InvalidRequest([Fault("group_by", "too_many_groups", detail, ",".join(question.group_by), suggestions)])


def _with_fewer_dimensions(question: ReportQuestion, buckets: Sequence[date], labels: Labels) -> Sequence[str] | None:
    """Return the grouping without the dimensions of most labels, until it cannot have too many groups."""
    names = list(question.group_by)
    while _most_groups(names, buckets, question, labels) > LARGEST_GROUPS:
        dimensions = [name for name in names if name not in GRAINS]
        if not dimensions:
            return None
        names.remove(max(dimensions, key=lambda name: _labels_included(name, question, labels)))
    return names or None


def _with_coarser_grain(question: ReportQuestion, period: Period | None, labels: Labels) -> Sequence[str] | None:
    if question.grain is None or question.rolling or period is None:
        return None
    for grain in coarser_than(question.grain):
        buckets = grain.buckets(period.first, period.last)
        if _most_groups(question.group_by, buckets, question, labels) <= LARGEST_GROUPS:
            return question.grouped_with(grain)
    return None


def _most_groups(names: Sequence[str], buckets: Sequence[date], question: ReportQuestion, labels: Labels) -> int:
    """Return how many groups there can be at most: every label with every other in every bucket."""
    return prod(len(buckets) if name in GRAINS else _labels_included(name, question, labels) for name in names)


def _labels_included(name: str, question: ReportQuestion, labels: Labels) -> int:
    included = dict(question.filters.include).get(name, ())
    return len(included) or len(WEEKDAYS if name == WEEKDAY else labels[name].labels)


def _fewest_buckets(grain: Grain, period: Period) -> int:
    return period.days // grain.longest


def _as_parameter(names: Iterable[str]) -> str:
    return "group_by=" + ",".join(names)
