"""Reports: the question, its plan, the querysets that sum the facts or a rollup, and what they fetch.

What becomes of the sums (formulas, comparison, bounds, order, page) is `query.reports.result`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import asyncpg
from pypika_tortoise.terms import Function as SqlFunction
from tortoise.expressions import Function
from tortoise.functions import Sum
from tortoise.queryset import ValuesQuery

from project.catalog import DATE, GRAINS, LABELLED_DIMENSIONS, METRICS, Grain, Number, date_id
from project.errors import Fault, InvalidRequest
from project.query import cursors
from project.query.filters import Condition, Filters, matching, plan_filters
from project.query.keyset import SortKey
from project.query.periods import Comparison, Period, compared, days_asked, thresholds
from project.query.rollup_choice import Source, source_for
from project.store.postgres.statement_cache import Statement, statement
from project.store.warehouse.labels import Labels
from project.store.warehouse.snapshot import Snapshot

LARGEST_GROUPS = 100_000
"""How many groups a report may have, all pages together; more are refused, never cut off."""

LARGEST_UNITS = 20_000
"""How many calendar units: 54 years of days. To plan them takes 50 ms."""

_KEYS = {dimension.name: dimension.key for dimension in LABELLED_DIMENSIONS}
_UNIT = "unit"

Position = tuple[list[Any], tuple[Any, ...]]
"""A place among the groups: the values of the sort keys, and the group's key."""


@dataclass(frozen=True, slots=True)
class ReportQuestion:
    """What `GET /v1/reports` asks.

    `filters.at_least` and `at_most` bound the metrics of groups (HAVING), not of facts. `after` is where the previous
    page ended: the values it is sorted by, and the group's key. Days after `today` have not come yet.
    """

    filters: Filters
    group_by: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    sort: tuple[SortKey, ...] = ()
    compare_to: str | None = None
    fill: bool = False
    totals: bool = False
    limit: int = 100
    after: Position | None = None
    today: date = date.max

    @property
    def digest(self) -> str:
        """What a cursor of this question is bound to: everything that decides which groups come in which order."""
        return cursors.digest((self.filters, self.group_by, self.sort, self.compare_to, self.fill))

    @property
    def grain(self) -> Grain | None:
        """The date grain among what it groups by."""
        return next((GRAINS[name] for name in self.group_by if name in GRAINS), None)

    @property
    def grain_place(self) -> int | None:
        """Where the date grain is among what it groups by."""
        return next((place for place, name in enumerate(self.group_by) if name in GRAINS), None)

    def grouped_with(self, grain: Grain) -> tuple[str, ...]:
        """Return what it would group by with another grain."""
        return tuple(grain.name if name in GRAINS else name for name in self.group_by)

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
        return replace(self, after=self._position(cursors.position_for(self.digest, text)))

    @property
    def moving(self) -> tuple[Any, ...]:
        """What else than the data and the words of the question the answer depends on: presets move with the day."""
        return self.filters.date_from, self.filters.date_to, self.compare_to and self.today

    def _position(self, position: Any) -> Position:
        """Return what came out of a cursor, with every value checked to be one that its place could hold."""
        try:
            values, key = position
            read = [_read(sort.name, value) for sort, value in zip(self.sort, values, strict=True)]
            return read, tuple(_read(name, value) for name, value in zip(self.group_by, key, strict=True))
        except (ValueError, TypeError, InvalidOperation) as error:
            raise InvalidRequest([cursors.MALFORMED]) from error


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

    @property
    def periods(self) -> tuple[Period, ...]:
        """The days that it reads: its own, and those compared."""
        other = self.comparison and self.comparison.other
        return tuple(period for period in (self.period, other) if period)


Sums = Sequence[asyncpg.Record]
"""A record a group: what it is grouped by, under the names that `column_of` gives, and each measure's sum."""


