"""Marks: the values that a chart shows, one a group, metric and period."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise, product
from typing import Any

from project.catalog import coarser_than
from project.catalog.display import display_bucket, display_name, format_amount
from project.catalog.natural_order import WEEKDAY
from project.charts.series import ChartGroups
from project.errors import Fault, InvalidRequest
from project.query.periods import Period
from project.query.reports.groups import Amounts
from project.query.reports.question import ReportQuestion
from project.query.reports.run import Report
from project.query.settling import unsettled_days

MOST_MARKS = 10_000
"""714 days of 6 lines and the others, compared. More takes seconds and a gigabyte to render."""


NOT_SETTLED = "not settled yet"


def period_names(question: ReportQuestion) -> Sequence[str]:
    """Return the name of the current period, and that of the previous one where the report compares."""
    return ["this period", *([display_name(question.compare_to)] if question.compare_to else [])]


def check_marks(question: ReportQuestion, groups: ChartGroups) -> None:
    """Raise InvalidRequest where a chart has more than MOST_MARKS."""
    marks = len(groups.axis) * len(groups.series) * len(question.metrics) * len(period_names(question))
    if marks <= MOST_MARKS:
        return
    detail = (
        f"The picture would have {marks:,} marks; it may have {MOST_MARKS:,}. Ask for fewer days, fewer metrics, or a"
        " coarser grain; files have everything."
    )
    coarser = coarser_than(question.grain)[:1] if question.grain else []
    suggestions = tuple("group_by=" + ",".join(question.grouped_with(grain)) for grain in coarser)
    raise InvalidRequest([Fault("group_by", "too_many_marks", detail, ",".join(question.group_by), suggestions)])


def mark_values(report: Report, groups: ChartGroups, metric: str, currency: str) -> Iterator[dict[str, Any]]:
    """Yield the marks of a metric as records of Vega-Lite's `data`; `tip` is the text under the pointer.

    Each is `complete`, `incomplete` or of the `previous` period. Bars over dates have where they `start` and `end`; the
    second of two values of a line of which one is incomplete has the first: `since` and `before`.
    """
    question = report.plan.question
    periods = period_names(question)
    incomplete, columns = incomplete_buckets(report), column_extents(report, groups)
    lines: dict[str, dict[str, Any]] = {}
    for at, (index, series), (period_index, period) in product(
        groups.axis, enumerate(groups.series), enumerate(periods)
    ):
        if not (amounts := _amounts(report, groups, at, series, previous=bool(period_index))):
            continue
        value = report.plan.values[metric](amounts)
        state = incomplete.get(at, "") if not period_index else ""
        names = (groups.name_of(at), series, period if question.compare_to else "", state)
        mark: dict[str, Any] = {
            "at": groups.name_of(at),
            "series": series,
            "value": None if value is None else float(value),
            "previous" if period_index else "incomplete" if state else "complete": True,
            "tip": f"{', '.join(filter(None, names))}: {format_amount(metric, value, currency)}",
        }
        if groups.kind.adds_up and not period_index:
            mark["order"] = index
        if not question.grain:
            mark["slot"] = len(periods) * index + period_index
        elif groups.kind.name == "heatmap":
            mark |= dict(zip(("start", "end"), map(_instant, columns[at]), strict=True))
        elif groups.kind.name == "bar":
            first, last = columns[at]
            slot = (last - first) * 0.84 / (len(groups.series) * len(periods))
            start = first + (last - first) * 0.08 + slot * (len(periods) * index + period_index)
            mark |= {"start": _instant(start), "end": _instant(start + slot)}
        elif not period_index:
            before = lines.get(series)
            if before and before["value"] is not None and ("incomplete" in before or state):
                mark |= {"since": before["at"], "before": before["value"]}
            lines[series] = mark
        yield mark


def column_values(report: Report, groups: ChartGroups, metric: str, currency: str) -> Iterator[dict[str, Any]]:
    """Yield, as records of Vega-Lite's `data`, each value of the axis that has marks.

    `tip` is what all of them are: a title, then a line for each series, with tabs between its name, its value and that
    of the previous period. Dates have the days that they stand for, and where their part of the axis starts and ends.
    """
    plan, question = report.plan, report.plan.question
    value_of, periods = plan.values[metric], period_names(question)
    incomplete, extents = incomplete_buckets(report), column_extents(report, groups)
    for at in groups.axis:
        title = display_bucket(question.grain.name, at) if question.grain else " ".join(groups.name_of(at).split())
        title += f" ({incomplete[at]})" if at in incomplete else ""
        lines = [[title, *(periods if question.compare_to else [])]]
        sums = [0.0] * len(periods)
        for series in groups.series:
            cells = [_amounts(report, groups, at, series, previous=bool(index)) for index in range(len(periods))]
            if not any(cells):
                continue
            values = [value_of(amounts) if amounts else None for amounts in cells]
            sums = [total + float(value or 0) for total, value in zip(sums, values, strict=True)]
            texts = [
                format_amount(metric, value, currency) if amounts else ""
                for value, amounts in zip(values, cells, strict=True)
            ]
            lines.append([" ".join(series.split()) or display_name(metric), *texts])
        if len(lines) == 1:
            continue
        column: dict[str, Any] = {"at": groups.name_of(at), "tip": "\n".join(map("\t".join, lines))}
        if not question.grain and at != groups.axis_others:
            column["label"] = at
        if question.grain:
            first, last = extents[at]
            days = (
                Period(at, at + timedelta(days=question.grain.days(at) - 1)).within(plan.period)
                if plan.period
                else None
            )
            column |= {"start": _instant(first), "end": _instant(last)}
            column |= {"date_from": str(days.first), "date_to": str(days.last)} if days else {}
            if plan.has_counterpart(at):
                column["before"] = sums[-1]
        yield column


def column_extents(report: Report, groups: ChartGroups) -> dict[date, tuple[datetime, datetime]]:
    """Return which part of the axis each bucket has: from the middle between it and the one before; {} without."""
    grain = report.plan.question.grain
    if not grain or not groups.axis:
        return {}
    starts = [datetime.combine(bucket, time()) for bucket in groups.axis]
    days = timedelta(days=grain.days(groups.axis[0]))
    steps = [later - earlier for earlier, later in pairwise(starts)] or [days]
    steps = [steps[0], *steps, steps[-1]]
    return {
        bucket: (start - before / 2, start + after / 2)
        for bucket, start, before, after in zip(groups.axis, starts, steps, steps[1:], strict=False)
    }


def incomplete_buckets(report: Report) -> dict[date, str]:
    """Return what the numbers of buckets lack that look low: days that still change, or days that they do not have."""
    grain, period, labels = report.plan.question.grain, report.plan.period, report.labels
    if not (grain and period and labels.first_date and labels.last_date):
        return {}
    first, last = max(period.first, labels.first_date), min(period.last, labels.last_date)
    unsettled = unsettled_from(report)
    incomplete = {bucket: NOT_SETTLED for bucket in report.plan.buckets if unsettled and unsettled <= bucket <= last}
    for bucket in sorted({grain.start(first), grain.start(last)}) if first <= last else ():
        all_days = grain.days(bucket)
        days = (min(last, bucket + timedelta(days=all_days - 1)) - max(first, bucket)).days + 1
        if days < all_days:
            part = f"{days} of its {all_days} days"
            incomplete[bucket] = f"{part}, {incomplete[bucket]}" if bucket in incomplete else part
    return incomplete


def unsettled_from(report: Report) -> date | None:
    """Return the first bucket of the axis whose numbers usually still change; None without, or where it is unknown."""
    grain = report.plan.question.grain
    days = unsettled_days(report.plan.question.filters, report.labels, report.plan.period)
    return grain.start(days.first) if grain and days else None


def is_loaded(report: Report, axis_value: Any, *, previous: bool = False) -> bool:
    """Whether a bucket of the axis, or its counterpart in the previous period, can have facts.

    A day that the data does not reach yet, or that has no counterpart, is not 0. Labels always can have facts.
    """
    grain, labels = report.plan.question.grain, report.labels
    if previous:
        return report.plan.has_counterpart(axis_value if grain else None)
    return not grain or bool(axis_value <= (labels.last_date or date.max))


def _amounts(report: Report, groups: ChartGroups, at: Any, series: str, *, previous: bool) -> Amounts | None:
    """Return the sums of a group in one period; None where it has none, rather than 0."""
    question = report.plan.question
    group = groups.groups.get((at, series))
    # A group that the report leaves out is not 0, nor is a weekday of a week that has only some days.
    if group is None and (question.filters.bounded or not question.grain or WEEKDAY in question.group_by):
        return None
    if not is_loaded(report, at, previous=previous):
        return None
    if group is None:
        return (0,) * len(report.plan.measures)
    return group.previous if previous else group.current


def _instant(at: datetime) -> str:
    return f"{at.isoformat(timespec='seconds')}Z"
