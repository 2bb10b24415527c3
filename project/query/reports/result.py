"""The result of a report: the sums that it fetched become groups with labels, compared, filled, bounded and sorted.

Nothing here reads the database. All arithmetic is exact except that of quotients (`catalog.metrics.ROUNDED`).
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from project.catalog import GRAINS, Grain
from project.catalog.metrics import DECIMAL_MEASURES
from project.catalog.natural_order import WEEKDAY, WEEKDAYS
from project.errors import InvalidRequest
from project.query.periods import ALL_WEEKDAYS, Period
from project.query.reports.fetch import Fetched, Sums, column_of
from project.query.reports.groups import Amounts, Group, Key, sum_amounts, summed
from project.query.reports.limits import LARGEST_GROUPS, too_many_groups
from project.query.reports.pages import ReportPage, page_of
from project.query.reports.plan import PeriodQuery, ReportPlan
from project.query.reports.rolling import rolled, sums_of_days
from project.store.warehouse.labels import Labels


def build_result(plan: ReportPlan, fetched: Sequence[Fetched], labels: Labels) -> ReportPage:
    """Return the requested page. Raises InvalidRequest where there are too many groups."""
    question = plan.question
    if any(len(records) > LARGEST_GROUPS for of_period in fetched for records in of_period):
        raise _too_many_groups(plan, labels)
    sums = [_known(plan, query, records, labels) for query, records in zip(plan.queries, fetched, strict=True)]
    # The total is that of the days: rolling sums have each day several times.
    current_of_days, previous_of_days = [*sums, {}, {}][:2]
    if question.rolling:
        days = [sums_of_days(plan, query, one) for query, one in zip(plan.queries, sums, strict=True)]
        current_of_days, previous_of_days = [*days, {}, {}][:2]
        sums = [rolled(plan, query, one, labels) for query, one in zip(plan.queries, sums, strict=True)]
    current, previous = [*sums, {}, {}][:2]
    nothing = (0,) * len(plan.measures)
    if question.group_by and not question.fill and not (previous or previous_of_days):
        # Without a look-up of each key: a quarter of the time.
        groups = [Group(key, amounts, nothing) for key, amounts in current.items()]
    else:
        keys = dict.fromkeys((*current, *previous, *previous_of_days)) if question.group_by else {(): None}
        if question.fill:
            keys |= dict.fromkeys(_filled(plan, keys, labels))
        groups = [Group(key, current.get(key, nothing), previous.get(key, nothing), key not in current) for key in keys]
    if len(groups) > LARGEST_GROUPS:
        raise _too_many_groups(plan, labels)
    if question.filters.bounded:
        groups = [group for group in groups if _is_within_bounds(plan, group)]
    summed_groups = groups if question.totals or question.compare_to else []
    total = Group(
        (),
        sum_amounts([nothing, *(current_of_days.get(group.key, nothing) for group in summed_groups)]),
        sum_amounts([nothing, *(previous_of_days.get(group.key, nothing) for group in summed_groups)]),
    )
    return page_of(plan, _complete(plan, groups), total)


def _known(plan: ReportPlan, query: PeriodQuery, fetched: Fetched, labels: Labels) -> dict[Key, Amounts]:
    """Return the sums by their dimensions; with `as_of`, as they were known then."""
    now = _by_key(plan, query, fetched.sums, labels)
    if plan.as_of is None:
        return now
    # What was known is what is known, without what the ledger has later.
    later = _by_key(plan, query, fetched.later, labels)
    negated = ((key, tuple(-amount for amount in amounts)) for key, amounts in later.items())
    facts = plan.measures.index("facts")
    return {key: amounts for key, amounts in summed((*now.items(), *negated)).items() if amounts[facts]}


def _by_key(plan: ReportPlan, query: PeriodQuery, sums: Sums, labels: Labels) -> dict[Key, Amounts]:
    """Return the sums by their dimensions; days that count for no bucket have the key None there."""
    if not sums:
        return {}
    # Column by column, which takes half the time of record by record.
    columns = dict(zip(sums[0].keys(), zip(*sums, strict=True), strict=True))
    keys = [_key_column(query, name, columns[column_of(name)], labels) for name in plan.question.columns]
    types = [Decimal if measure in DECIMAL_MEASURES else int for measure in plan.measures]
    amounts = [
        [type_(amount or 0) for amount in columns[measure]] for measure, type_ in zip(plan.measures, types, strict=True)
    ]
    every_key = zip(*keys, strict=True) if keys else [()] * len(sums)
    every_amount = zip(*amounts, strict=True) if amounts else [()] * len(sums)
    return summed(list(zip(every_key, every_amount, strict=True)))


def _key_column(query: PeriodQuery, name: str, values: Iterable[int], labels: Labels) -> list[Any]:
    """Return the first days of buckets, which are counted from 1, weekdays likewise, or the labels of ids."""
    if name in GRAINS:
        return [query.buckets[value] for value in values]
    if name == WEEKDAY:
        return [WEEKDAYS[int(value) - 1] for value in values]
    of_id = labels[name].labels
    return [of_id[value] for value in values]


def _filled(plan: ReportPlan, keys: Iterable[Key], labels: Labels) -> list[Key]:
    """Return every bucket of the period, or without a grain every weekday, for every group present.

    A report of them alone always has one group.
    """
    columns, grain = plan.question.columns, plan.question.grain
    index = columns.index(grain.name if grain else WEEKDAY)
    every: Sequence[Any] = _buckets_with_days(plan, grain) if grain else _weekdays(plan)
    remaining = dict.fromkeys((*key[:index], *key[index + 1 :]) for key in keys if key[index] is not None)
    if len(columns) == 1:
        remaining = {(): None}
    if len(remaining) * len(every) > LARGEST_GROUPS:
        raise _too_many_groups(plan, labels)
    return [(*key[:index], bucket, *key[index:]) for key, bucket in product(remaining, every)]


def _buckets_with_days(plan: ReportPlan, grain: Grain) -> Sequence[date]:
    """Return the buckets that have days of the weekdays that the filters include."""
    period, included = plan.period, plan.question.filters.weekdays
    if period is None or included == ALL_WEEKDAYS:
        return plan.buckets
    lasts = (bucket + timedelta(days=grain.days(bucket) - 1) for bucket in plan.buckets)
    days = [Period(bucket, last).within(period) for bucket, last in zip(plan.buckets, lasts, strict=True)]
    return [bucket for bucket, within in zip(plan.buckets, days, strict=True) if within and within.count(included)]


def _weekdays(plan: ReportPlan) -> list[str]:
    """Return the weekdays of the period that the filters include."""
    period, included = plan.period, plan.question.filters.weekdays
    return [name for number, name in enumerate(WEEKDAYS) if period and number in included and period.count({number})]


def _complete(plan: ReportPlan, groups: Iterable[Group]) -> list[Group]:
    """Return the groups of the report, with the weekdays of dates, and without days that count for no bucket."""
    question = plan.question
    if question.columns == question.group_by:
        return [group for group in groups if None not in group.key]
    index, date_index = question.group_by.index(WEEKDAY), question.columns.index("date")
    return [
        group._replace(key=(*group.key[:index], WEEKDAYS[day.weekday()], *group.key[index:]))
        for group in groups
        if (day := group.key[date_index])
    ]


def _is_within_bounds(plan: ReportPlan, group: Group) -> bool:
    for metric, minimum in plan.question.filters.minimum:
        value = plan.values[metric](group.current)
        if value is None or value < minimum:
            return False
    for metric, maximum in plan.question.filters.maximum:
        value = plan.values[metric](group.current)
        if value is None or value > maximum:
            return False
    return True


def _too_many_groups(plan: ReportPlan, labels: Labels) -> InvalidRequest:
    return too_many_groups(plan.question, plan.period, plan.buckets, labels)
