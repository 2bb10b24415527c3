"""Reports: the question, its plan, the querysets that sum the facts or a rollup, and what they fetch.

What becomes of the sums (formulas, comparison, bounds, order, page) is `query.groups`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import asyncpg
from pypika_tortoise.terms import Function as SqlFunction
from tortoise.expressions import Function
from tortoise.functions import Sum
from tortoise.queryset import ValuesQuery

from project.catalog import DATE, GRAINS, LABELLED_DIMENSIONS, METRICS, Grain, Number, date_id
from project.errors import Fault, InvalidRequest
from project.query import cursor
from project.query.filters import Condition, Filters, matching, plan_filters
from project.query.order import SortKey
from project.query.periods import COMPARISONS, Comparison, Period, thresholds
from project.query.sources import Source, source_for
from project.store.labels import Labels
from project.store.snapshot import Snapshot
from project.store.statements import Statement, statement

LARGEST_GROUPS = 100_000
"""How many groups a report may have, all pages together; more are refused, never cut off."""

_KEYS = {dimension.name: dimension.key for dimension in LABELLED_DIMENSIONS}
_UNIT = "unit"


@dataclass(frozen=True, slots=True)
class ReportQuestion:
    """What `GET /v1/reports` asks.

    `filters.at_least` and `at_most` bound the metrics of groups (HAVING), not of facts. `after` is where the previous
    page ended, as its cursor says.
    """

    filters: Filters
    group_by: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    sort: tuple[SortKey, ...] = ()
    compare_to: str | None = None
    fill: bool = False
    totals: bool = False
    limit: int = 100
    after: Any = None

    @property
    def digest(self) -> str:
        """What a cursor of this question is bound to: everything that decides which groups come in which order."""
        return cursor.digest((self.filters, self.group_by, self.sort, self.compare_to, self.fill))

    @property
    def grain(self) -> Grain | None:
        """The date grain among what it groups by."""
        return next((GRAINS[name] for name in self.group_by if name in GRAINS), None)

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures whose sums it takes to answer, in alphabetical order."""
        sorted_by = (key.name.rpartition(".")[2] for key in self.sort)
        bounded = (name for name, _ in (*self.filters.at_least, *self.filters.at_most))
        names = (name for name in (*self.metrics, *sorted_by, *bounded) if name in METRICS)
        return tuple(sorted({measure for name in names for measure in METRICS[name].measures}))

    def at(self, text: str) -> "ReportQuestion":
        """Return this question for the page after the one that gave out the cursor.

        Raises InvalidRequest where it is no cursor of ours, or belongs to another question.
        """
        return replace(self, after=cursor.position_for(self.digest, text))


@dataclass(frozen=True, slots=True)
class Reading:
    """One query: the conditions on the days and labels, and from which day on each calendar unit counts."""

    conditions: tuple[Condition, ...]
    thresholds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """The question in the database's terms.

    `measures` are those to sum, and `values` makes each metric of their sums in this order. `units` are the calendar
    units of its grain. `readings` are that of its own period and that of the compared one, and none where there is no
    data at all.
    """

    question: ReportQuestion
    measures: tuple[str, ...]
    values: Mapping[str, Callable[[Sequence[Number]], Number | None]]
    source: Source
    period: Period | None
    comparison: Comparison | None
    units: tuple[date, ...]
    readings: tuple[Reading, ...]


Sums = Sequence[asyncpg.Record]
"""A record a group: what it is grouped by, under the names that `column_of` gives, and each measure's sum."""


def plan_report(question: ReportQuestion, labels: Labels) -> ReportPlan:
    """Resolve names to numbers, dates to units, and choose the source.

    Raises InvalidRequest where a label has gone since the question was checked, or where the days asked for are too
    many units, or have none before them to compare with.
    """
    filters = question.filters
    period = _period(filters, labels)
    comparison = _comparison(question, period)
    units = _units(question, period, labels)
    named = plan_filters(Filters(keep=filters.keep, drop=filters.drop), labels)
    told_apart = {*(name for name, _ in (*filters.keep, *filters.drop)), *question.group_by} - GRAINS.keys()
    source = source_for(told_apart, labels)

    def reading(days: Period, against: Comparison | None) -> Reading:
        within = plan_filters(Filters(days.first, days.last), labels)
        counted = thresholds(units, period, against) if units and period else ()
        return Reading((*source.conditions, *within, *named), tuple(map(date_id, counted)))

    readings = [reading(period, None)] if period else []
    if comparison:
        readings.append(reading(comparison.other, comparison))
    measures = question.measures
    values = {name: metric.over(measures) for name, metric in METRICS.items() if set(metric.measures) <= set(measures)}
    return ReportPlan(question, measures, values, source, period, comparison, units, tuple(readings))


def column_of(name: str) -> str:
    """Return what a dimension or grain grouped by is called in the records."""
    return _UNIT if name in GRAINS else _KEYS[name]


