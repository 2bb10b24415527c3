"""Series: the groups of a report as a chart shows them, the largest by name and the others summed."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from project.catalog import METRICS, Formula
from project.query.keyset import SortKey
from project.query.reports.result import Group, sort_groups, sum_amounts
from project.query.reports.run import Report

OTHERS = "(all others)"

_MOST_SERIES = 6
"""Lines or colours that people can distinguish, beside the others."""

_MOST_BARS = 20
_MOST_GROUPS_OF_BARS = 8
_LARGEST_LIMIT = 50


@dataclass(frozen=True, slots=True)
class ChartGroups:
    """The groups that a chart shows, by their value on its axis and their series.

    `axis` has the calendar units or labels of the axis, and `series` the names of the series, both in order; a report
    of one dimension has one series, named "". `others` is the name of the sum of all groups without a name of their
    own, and `summed` has a sentence for each such sum.
    """

    axis: Sequence[Any]
    series: Sequence[str]
    groups: Mapping[tuple[Any, str], Group]
    others: str
    summed: Sequence[str]


def chart_groups(report: Report, limit: int | None = None) -> ChartGroups:
    """Return the groups that a chart of a report shows; `limit` is how many bars, or lines, have names."""
    question, groups = report.plan.question, report.page.groups
    has_grain = question.grain is not None
    axis_index = question.grain_index or 0
    series_indexes = [index for index in range(len(question.group_by)) if index != axis_index]

    def axis_value(group: Group) -> Any:
        return group.key[axis_index] if has_grain else xml_safe(group.key[axis_index])

    def series_name(group: Group) -> str:
        return " · ".join(xml_safe(str(group.key[index])) for index in series_indexes)

    axis: Sequence[Any] = report.plan.buckets if has_grain else _ranked(report, axis_value, [axis_index])
    series: Sequence[str] = _ranked(report, series_name, series_indexes)
    others = OTHERS
    while others in axis or others in series:
        others = f"({others})"
    summed: list[str] = []
    if not has_grain:
        bars = limit or (_MOST_GROUPS_OF_BARS if series_indexes else _MOST_BARS)
        axis = _largest(axis, min(bars, _LARGEST_LIMIT), question.group_by[axis_index], others, summed)
    lines = min(limit or _MOST_SERIES, _MOST_SERIES) if has_grain else _MOST_SERIES
    dimensions = " and ".join(question.group_by[index] for index in series_indexes)
    series = _largest(series, lines, dimensions, others, summed)
    axis_values, series_names = set(axis), set(series)
    members: dict[tuple[Any, str], list[Group]] = {}
    for group in groups:
        value, name = axis_value(group), series_name(group)
        value = value if has_grain or value in axis_values else others
        members.setdefault((value, name if name in series_names else others), []).append(group)
    return ChartGroups(axis, series, {key: _sum(key, groups) for key, groups in members.items()}, others, summed)


def xml_safe(text: str) -> str:
    """Return a text with U+FFFD instead of each character that XML, and so SVG, forbids (XML 1.0, section 2.2)."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _ranked(report: Report, name_of: Callable[[Group], Any], indexes: Sequence[int]) -> list[Any]:
    """Return the names in the order of the report's sort, each by the sum of its groups; else the largest first.

    `indexes` are those of the dimensions that make the names; a sort by another dimension does not order them.
    """
    question = report.plan.question
    members: dict[Any, list[Group]] = {}
    for group in report.page.groups:
        members.setdefault(name_of(group), []).append(group)
    dimensions = {question.group_by[index] for index in indexes}
    sort = [key for key in question.sort if key.name in dimensions or key.name not in question.group_by]
    if not sort:
        sort = [SortKey(_size_measure(question.metrics[0]), descending=True)]
    names = {}
    sums = []
    for name, groups in members.items():
        key = tuple(part if index in indexes else None for index, part in enumerate(groups[0].key))
        names[key] = name
        sums.append(_sum(key, groups))
    return [names[group.key] for group in sort_groups(sums, sort, report.plan)]


def _size_measure(metric: str) -> str:
    """Return the measure that says how large a group is: for a quotient its denominator."""
    definition = METRICS[metric]
    return definition.denominator if isinstance(definition, Formula) else metric


def _largest(names: Sequence[Any], most: int, dimensions: str, others: str, summed: list[str]) -> Sequence[Any]:
    """Return the first names, then `others` if there are more, of which it adds a sentence to `summed`."""
    if len(names) <= most + 1:
        return names
    remaining = len(names) - most
    summed.append(f"{most} of {len(names):,} by {dimensions.replace('_', ' ')}; the other {remaining:,} are summed")
    return [*names[:most], others]


def _sum(key: tuple[Any, ...], groups: Sequence[Group]) -> Group:
    if len(groups) == 1:
        return Group(key, *groups[0][1:])
    return Group(key, sum_amounts(group.current for group in groups), sum_amounts(group.previous for group in groups))
