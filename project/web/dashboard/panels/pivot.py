"""A pivot table: the groups of a report by two dimensions, as rows and columns, and their sums."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from project.catalog import METRICS, Formula
from project.catalog.natural_order import NATURAL_ORDERS
from project.query.keyset import SortKey
from project.query.reports.groups import Group, Key, sum_amounts
from project.query.reports.pages import sort_groups
from project.query.reports.run import Report

OTHERS = "all others"
MOST_COLUMNS = 7


@dataclass(frozen=True, slots=True)
class Pivot:
    """`rows` and `columns` are the sums of each row and column, in order; `cells` are by their two keys.

    A row's key is that of its groups without the last part, which is the column's. The columns beyond MOST_COLUMNS are
    summed as OTHERS.
    """

    rows: Sequence[tuple[Key, Group]]
    columns: Sequence[tuple[str, Group]]
    cells: Mapping[tuple[Key, str], Group]


def pivot_of(report: Report, sort: Sequence[SortKey]) -> Pivot:
    """Return the pivot of a report of all groups, the last of whose dimensions is that of the columns."""
    plan, page = report.plan, report.page
    last = plan.question.group_by[-1]
    metric = METRICS[plan.question.metrics[0]]
    # A quotient says nothing of how large a column is, its denominator does.
    size = [SortKey(metric.denominator if isinstance(metric, Formula) else metric.name, descending=True)]
    by_size = sort_groups(_sums(page.groups, _column_key), size, plan, page.total)
    named = by_size if len(by_size) <= MOST_COLUMNS + 1 else by_size[:MOST_COLUMNS]
    names = {group.key[-1] for group in named}
    shown = [
        group if group.key[-1] in names else group._replace(key=(*group.key[:-1], OTHERS)) for group in page.groups
    ]
    columns = sort_groups(named, [] if last in NATURAL_ORDERS else size, plan, page.total)
    others = [group for group in _sums(shown, _column_key) if group.key[-1] == OTHERS]
    rows = sort_groups(_sums(shown, _row_key), sort, plan, page.total)
    return Pivot(
        [(row.key[:-1], row) for row in rows],
        [(column.key[-1], column) for column in (*columns, *others)],
        {(group.key[:-1], group.key[-1]): group for group in _sums(shown, tuple)},
    )


def _row_key(key: Key) -> Key:
    return (*key[:-1], None)


def _column_key(key: Key) -> Key:
    return (*(None for _ in key[:-1]), key[-1])


def _sums(groups: Sequence[Group], key_of: Callable[[Key], Key]) -> list[Group]:
    members: dict[Key, list[Group]] = {}
    for group in groups:
        members.setdefault(key_of(group.key), []).append(group)
    return [
        Group(
            key,
            sum_amounts(group.current for group in same),
            sum_amounts(group.previous for group in same),
            all(group.empty for group in same),
        )
        for key, same in members.items()
    ]
