"""Series: the groups of a report as what a chart shows, the largest by name and the others summed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from project.catalog import GRAINS, METRICS, Formula
from project.query.groups import Amounts, Group, ReportPage
from project.query.reports import ReportPlan

OTHER = "(all others)"

_MOST_SERIES = 6
"""Lines or colours that people can tell apart, beside "other"."""

_MOST_BARS = 20
_MOST_GROUPS_OF_BARS = 8
_LARGEST_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """What a chart shows: groups by place along its axis and by series.

    `names` are the series (of one without a name: ""), `along` the units or labels of the axis, in order. `left_out`
    says in words what "other" sums.
    """

    grained: bool
    along: Sequence[Any]
    names: Sequence[str]
    groups: Mapping[tuple[Any, str], Group]
    left_out: Sequence[str]


def shown(plan: ReportPlan, page: ReportPage, limit: int | None) -> Shown:
    """Return what a chart of a report shows; `limit` is how many bars, or lines, have names of their own."""
    question = plan.question
    grained = question.grain is not None
    place = next((at for at, name in enumerate(question.group_by) if name in GRAINS), 0)
    others = [name for name in question.group_by if name != question.group_by[place]]

    def along_of(group: Group) -> Any:
        return group.key[place]

    def name_of(group: Group) -> str:
        return " · ".join(map(str, (*group.key[:place], *group.key[place + 1 :])))

    left_out: list[str] = []
    along: Sequence[Any] = plan.units if grained else _ranked(plan, page.groups, along_of)
    names: Sequence[Any] = _ranked(plan, page.groups, name_of)
    if not grained:
        places = limit or (_MOST_GROUPS_OF_BARS if others else _MOST_BARS)
        along = _largest(along, min(places, _LARGEST_LIMIT), question.group_by[place], left_out)
    most = min(limit or _MOST_SERIES, _MOST_SERIES) if grained else _MOST_SERIES
    names = _largest(names, most, " and ".join(others), left_out)
    kept_along, kept_names = set(along), set(names)
    summed: dict[tuple[Any, str], list[Group]] = {}
    for group in page.groups:
        at, name = along_of(group), name_of(group)
        at = at if grained or at in kept_along else OTHER
        summed.setdefault((at, name if name in kept_names else OTHER), []).append(group)
    return Shown(grained, along, names, {key: _sum(key, groups) for key, groups in summed.items()}, left_out)


def _ranked(plan: ReportPlan, groups: Iterable[Group], name_of: Any) -> list[Any]:
    """Return the names in the report's own order where it is sorted, else the largest first."""
    totals: dict[Any, Any] = {}
    place = plan.measures.index(_size(plan.question.metrics[0]))
    for group in groups:
        name = name_of(group)
        totals[name] = totals.get(name, 0) + group.sums[place]
    sorted_by_metric = plan.question.sort and plan.question.sort[0].name.rpartition(".")[2] in METRICS
    return list(totals) if sorted_by_metric else sorted(totals, key=lambda name: (-totals[name], name))


def _size(metric: str) -> str:
    """Return the measure that says how much a metric is about: a quotient of little is not large."""
    found = METRICS[metric]
    return found.denominator if isinstance(found, Formula) else metric


def _largest(names: Sequence[Any], most: int, what: str, left_out: list[str]) -> Sequence[Any]:
    if len(names) <= most + 1:
        return names
    left_out.append(f"{most} of {len(names):,} by {what.replace('_', ' ')}; the other {len(names) - most:,} are summed")
    return [*names[:most], OTHER]


def _sum(key: tuple[Any, str], groups: Sequence[Group]) -> Group:
    if len(groups) == 1:
        return Group(key, *groups[0][1:])
    return Group(key, _add(one.sums for one in groups), _add(one.other for one in groups))


def _add(amounts: Iterable[Amounts]) -> Amounts:
    return tuple(map(sum, zip(*amounts, strict=True)))
