"""The plan of a report: labels become ids, days become buckets of the grain, and a source is chosen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from project.catalog import GRAINS, MEASURE_NAMES, METRICS, ROUNDED, Number, date_id
from project.catalog.natural_order import WEEKDAY
from project.errors import Fault, InvalidRequest
from project.query.filters import Condition, Filters, plan_filters
from project.query.periods import Comparison, Period, Starts, compare, starts_of
from project.query.reports.limits import check_buckets
from project.query.reports.question import ReportQuestion
from project.query.rollup_choice import Source, choose_source
from project.store.warehouse.labels import Labels
from project.store.warehouse.ledger import BY_PLATFORM


@dataclass(frozen=True, slots=True)
class PeriodQuery:
    """The query of one period: its conditions, and the first days (YYYYMMDD) from which `buckets` count.

    `later` are the conditions of what the ledger has after the moment of `as_of`; without it there are none.

    `buckets` begins with that of the days before all starts. Rolling sums have each day as a bucket, also those before
    the period that are summed with its first, and `shown` has the bucket of the report that each stands for.
    """

    period: Period
    conditions: tuple[Condition, ...]
    later: tuple[Condition, ...]
    starts: tuple[int, ...]
    buckets: tuple[date | None, ...]
    shown: Mapping[date, date] | None = None


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """The question in the database's terms.

    `measures` are summed, and `values` computes each metric of their sums in this order. `buckets` are those of the
    grain, each by its first day, and `compared` those that have a counterpart. `queries` are that of the current period
    and that of the previous one; without data there are none. `as_of` is the data version that was known; then the
    measures end with `facts`, the number of facts. `is_mean` says that `values` has means of rolling sums.
    """

    question: ReportQuestion
    measures: tuple[str, ...]
    values: Mapping[str, Callable[[Sequence[Number]], Number | None]]
    source: Source
    period: Period | None
    comparison: Comparison | None
    buckets: tuple[date, ...]
    compared: frozenset[date]
    queries: tuple[PeriodQuery, ...]
    as_of: int | None = None
    is_mean: bool = False

    @property
    def previous(self) -> Period | None:
        """The days that it is compared with."""
        return self.comparison.previous if self.comparison else None

    @property
    def periods(self) -> tuple[Period, ...]:
        """The days that it reads: the current period, and the previous one."""
        return tuple(period for period in (self.period, self.previous) if period)

    def has_counterpart(self, bucket: date | None) -> bool:
        """Whether days of the previous period correspond to a bucket, or without one, to the current period."""
        return bool(self.comparison) and (bucket is None or bucket in self.compared)


def with_means(plan: ReportPlan) -> ReportPlan:
    """Return the plan whose measures are means a day, not sums of rolling days; quotients are what they were."""
    days = Decimal(plan.question.rolling or 1)

    def mean(of_sums: Callable[[Sequence[Number]], Number | None]) -> Callable[[Sequence[Number]], Number | None]:
        return lambda sums: ROUNDED.divide(Decimal(of_sums(sums) or 0), days)

    values = {name: mean(value) if name in MEASURE_NAMES else value for name, value in plan.values.items()}
    return replace(plan, values=values, is_mean=True)


def plan_report(question: ReportQuestion, labels: Labels, as_of: int | None = None) -> ReportPlan:
    """Resolve labels to ids and dates to buckets, and choose the source; `as_of` is a data version.

    Raises InvalidRequest where a label has gone since the question was validated, where the days are too many buckets,
    and where there are no days before them to compare with.
    """
    filters = question.filters
    loaded = Period(labels.first_date, labels.last_date) if labels.first_date and labels.last_date else None
    period = _period(filters, labels)
    comparison = _comparison(question, period, loaded)
    buckets = _buckets(question, period, loaded)
    source = choose_source({*filters.dimensions, *question.group_by} - {*GRAINS, WEEKDAY}, labels)
    if as_of is not None:
        source = Source(BY_PLATFORM)

    def query(days: Period, starts: Starts) -> PeriodQuery:
        shown, summed = None, days
        if question.rolling and loaded:
            shown = {day: bucket for day, bucket in starts if bucket and day <= loaded.last}
            summed = _with_days_before(days, question.rolling, loaded)
            starts = [(day, day) for day in GRAINS["date"].buckets(summed.first, summed.last)] if shown else []
        if as_of is not None and loaded:
            # The ledger has all later days; of those that were not loaded then, nothing was known.
            summed = summed.within(loaded) or summed
        by_day = replace(filters, date_from=summed.first, date_to=summed.last, minimum=(), maximum=())
        conditions = plan_filters(by_day, labels)
        return PeriodQuery(
            days,
            (*source.conditions, *conditions),
            () if as_of is None else (Condition("data_version", "gt", as_of), *conditions),
            tuple(date_id(day) for day, _ in starts),
            (None, *(bucket for _, bucket in starts)),
            shown,
        )

    queries = [query(period, starts_of(buckets, period))] if period else []
    counterparts: Starts = []
    if comparison:
        counterparts = comparison.starts(buckets, question.grain) if question.grain else []
        queries.append(query(comparison.previous, counterparts))
    compared = frozenset(bucket for _, bucket in counterparts if bucket)
    measures = question.measures if as_of is None else (*question.measures, "facts")
    return ReportPlan(
        question, measures, _values(measures), source, period, comparison, buckets, compared, tuple(queries), as_of
    )


@cache
def _values(measures: tuple[str, ...]) -> Mapping[str, Callable[[Sequence[Number]], Number | None]]:
    """Return the metrics that can be computed from the sums of these measures."""
    return {name: metric.over(measures) for name, metric in METRICS.items() if set(metric.measures) <= set(measures)}


def _period(filters: Filters, labels: Labels) -> Period | None:
    first, last = labels.days(filters.date_from, filters.date_to)
    return Period(first, last) if first and last else None


def _comparison(question: ReportQuestion, period: Period | None, loaded: Period | None) -> Comparison | None:
    if question.compared_with is None or period is None:
        return None
    try:
        return compare(
            period,
            loaded,
            question.compared_with,
            preset=question.preset,
            match_weekdays=question.match_weekdays,
            weekdays=question.filters.weekdays,
        )
    except OverflowError as error:
        detail = f"The calendar has no {question.compare_to!r} of {period.first} to {period.last}."
        raise InvalidRequest([Fault("compare_to", "out_of_range", detail, question.compare_to)]) from error


def _buckets(question: ReportQuestion, period: Period | None, loaded: Period | None) -> tuple[date, ...]:
    grain = question.grain
    if grain is None or period is None:
        return ()
    if not question.fill and not question.compare_to:
        # Days without facts have no groups.
        period = period.within(loaded) if loaded else None
        if period is None:
            return ()
    check_buckets(question, grain, period)
    weekdays = question.filters.weekdays
    # A week has other days than those that the filters leave out.
    return tuple(
        bucket
        for bucket in grain.buckets(period.first, period.last)
        if grain.longest > 1 or bucket.weekday() in weekdays
    )


def _with_days_before(days: Period, rolling: int, loaded: Period) -> Period:
    """Return the loaded days of a period, and those before it that the sums of its first days need."""
    first = max(days.first, loaded.first)
    before = min(rolling - 1, (first - loaded.first).days)
    return Period(first - timedelta(days=before), min(days.last, loaded.last))
