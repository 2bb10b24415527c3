"""Groups: the sums that a report fetched become its answer. Labels, comparison, fill, bounds, totals, order, page.

Pure: it reads nothing. All arithmetic is exact but that of quotients (`catalog.metrics.ROUNDED`).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from operator import itemgetter
from typing import Any, NamedTuple

from project.catalog import GRAINS, METRICS, ROUNDED, Number
from project.query import cursors
from project.query.keyset import SortKey
from project.query.reports.limits import too_many_groups
from project.query.reports.plan import LARGEST_GROUPS, Position, ReportPlan, Sums, column_of
from project.store.warehouse.labels import Labels

Key = tuple[Any, ...]
Amounts = tuple[Number, ...]
"""The sums of a plan's measures, in its order."""


class Group(NamedTuple):
    """One group: its labels and first days in the order grouped by, and its sums.

    `other` are the sums of the compared period, all 0 where it has none; `empty` says that its own period has no facts.
    """

    key: Key
    sums: Amounts
    other: Amounts
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A metric of the compared period, and how far its own is from that; None where there is no such number."""

    value: Number | None
    change: Number | None
    change_ratio: Decimal | None


@dataclass(frozen=True, slots=True)
class ReportPage:
    """One page of groups; `total` sums all pages, where that was asked for."""

    groups: Sequence[Group]
    total: Group | None
    next_cursor: str | None


def arrange(plan: ReportPlan, fetched: Sequence[Sums], labels: Labels) -> ReportPage:
    """Return the page that was asked for. Raises InvalidRequest where both periods or filling make too many groups."""
    question = plan.question
    if any(len(sums) > LARGEST_GROUPS for sums in fetched):
        raise too_many_groups(plan, labels)
    own, *others = [_by_key(plan, sums, labels) for sums in fetched] or [{}]
    other = others[0] if others else {}
    nothing = (0,) * len(plan.measures)
    keys = dict.fromkeys((*own, *other))
    if not question.group_by:
        keys = {(): None}
    if question.fill:
        keys = dict.fromkeys(_filled(plan, keys, labels))
    if len(keys) > LARGEST_GROUPS:
        raise too_many_groups(plan, labels)
    groups = [Group(key, own.get(key, nothing), other.get(key, nothing), key not in own) for key in keys]
    if question.filters.at_least or question.filters.at_most:
        groups = [group for group in groups if _within_bounds(plan, group)]
    total = None
    if question.totals:
        total = Group(
            (), _summed(nothing, (one.sums for one in groups)), _summed(nothing, (one.other for one in groups))
        )
    return _page(plan, groups, total)


def changed(metric: str, group: Group, plan: ReportPlan) -> Change:
    """Compare a metric of a group with that of the other period.

    The change of a ratio is in points. A relative change is of nothing but amounts, and of none that was 0.
    """
    value, before = plan.values[metric](group.sums), plan.values[metric](group.other)
    if value is None or before is None:
        return Change(before, None, None)
    change = value - before
    if METRICS[metric].unit == "ratio" or not before:
        return Change(before, change, None)
    return Change(before, change, ROUNDED.divide(Decimal(change), Decimal(before)))


def ordered(groups: Iterable[Group], sort: Sequence[SortKey], plan: ReportPlan) -> list[Group]:
    """Return groups by these keys, and where they tie by their own; what has no value comes last."""
    found = sorted(groups, key=itemgetter(0))
    # The least important first: sorts are stable.
    for value, descending in reversed(_sorted_by(sort, plan)):
        valued = [(number, group) for group in found if (number := value(group)) is not None]
        valued.sort(key=lambda pair: pair[0], reverse=descending)
        valueless = [group for group in found if value(group) is None]
        found = [group for _, group in valued] + valueless
    return found


def share(part: Number, whole: Number) -> Decimal | None:
    """Return what part it is of the whole; None of nothing."""
    return ROUNDED.divide(Decimal(part), Decimal(whole)) if whole else None


def _by_key(plan: ReportPlan, sums: Sums, labels: Labels) -> dict[Key, Amounts]:
    question = plan.question
    if not sums:
        return {}
    columns = dict(zip(sums[0].keys(), zip(*sums, strict=True), strict=True))
    keys: list[Iterable[Any]] = []
    for name in question.group_by:
        numbers = columns[column_of(name)]
        keys.append([plan.units[number - 1] for number in numbers] if name in GRAINS else _named(name, numbers, labels))
    values = [
        [(Decimal if METRICS[measure].unit == "currency" else int)(number or 0) for number in columns[measure]]
        for measure in plan.measures
    ]
    every_key = zip(*keys, strict=True) if keys else [()] * len(sums)
    every_sum = zip(*values, strict=True) if values else [()] * len(sums)
    return dict(zip(every_key, every_sum, strict=True))


def _named(dimension: str, numbers: Iterable[int], labels: Labels) -> list[str]:
    names = labels[dimension].names
    return [names[number] for number in numbers]


def _filled(plan: ReportPlan, keys: Iterable[Key], labels: Labels) -> list[Key]:
    """Return every unit of the period for every group present; without other dimensions there is always one."""
    question = plan.question
    place = next(index for index, name in enumerate(question.group_by) if name in GRAINS)
    rest = dict.fromkeys((*key[:place], *key[place + 1 :]) for key in keys)
    if len(question.group_by) == 1:
        rest = {(): None}
    if len(rest) * len(plan.units) > LARGEST_GROUPS:
        raise too_many_groups(plan, labels)
    return [(*key[:place], unit, *key[place:]) for key, unit in product(rest, plan.units)]


def _within_bounds(plan: ReportPlan, group: Group) -> bool:
    for metric, least in plan.question.filters.at_least:
        value = plan.values[metric](group.sums)
        if value is None or value < least:
            return False
    for metric, most in plan.question.filters.at_most:
        value = plan.values[metric](group.sums)
        if value is None or value > most:
            return False
    return True


def _summed(nothing: Amounts, every: Iterable[Amounts]) -> Amounts:
    return tuple(map(sum, zip(nothing, *every, strict=True)))


def _page(plan: ReportPlan, groups: list[Group], total: Group | None) -> ReportPage:
    question = plan.question
    groups = ordered(groups, question.sort, plan)
    sorted_by = _sorted_by(question.sort, plan)
    start = 0
    if last := question.after:
        start = bisect_left(groups, 1, key=lambda group: _compare(_position(group, sorted_by), last, sorted_by))
    end = start + question.limit
    next_cursor = None
    if end < len(groups):
        reached, key = _position(groups[end - 1], sorted_by)
        # As text: orjson writes no integer of more than 64 bits.
        values = [str(value) if isinstance(value, int) else value for value in reached]
        next_cursor = cursors.encode(question.digest, [values, key])
    return ReportPage(groups[start:end], total, next_cursor)


_Value = Callable[[Group], Any]
_SortedBy = Sequence[tuple[_Value, bool]]


def _sorted_by(sort: Sequence[SortKey], plan: ReportPlan) -> _SortedBy:
    return [(_value_of(key, plan), key.descending) for key in sort]


def _value_of(key: SortKey, plan: ReportPlan) -> _Value:
    prefix, _, metric = key.name.rpartition(".")
    if prefix:
        return lambda group: getattr(changed(metric, group, plan), prefix)
    if key.name in METRICS:
        return lambda group: plan.values[key.name](group.sums)
    place = plan.question.group_by.index(key.name)
    return lambda group: group.key[place]


def _position(group: Group, sorted_by: _SortedBy) -> Position:
    return [value(group) for value, _ in sorted_by], group.key


def _compare(left: Position, right: Position, sorted_by: _SortedBy) -> int:
    """Return 1 where the left position comes after the right one, else 0 or less."""
    for one, another, (_, descending) in zip(left[0], right[0], sorted_by, strict=True):
        if one == another:
            continue
        if one is None or another is None:
            return 1 if one is None else -1
        return 1 if (one < another if descending else one > another) else -1
    return (left[1] > right[1]) - (left[1] < right[1])
