"""The plan of a report: labels become ids, days become buckets of the grain, and a source is chosen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from project.catalog import GRAINS, METRICS, Number, date_id
from project.errors import Fault, InvalidRequest
from project.query.filters import Condition, Filters, plan_filters
from project.query.periods import Comparison, Period, bucket_starts, compare
from project.query.reports.limits import check_buckets
from project.query.reports.question import ReportQuestion
from project.query.rollup_choice import Source, choose_source
from project.store.warehouse.labels import Labels


@dataclass(frozen=True, slots=True)
class PeriodQuery:
    """The query of one period: its conditions, and the first day (YYYYMMDD) that counts for each bucket."""

    conditions: tuple[Condition, ...]
    bucket_starts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """The question in the database's terms.

    `measures` are summed, and `values` computes each metric of their sums in this order. `buckets` are those of the
    grain, each by its first day. `queries` are that of the current period and that of the previous one;
    without data there are none.
    """

    question: ReportQuestion
    measures: tuple[str, ...]
    values: Mapping[str, Callable[[Sequence[Number]], Number | None]]
    source: Source
    period: Period | None
    comparison: Comparison | None
    buckets: tuple[date, ...]
    queries: tuple[PeriodQuery, ...]

    @property
    def previous(self) -> Period | None:
        """The days that it is compared with."""
        return self.comparison.previous if self.comparison else None

    @property
    def periods(self) -> tuple[Period, ...]:
        """The days that it reads: the current period, and the previous one."""
        return tuple(period for period in (self.period, self.previous) if period)


def plan_report(question: ReportQuestion, labels: Labels) -> ReportPlan:
    """Resolve labels to ids and dates to buckets, and choose the source.

    Raises InvalidRequest where a label has gone since the question was validated, where the days are too many buckets,
    and where there are no days before them to compare with.
    """
    filters = question.filters
    period = _period(filters, labels)
    comparison = _comparison(question, period, labels)
    buckets = _buckets(question, period, labels)
    source = choose_source({*filters.dimensions, *question.group_by} - GRAINS.keys(), labels)
    by_label = plan_filters(Filters(include=filters.include, exclude=filters.exclude), labels)

    def query(days: Period, compared: Comparison | None) -> PeriodQuery:
        by_day = plan_filters(Filters(days.first, days.last), labels)
        starts = bucket_starts(buckets, period, compared) if buckets and period else ()
        return PeriodQuery((*source.conditions, *by_day, *by_label), tuple(map(date_id, starts)))

    queries = [query(period, None)] if period else []
    if comparison and comparison.previous:
        queries.append(query(comparison.previous, comparison))
    measures = question.measures
    values = {name: metric.over(measures) for name, metric in METRICS.items() if set(metric.measures) <= set(measures)}
    return ReportPlan(question, measures, values, source, period, comparison, buckets, tuple(queries))


def _period(filters: Filters, labels: Labels) -> Period | None:
    first, last = labels.days(filters.date_from, filters.date_to)
    return Period(first, last) if first and last else None


def _comparison(question: ReportQuestion, period: Period | None, labels: Labels) -> Comparison | None:
    if question.compare_to is None or period is None:
        return None
    try:
        return compare(question.compare_to, period, max(question.today, labels.last_date or date.min))
    except OverflowError as error:
        detail = f"The calendar has no {question.compare_to.replace('_', ' ')} of {period.first} to {period.last}."
        raise InvalidRequest([Fault("compare_to", "out_of_range", detail, question.compare_to)]) from error


def _buckets(question: ReportQuestion, period: Period | None, labels: Labels) -> tuple[date, ...]:
    grain = question.grain
    if grain is None or period is None:
        return ()
    if not question.fill and not question.compare_to:
        # Days without facts have no groups.
        first, last = max(period.first, labels.first_date or date.max), min(period.last, labels.last_date or date.min)
        if first > last:
            return ()
        period = Period(first, last)
    check_buckets(question, grain, period)
    return tuple(grain.buckets(period.first, period.last))
