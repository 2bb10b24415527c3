"""Rolling sums: each date of a report is the sums of the days that end there."""

from collections.abc import Mapping
from datetime import date, timedelta
from operator import sub

from project.catalog import GRAINS
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
        leaving = {day + timedelta(days=rolling): amounts for day, amounts in by_day.items()}
        window, days = nothing, 0
        last = min(max(by_day) + timedelta(days=rolling - 1), query.period.last)
        for day in GRAINS["date"].buckets(min(by_day), last):
            if day in by_day:
                window, days = sum_amounts([window, by_day[day]]), days + 1
            if day in leaving:
                window, days = tuple(map(sub, window, leaving[day])), days - 1
            if days and day in shown:
                result[*rest[:index], shown[day], *rest[index:]] = window
        if len(result) > LARGEST_GROUPS:
            raise too_many_groups(plan.question, plan.period, plan.buckets, labels)
    return result
