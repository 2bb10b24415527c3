"""Series: the groups of a report as what a chart shows, the largest by name and the others summed."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from project.catalog import METRICS, Formula
from project.query.keyset import SortKey
from project.query.reports.plan import ReportPlan
from project.query.reports.result import Group, ReportPage, sort_groups, sum_amounts

OTHERS = "(all others)"

_MOST_SERIES = 6
"""Lines or colours that people can tell apart, beside the others."""

_MOST_BARS = 20
_MOST_GROUPS_OF_BARS = 8
_LARGEST_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """What a chart shows: groups by place along its axis and by series.

    `along` are the units or labels of the axis and `names` the series, in order; of one without a name it is "".
    `others` is what stands for all that have no name of their own, and `left_out` says in words which these are.
    """

    along: Sequence[Any]
    names: Sequence[str]
    groups: Mapping[tuple[Any, str], Group]
    others: str
    left_out: Sequence[str]


def shown(plan: ReportPlan, page: ReportPage, limit: int | None) -> Shown:
    """Return what a chart of a report shows; `limit` is how many bars, or lines, have names of their own."""
    question = plan.question
    grained = question.grain is not None
    place = question.grain_index or 0
    rest = [at for at in range(len(question.group_by)) if at != place]

    def along_of(group: Group) -> Any:
        return group.key[place] if grained else legible(group.key[place])

    def name_of(group: Group) -> str:
        return " · ".join(legible(str(group.key[at])) for at in rest)

    left_out: list[str] = []
    along: Sequence[Any] = plan.buckets if grained else _ranked(plan, page.groups, along_of, [place])
    names: Sequence[Any] = _ranked(plan, page.groups, name_of, rest)
    others = OTHERS
    while others in along or others in names:
        others = f"({others})"
    if not grained:
        places = limit or (_MOST_GROUPS_OF_BARS if rest else _MOST_BARS)
        along = _largest(along, min(places, _LARGEST_LIMIT), question.group_by[place], others, left_out)
    most = min(limit or _MOST_SERIES, _MOST_SERIES) if grained else _MOST_SERIES
    names = _largest(names, most, " and ".join(question.group_by[at] for at in rest), others, left_out)
    kept_along, kept_names = set(along), set(names)
    summed: dict[tuple[Any, str], list[Group]] = {}
    for group in page.groups:
        at, name = along_of(group), name_of(group)
        at = at if grained or at in kept_along else others
        summed.setdefault((at, name if name in kept_names else others), []).append(group)
    return Shown(along, names, {key: _sum(key, groups) for key, groups in summed.items()}, others, left_out)


def legible(text: str) -> str:
    """Return a text with a mark in the place of each character that no picture can hold (XML 1.0, section 2.2)."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _ranked(plan: ReportPlan, groups: Iterable[Group], name_of: Callable[[Group], Any], places: list[int]) -> list[Any]:
    """Return the names in the order that the report asks for, each with its sums of all; else the largest first.

    `places` are those of the dimensions that make the names; a sort by any other says nothing about them.
    """
    grouped: dict[Any, list[Group]] = {}
    for group in groups:
        grouped.setdefault(name_of(group), []).append(group)
    by = plan.question.group_by
    own = {by[place] for place in places}
    sort = [key for key in plan.question.sort if key.name in own or key.name not in by]
    if not sort:
        sort = [SortKey(_size(plan.question.metrics[0]), descending=True)]
    named = {}
    for name, of in grouped.items():
        key = tuple(part if place in places else None for place, part in enumerate(of[0].key))
        named[key] = (name, _sum(key, of))
    return [named[group.key][0] for group in sort_groups((group for _, group in named.values()), sort, plan)]


def _size(metric: str) -> str:
    """Return the measure that says how much a metric is about: a quotient of little is not large."""
    found = METRICS[metric]
    return found.denominator if isinstance(found, Formula) else metric


def _largest(names: Sequence[Any], most: int, what: str, others: str, left_out: list[str]) -> Sequence[Any]:
    if len(names) <= most + 1:
        return names
    left_out.append(f"{most} of {len(names):,} by {what.replace('_', ' ')}; the other {len(names) - most:,} are summed")
    return [*names[:most], others]


def _sum(key: tuple[Any, ...], groups: Sequence[Group]) -> Group:
    if len(groups) == 1:
        return Group(key, *groups[0][1:])
    return Group(key, sum_amounts(one.current for one in groups), sum_amounts(one.previous for one in groups))
