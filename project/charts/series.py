"""Series: the groups of a report as a chart shows them, the largest by name and the others summed."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from project.catalog.display import display_label
from project.catalog.natural_order import NATURAL_ORDERS
from project.charts.kinds import Kind, kind_of
from project.query.reports.groups import Group, sum_groups
from project.query.reports.pages import by_size, sort_groups
from project.query.reports.run import Report


@dataclass(frozen=True, slots=True)
class ChartGroups:
    """The groups that a chart shows, by their value on its axis and their series.

    `axis` has the buckets or labels of the axis, and `series` the names of the series, both in order, each with the
    labels that it stands for, None for the sum of all that have no name of their own. Without series (`has_series`)
    there is one, named "". `axis_others` is such a sum on the axis, "" without, and `summed` has a sentence for each.
    """

    kind: Kind
    axis: Sequence[Any]
    series: Mapping[str, Sequence[str] | None]
    has_series: bool
    groups: Mapping[tuple[Any, ...], Group]
    summed: Sequence[str]
    axis_others: str
    axis_names: Mapping[str, str]

    def name_of(self, axis_value: Any) -> str:
        """Return a label of the axis as people write it, and a date as it is."""
        return self.axis_names.get(axis_value, str(axis_value))


def chart_groups(report: Report, kind: str | None = None, limit: int | None = None) -> ChartGroups:
    """Return the groups that a chart of a report shows; `limit` is how many labels and series have names.

    Raises InvalidRequest where the kind cannot show the report.
    """
    plan, question = report.plan, report.plan.question
    of_kind = kind_of(question, kind)
    axis_index = question.grain_index or 0
    series_indexes = [index for index in range(len(question.group_by)) if index != axis_index]
    groups = [group._replace(key=tuple(map(xml_safe, group.key))) for group in report.page.groups]
    most_labels, most_series = of_kind.named(limit, has_series=bool(series_indexes))

    def series_labels(group: Group) -> tuple[str, ...]:
        return tuple(str(group.key[index]) for index in series_indexes)

    series_names = _names(map(series_labels, groups))

    def series_name(group: Group) -> str:
        return series_names[series_labels(group)]

    summed: list[str] = []
    axis: Sequence[Any] = plan.buckets
    axis_others = ""
    if not question.grain:
        labels = [group.key[axis_index] for group in _ranked(report, groups, [axis_index], most_labels)]
        axis, axis_others = _largest(labels, most_labels, question.group_by[axis_index], summed)
    ranked = _ranked(report, groups, series_indexes, most_series)
    names: dict[str, Sequence[str] | None] = {series_name(group): series_labels(group) for group in ranked}
    dimensions = " and ".join(question.group_by[index] for index in series_indexes)
    named, others = _largest(list(names), most_series, dimensions, summed)
    axis_names = {} if question.grain else {key[0]: name for key, name in _names((str(at),) for at in axis).items()}
    axis_values = set(axis)

    def cell(group: Group) -> tuple[Any, str]:
        value, name = group.key[axis_index], series_name(group)
        return value if value in axis_values else axis_others, name if name in series else others

    series = {name: None if name == others else names[name] for name in named}
    return ChartGroups(
        of_kind, axis, series, bool(series_indexes), sum_groups(groups, cell), summed, axis_others, axis_names
    )


def xml_safe(part: Any) -> Any:
    """Return a label with U+FFFD for each character that XML, and so SVG, forbids (XML 1.0, section 2.2)."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", part) if isinstance(part, str) else part


_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _names(labels: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Return labels as people write them, or where two would have the same name, as they are."""
    names = {label: " · ".join(map(display_label, label)) for label in labels}
    return names if len({*names.values()}) == len(names) else {label: " · ".join(label) for label in names}


def _ranked(report: Report, groups: Sequence[Group], indexes: Sequence[int], most: int) -> list[Group]:
    """Return the sums by the dimensions with these indexes in the order of the report's sort, else the largest first.

    A sort by another dimension does not order them. Of labels that have a natural order, the `most` largest have it.
    """
    plan, total = report.plan, report.page.total
    question = plan.question
    dimensions = {question.group_by[index] for index in indexes}
    sort = [key for key in question.sort if key.name in dimensions or key.name not in question.group_by]
    natural = not sort and not dimensions.isdisjoint(NATURAL_ORDERS)
    if not sort:
        sort = [by_size(question.metrics[0])]

    def partial_key(group: Group) -> tuple[Any, ...]:
        return tuple(part if index in indexes else None for index, part in enumerate(group.key))

    ranked = sort_groups(sum_groups(groups, partial_key).values(), sort, plan, total)
    if not natural:
        return ranked
    named = most if len(ranked) > most + 1 else len(ranked)
    return [*sort_groups(ranked[:named], (), plan, total), *ranked[named:]]


def _largest(names: Sequence[Any], most: int, dimensions: str, summed: list[str]) -> tuple[Sequence[Any], str]:
    """Return the first names, then that of the others if there are more, of which it adds a sentence to `summed`.

    Also return the name of the others alone; "" where there are none.
    """
    if len(names) <= most + 1:
        return names, ""
    remaining = len(names) - most
    summed.append(f"{most} of {len(names):,} by {dimensions.replace('_', ' ')}; the other {remaining:,} are summed")
    others = others_name(remaining, names)
    return [*names[:most], others], others


def others_name(count: int, names: Container[str]) -> str:
    """Return what so many are called that have no name of their own: `4 others`, or what none of `names` is."""
    others = f"{count:,} others"
    while others in names:
        others = f"({others})"
    return others
