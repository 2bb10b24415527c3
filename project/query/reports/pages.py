"""The order of a report's groups, and the page that a cursor asks for."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from project.catalog import METRICS, Formula, Number
from project.catalog.natural_order import NATURAL_ORDERS
from project.query import cursors
from project.query.keyset import SortKey
from project.query.reports.groups import Group, Key, change_of, total_changes
from project.query.reports.plan import ReportPlan
from project.query.reports.question import Position


@dataclass(frozen=True, slots=True)
class ReportPage:
    """One page of groups; `total` is of all pages, of a report that shows or compares it, else 0."""

    groups: Sequence[Group]
    total: Group
    next_cursor: str | None


def page_of(plan: ReportPlan, groups: Iterable[Group], total: Group) -> ReportPage:
    """Return the page that the question asks for, of all groups."""
    question = plan.question
    groups = sort_groups(groups, question.sort, plan, total)
    sort_values = _sort_values(question.sort, plan, total)
    order = _key_order(question.group_by)
    start = 0
    if after := question.after:
        start = bisect_left(
            groups, 1, key=lambda group: _compare(_position(group, sort_values), after, sort_values, order)
        )
    end = start + question.limit
    next_cursor = None
    if end < len(groups):
        values, key = _position(groups[end - 1], sort_values)
        # As text: orjson writes no integer of more than 64 bits.
        next_cursor = cursors.encode(
            question.digest, [[str(value) if isinstance(value, int) else value for value in values], key]
        )
    return ReportPage(groups[start:end], total, next_cursor)


def by_size(metric: str) -> SortKey:
    """Return the order of the largest groups first: of a quotient, those with the largest denominator."""
    formula = METRICS[metric]
    return SortKey(formula.denominator if isinstance(formula, Formula) else metric, descending=True)


def sort_groups(groups: Iterable[Group], sort: Sequence[SortKey], plan: ReportPlan, total: Group) -> list[Group]:
    """Return groups in the order of the sort keys, then of the groups' keys; groups without a value come last."""
    order = _key_order(plan.question.group_by)
    result = sorted(groups, key=lambda group: order(group.key))
    # The least important key first: sorts are stable.
    for value in reversed(_sort_values(sort, plan, total)):
        valued = [(value.order(found), group) for group in result if (found := value.of(group)) is not None]
        valued.sort(key=itemgetter(0), reverse=value.descending)
        valueless = [group for group in result if value.of(group) is None]
        result = [group for _, group in valued] + valueless
    return result


class _SortValue(NamedTuple):
    """What groups are sorted by: the value `of` a group, None where it has none, in the order of `order`."""

    of: Callable[[Group], Any]
    order: Callable[[Any], Any]
    descending: bool


def _sort_values(sort: Sequence[SortKey], plan: ReportPlan, total: Group) -> list[_SortValue]:
    of_total = total_changes(plan, total) if any("." in key.name for key in sort) else {}
    return [
        _SortValue(_sort_value(key, plan, of_total), NATURAL_ORDERS.get(key.name, _as_it_is), key.descending)
        for key in sort
    ]


def _sort_value(key: SortKey, plan: ReportPlan, of_total: Mapping[str, Number | None]) -> Callable[[Group], Any]:
    member, _, metric = key.name.rpartition(".")
    if member:
        return lambda group: getattr(change_of(metric, group, plan, of_total.get(metric)), member)
    if key.name in METRICS:
        return lambda group: plan.values[key.name](group.current)
    index = plan.question.group_by.index(key.name)
    return lambda group: group.key[index]


def _as_it_is(value: Any) -> Any:
    return value


def _key_order(group_by: Sequence[str]) -> Callable[[Key], Any]:
    """Return what sorts keys: each label in its natural order; None stands for a label that groups do not have."""
    orders = [NATURAL_ORDERS.get(name) for name in group_by]
    if not any(orders):
        return _as_it_is
    return lambda key: tuple(
        order(part) if order and part is not None else part for order, part in zip(orders, key, strict=True)
    )


def _position(group: Group, sort_values: Sequence[_SortValue]) -> Position:
    return [value.of(group) for value in sort_values], group.key


def _compare(left: Position, right: Position, sort_values: Sequence[_SortValue], order: Callable[[Key], Any]) -> int:
    """Return 1 where the left position comes after the right one, else 0 or less."""
    for ours, theirs, (_, place, descending) in zip(left[0], right[0], sort_values, strict=True):
        if ours == theirs:
            continue
        if ours is None or theirs is None:
            return 1 if ours is None else -1
        return 1 if (place(ours) < place(theirs) if descending else place(ours) > place(theirs)) else -1
    return int(order(left[1]) > order(right[1])) - int(order(left[1]) < order(right[1]))
