"""Captions: the title of a chart, the lines below it, and the same as text for people who cannot see it."""

from collections.abc import Iterator, Sequence
from typing import Any

from project.catalog import Number
from project.catalog.display import display_bucket, display_days, display_name, format_amount
from project.charts.marks import NOT_SETTLED, incomplete_buckets, is_loaded
from project.charts.series import ChartGroups, xml_safe
from project.query.filters import Filters
from project.query.periods import Period
from project.query.reports.question import ReportQuestion
from project.query.reports.run import Report

_LONGEST_LABEL = 40
_MOST_LABELS = 5


def title_of(question: ReportQuestion) -> str:
    """Return the title: `Cost and CTR by month`."""
    metrics = _listed([display_name(name) for name in question.metrics])
    dimensions = _listed([name.replace("_", " ") for name in question.group_by])
    return f"{metrics[0].upper()}{metrics[1:]} by {dimensions}"


def details_of(report: Report, groups: ChartGroups) -> list[str]:
    """Return the lines below the title: the days, the filters, and what is incomplete, summed or made up."""
    return [
        _days(report, groups),
        *filter(None, ["; ".join(_filters(report.plan.question.filters))]),
        *_incomplete(report, groups),
        *groups.summed,
        *(["Sample data, made up"] if report.labels.version.sample else []),
    ]


def alt_text(report: Report, groups: ChartGroups, currency: str) -> str:
    """Return the title and the lines, and the highest and lowest value of each metric among all groups."""
    question = report.plan.question
    sentences = [title_of(question), *details_of(report, groups)]
    index = question.grain_index or 0
    loaded = [group for group in report.page.groups if is_loaded(report, group.key[index])]

    def described(metric: str, value: Number, key: tuple[Any, ...]) -> str:
        return f"{format_amount(metric, value, currency)} ({' '.join(xml_safe(str(part)) for part in key)})"

    for metric in question.metrics:
        value_of = report.plan.values[metric]
        values = [(value, group.key) for group in loaded if (value := value_of(group.current)) is not None]
        if values:
            highest, lowest = described(metric, *max(values)), described(metric, *min(values))
            sentences.append(f"{display_name(metric)}: highest {highest}, lowest {lowest}")
    return ". ".join(sentences) + "."


def _days(report: Report, groups: ChartGroups) -> str:
    plan, question = report.plan, report.plan.question
    line = _range(plan.period) if plan.period else "no facts"
    if question.compare_to:
        look = groups.kind.previous or ("pale" if groups.has_series else "grey")
        line += f"; {look}: {display_name(question.compare_to)}"
        line += f", {plan.comparison}" if plan.comparison else ", no days"
    if plan.as_of is not None:
        line += f"; as known at data version {plan.as_of}"
    if question.rolling:
        line += f"; each date {'is the mean of' if plan.is_mean else 'sums'} {question.rolling} days"
    return line


def _filters(filters: Filters) -> Iterator[str]:
    for name, labels in filters.include:
        yield f"{display_name(name)}: {_few(labels)}"
    for name, labels in filters.exclude:
        yield f"without {display_name(name)}: {_few(labels)}"
    for name, minimum in filters.minimum:
        yield f"{display_name(name)} at least {minimum}"
    for name, maximum in filters.maximum:
        yield f"{display_name(name)} at most {maximum}"


def _incomplete(report: Report, groups: ChartGroups) -> Iterator[str]:
    """Yield how the buckets that look low are drawn, and what they lack."""
    grain, incomplete = report.plan.question.grain, incomplete_buckets(report)
    word = groups.kind.incomplete if len(groups.axis) > 1 or groups.kind.name != "line" else "hollow"
    unsettled = [bucket for bucket, state in incomplete.items() if NOT_SETTLED in state]
    named = {bucket: display_bucket(grain.name, bucket) for bucket in incomplete} if grain else {}
    texts = [
        f"{named[bucket]} has {state.removesuffix(f', {NOT_SETTLED}')}"
        for bucket, state in incomplete.items()
        if state != NOT_SETTLED
    ]
    texts += [f"{NOT_SETTLED}, from {named[min(unsettled)]}"] if unsettled else []
    if texts:
        yield f"{word[0].upper()}{word[1:]}: {'; '.join(texts)}"


def _range(period: Period) -> str:
    return display_days(period.first, period.last, with_year=True)


def _few(labels: Sequence[str]) -> str:
    first = [xml_safe(label) for label in labels[:_MOST_LABELS]]
    short = [label if len(label) <= _LONGEST_LABEL else label[:_LONGEST_LABEL] + "…" for label in first]
    more = len(labels) - _MOST_LABELS
    return ", ".join(short) + (f" and {more} more" if more > 0 else "")


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
