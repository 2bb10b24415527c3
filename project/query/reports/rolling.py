"""Rolling sums: each date of a report is the sums of the days that end there."""

from collections.abc import Mapping
from datetime import date
from operator import sub

from project.query.reports.groups import Amounts, Key, sum_amounts, summed
from project.query.reports.limits import LARGEST_GROUPS, too_many_groups
from project.query.reports.plan import PeriodQuery, ReportPlan
from project.store.warehouse.labels import Labels


def sums_of_days(plan: ReportPlan, query: PeriodQuery, sums: Mapping[Key, Amounts]) -> dict[Key, Amounts]:
    """Return the sums of the period's days by the date that each stands for, without the days before them."""
    index, shown = plan.question.columns.index("date"), query.shown or {}
    items = [
        ((*key[:index], shown.get(key[index]), *key[index + 1 :]), amounts)
        for key, amounts in sums.items()
        if key[index] >= query.period.first
    ]
    return summed(items)


def rolled(plan: ReportPlan, query: PeriodQuery, sums: Mapping[Key, Amounts], labels: Labels) -> dict[Key, Amounts]:
    """Return for each date the sums of the days that end there, where one of them has facts."""
    index, rolling, shown = plan.question.columns.index("date"), plan.question.rolling or 1, query.shown or {}
    series: dict[Key, dict[date, Amounts]] = {}
    for key, amounts in sums.items():
        series.setdefault((*key[:index], *key[index + 1 :]), {})[key[index]] = amounts
    result: dict[Key, Amounts] = {}
    nothing: Amounts = (0,) * len(plan.measures)
    for rest, by_day in series.items():
        # As ordinals: the day that a sum ends before may be none of the calendar.
        entering = {day.toordinal(): amounts for day, amounts in by_day.items()}
        leaving = {ordinal + rolling: amounts for ordinal, amounts in entering.items()}
        window, days = nothing, 0
        for ordinal in range(min(entering), min(max(leaving), query.period.last.toordinal() + 1)):
            if ordinal in entering:
                window, days = sum_amounts([window, entering[ordinal]]), days + 1
            if ordinal in leaving:
                window, days = tuple(map(sub, window, leaving[ordinal])), days - 1
            if days and (bucket := shown.get(date.fromordinal(ordinal))):
                result[*rest[:index], bucket, *rest[index:]] = window
        if len(result) > LARGEST_GROUPS:
            raise too_many_groups(plan.question, plan.period, plan.buckets, labels)
    return result