def report_queryset(plan: ReportPlan, reading: Reading) -> "ValuesQuery[Any]":
    """Return the sums of one reading, grouped; without a limit."""
    question = plan.question
    columns = [column_of(name) for name in question.group_by]
    unit = {_UNIT: Unit(DATE.key, list(reading.thresholds))} if question.grain else {}
    sums = {measure: Sum(measure) for measure in plan.measures}
    queryset = plan.source.model.filter(matching(reading.conditions)).annotate(**unit, **sums)
    return queryset.group_by(*columns).limit(LARGEST_GROUPS + 1).values(*columns, *sums)


def report_statement(plan: ReportPlan, reading: Reading) -> Statement:
    """Return the SQL of one reading, with one group more than there may be."""
    question = plan.question
    shape = (
        "report",
        plan.source.name,
        *((one.column, one.operator, len(one.values)) for one in reading.conditions),
        question.group_by,
        plan.measures,
    )
    unit = [list(reading.thresholds)] if question.grain else []
    values = [value for condition in reading.conditions for value in condition.values]
    return statement(shape, [*unit, *values, LARGEST_GROUPS + 1], lambda: report_queryset(plan, reading))


async def fetch_report(plan: ReportPlan, snapshot: Snapshot) -> list[Sums]:
    """Read the sums of each reading. Raises InvalidRequest where there are too many groups."""
    fetched: list[Sums] = []
    for reading in plan.readings:
        if plan.question.grain and not reading.thresholds:
            fetched.append([])
            continue
        records = await snapshot.fetch(report_statement(plan, reading))
        if len(records) > LARGEST_GROUPS:
            raise too_many_groups(plan.question, snapshot.labels)
        fetched.append(records)
    return fetched


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statement, and how many rows the database thinks that it would read."""

    statement: Statement
    rows: int


async def explain_report(plan: ReportPlan, snapshot: Snapshot) -> list[Estimate]:
    """Return what fetch_report would run, without running it."""
    statements = [
        report_statement(plan, reading) for reading in plan.readings if reading.thresholds or not plan.question.grain
    ]
    return [Estimate(one, await snapshot.rows_to_read(one)) for one in statements]


def too_many_groups(question: ReportQuestion, labels: Labels) -> InvalidRequest:
    """Return the refusal of a report with too many groups, with what would narrow it."""
    narrower = []
    names = [name for name in question.group_by if name not in GRAINS]
    if names and len(question.group_by) > 1:
        largest = max(names, key=lambda name: len(labels[name].names))
        narrower.append("group_by=" + ",".join(name for name in question.group_by if name != largest))
    coarser = [*GRAINS][[*GRAINS].index(question.grain.name) + 1 :] if question.grain else []
    if question.grain and coarser:
        swapped = [coarser[0] if name == question.grain.name else name for name in question.group_by]
        narrower.append("group_by=" + ",".join(swapped))
    detail = (
        f"The report would have more than {LARGEST_GROUPS:,} groups. Ask for fewer days, filter, or group by less; "
        "rows of single facts are at /v1/ad-metrics."
    )
    return InvalidRequest([Fault("group_by", "too_many_groups", detail, ",".join(question.group_by), tuple(narrower))])


class Unit(Function):
    """Which of the sorted thresholds a column reached last, counted from 1."""

    class database_func(SqlFunction):  # noqa: N801 - Tortoise's name
        """PostgreSQL's width_bucket(operand, thresholds): a binary search."""

        def __init__(self, operand: Any, thresholds: Any) -> None:
            super().__init__("width_bucket", operand, thresholds)


def _period(filters: Filters, labels: Labels) -> Period | None:
    """Return the days asked for, an open end being the first or last day with facts; None where there is none."""
    first, last = filters.date_from or labels.first_date, filters.date_to or labels.last_date
    if first is None or last is None:
        return None
    if filters.date_to is None:
        last = max(first, last)
    if filters.date_from is None:
        first = min(first, last)
    return Period(first, last)


def _comparison(question: ReportQuestion, period: Period | None) -> Comparison | None:
    if question.compare_to is None or period is None:
        return None
    try:
        return COMPARISONS[question.compare_to](period)
    except OverflowError as error:
        detail = f"The calendar has no {question.compare_to.replace('_', ' ')} of {period.first} to {period.last}."
        raise InvalidRequest([Fault("compare_to", "out_of_range", detail, question.compare_to)]) from error


def _units(question: ReportQuestion, period: Period | None, labels: Labels) -> tuple[date, ...]:
    if question.grain is None or period is None:
        return ()
    if not question.fill and not question.compare_to:
        # Days without facts have no groups.
        first, last = max(period.first, labels.first_date or date.max), min(period.last, labels.last_date or date.min)
        if first > last:
            return ()
        period = Period(first, last)
    if period.days > LARGEST_GROUPS * question.grain.longest:
        raise too_many_groups(question, labels)
    return tuple(question.grain.units(period.first, period.last))
