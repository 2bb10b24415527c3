"""The groups of a report: their sums in both periods, and how these compare."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from project.catalog import MEASURE_NAMES, METRICS, ROUNDED, Number
from project.query.reports.plan import ReportPlan
from project.query.reports.question import ReportQuestion

Key = tuple[Any, ...]
Amounts = tuple[Number, ...]
"""The sums of a plan's measures, in its order."""


class Group(NamedTuple):
    """One group: its labels and first days in the order grouped by, and its sums in both periods.

    `previous` is all 0 where nothing is compared. `empty` says that the group has no facts in the current period.
    """

    key: Key
    current: Amounts
    previous: Amounts
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """The value of a metric in the previous period, and its change since; None where there is no such number.

    `contribution` is the part of the total's change, of measures.
    """

    value: Number | None
    change: Number | None
    change_ratio: Decimal | None
    contribution: Decimal | None = None

    @property
    def absolute_change(self) -> Number | None:
        """How large the change is, up or down: what the biggest movers are sorted by."""
        change: Number | None = self.change
        return -change if change is not None and change < 0 else change


def change_of(metric: str, group: Group, plan: ReportPlan, total_change: Number | None = None) -> Change:
    """Compare a metric of a group with the previous period, and its change with that of the total.

    The change of a ratio is in points. Only amounts have a relative change, unless they were 0. What has no
    counterpart has no change.
    """
    index = plan.question.grain_index
    if not plan.has_counterpart(group.key[index] if group.key and index is not None else None):
        return Change(None, None, None)
    current, previous = plan.values[metric](group.current), plan.values[metric](group.previous)
    if current is None or previous is None:
        return Change(previous, None, None)
    change = current - previous
    relative = previous and METRICS[metric].unit != "ratio"
    change_ratio = ROUNDED.divide(Decimal(change), Decimal(previous)) if relative else None
    return Change(previous, change, change_ratio, share(change, total_change or 0))


def total_changes(plan: ReportPlan, total: Group) -> dict[str, Number | None]:
    """Return the change of the total of each metric that adds up: rolling sums and quotients do not."""
    names = [] if plan.question.rolling else [name for name in MEASURE_NAMES if name in plan.values]
    return {name: change_of(name, total, plan).change for name in names}


def members_of_change(metric: str, question: ReportQuestion) -> tuple[str, ...]:
    """Return the members of a metric's Change that an answer shows."""
    adds_up = metric in MEASURE_NAMES and not question.rolling
    return ("value", "change", "change_ratio", "contribution") if adds_up else ("value", "change", "change_ratio")


def share(part: Number, total: Number) -> Decimal | None:
    """Return the part over the total; None where the total is 0."""
    # 0 over a negative total is 0, not -0.
    return ROUNDED.divide(Decimal(part), Decimal(total)) or Decimal(0) if total else None


def sum_amounts(amounts: Iterable[Amounts]) -> Amounts:
    """Return the sum of each measure."""
    return tuple(map(sum, zip(*amounts, strict=True)))


def sum_groups(groups: Iterable[Group], key_of: Callable[[Group], Key]) -> dict[Key, Group]:
    """Return the sums of the groups that have the same new key, by that key."""
    members: dict[Key, list[Group]] = {}
    for group in groups:
        members.setdefault(key_of(group), []).append(group)
    return {key: _sum_group(key, same) for key, same in members.items()}


def summed(items: Sequence[tuple[Key, Amounts]]) -> dict[Key, Amounts]:
    """Return the sum of the amounts of each key."""
    result = dict(items)
    if len(result) == len(items):
        return result
    result = {}
    for key, amounts in items:
        result[key] = sum_amounts([result[key], amounts]) if key in result else amounts
    return result


def _sum_group(key: Key, groups: Sequence[Group]) -> Group:
    if len(groups) == 1:
        return groups[0]._replace(key=key)
    return Group(
        key,
        sum_amounts(group.current for group in groups),
        sum_amounts(group.previous for group in groups),
        all(group.empty for group in groups),
    )