def plan_report(question: ReportQuestion, labels: Labels) -> ReportPlan:
    """Resolve names to numbers, dates to units, and choose the source.

    Raises InvalidRequest where a label has gone since the question was checked, or where the days asked for are too
    many units, or have none before them to compare with.
    """
    filters = question.filters
    period = _period(filters, labels)
    comparison = _comparison(question, period, labels)
    units = _units(question, period, labels)
    named = plan_filters(Filters(keep=filters.keep, drop=filters.drop), labels)
    told_apart = {*(name for name, _ in (*filters.keep, *filters.drop)), *question.group_by} - GRAINS.keys()
    source = source_for(told_apart, labels)

    def reading(days: Period, against: Comparison | None) -> Reading:
        within = plan_filters(Filters(days.first, days.last), labels)
        counted = thresholds(units, period, against) if units and period else ()
        return Reading((*source.conditions, *within, *named), tuple(map(date_id, counted)))

    readings = [reading(period, None)] if period else []
    if comparison and comparison.other:
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
    """Read the sums of each reading; of too many groups, one more than there may be."""
    fetched: list[Sums] = []
    for reading in plan.readings:
        if plan.question.grain and not reading.thresholds:
            fetched.append([])
            continue
        fetched.append(await snapshot.fetch(report_statement(plan, reading)))
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


class Unit(Function):
    """Which of the sorted thresholds a column reached last, counted from 1."""

    class database_func(SqlFunction):  # noqa: N801 - Tortoise's name
        """PostgreSQL's width_bucket(operand, thresholds): a binary search."""

        def __init__(self, operand: Any, thresholds: Any) -> None:
            super().__init__("width_bucket", operand, thresholds)


def _period(filters: Filters, labels: Labels) -> Period | None:
    """Return the days asked for, None where there are none."""
    first, last = days_asked(filters.date_from, filters.date_to, labels.first_date, labels.last_date)
    return Period(first, last) if first and last else None


def _comparison(question: ReportQuestion, period: Period | None, labels: Labels) -> Comparison | None:
    if question.compare_to is None or period is None:
        return None
    try:
        return compared(question.compare_to, period, max(question.today, labels.last_date or date.min))
    except OverflowError as error:
        detail = f"The calendar has no {question.compare_to.replace('_', ' ')} of {period.first} to {period.last}."
        raise InvalidRequest([Fault("compare_to", "out_of_range", detail, question.compare_to)]) from error


def _units(question: ReportQuestion, period: Period | None, labels: Labels) -> tuple[date, ...]:
    grain = question.grain
    if grain is None or period is None:
        return ()
    if not question.fill and not question.compare_to:
        # Days without facts have no groups.
        first, last = max(period.first, labels.first_date or date.max), min(period.last, labels.last_date or date.min)
        if first > last:
            return ()
        period = Period(first, last)
    if _fewest_units(grain, period) > LARGEST_UNITS:
        raise _too_many_units(question, grain, period)
    return tuple(grain.units(period.first, period.last))


def _fewest_units(grain: Grain, period: Period) -> int:
    return period.days // grain.longest


def _too_many_units(question: ReportQuestion, grain: Grain, period: Period) -> InvalidRequest:
    detail = (
        f"{period.first} to {period.last} are {period.days:,} days; a report has at most {LARGEST_UNITS:,} calendar "
        "units. Ask for fewer days, or group by a coarser grain."
    )
    coarser = [one for one in GRAINS.values() if _fewest_units(one, period) <= LARGEST_UNITS][:1]
    suggestions = tuple("group_by=" + ",".join(question.grouped_with(one)) for one in coarser)
    return InvalidRequest([Fault("group_by", "too_many_dates", detail, grain.name, suggestions)])


def _read(name: str, value: Any) -> Any:
    """Return a cursor's value of this dimension, grain or metric. Raises ValueError or TypeError where it is none."""
    if name in GRAINS:
        return date.fromisoformat(value)
    if name.rpartition(".")[2] not in METRICS:
        if not isinstance(value, str):
            raise TypeError(f"{name} cannot be {value!r}")
        return value
    if value is None:
        return None
    number = Decimal(value)
    if not number.is_finite() or not isinstance(value, int | str):
        raise ValueError(f"{name} cannot be {value!r}")
    return number
