"""A pivot table: the groups of a report by two dimensions, as rows and columns, and their sums."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from project.catalog.natural_order import NATURAL_ORDERS
from project.charts.kinds import KINDS
from project.charts.series import others_name
from project.query.keyset import SortKey
from project.query.reports.groups import Group, Key, sum_groups
from project.query.reports.pages import by_size, sort_groups
from project.query.reports.run import Report

MOST_COLUMNS = KINDS["line"].series
"""As many as the chart has lines."""


@dataclass(frozen=True, slots=True)
class Pivot:
    """`rows` and `columns` are the sums of each row and column, in order; `cells` are by their two keys.

    A row's key is that of its groups without the last part, which is the column's. The columns beyond MOST_COLUMNS are
    summed as `others`, which is "" where there are none.
    """

    rows: Sequence[tuple[Key, Group]]
    columns: Sequence[tuple[str, Group]]
    cells: Mapping[tuple[Key, str], Group]
    others: str


def pivot_of(report: Report, sort: Sequence[SortKey]) -> Pivot:
    """Return the pivot of a report of all groups, the last of whose dimensions is that of the columns."""
    plan, page = report.plan, report.page
    last = plan.question.group_by[-1]
    size = [by_size(plan.question.metrics[0])]
    largest = sort_groups(sum_groups(page.groups, _column_key).values(), size, plan, page.total)
    named = largest if len(largest) <= MOST_COLUMNS + 1 else largest[:MOST_COLUMNS]
    names = {group.key[-1] for group in named}
    name = others_name(len(largest) - len(named), names) if len(named) < len(largest) else ""
    shown = [group if group.key[-1] in names else group._replace(key=(*group.key[:-1], name)) for group in page.groups]
    columns = sort_groups(named, [] if last in NATURAL_ORDERS else size, plan, page.total)
    others = [group for group in sum_groups(shown, _column_key).values() if group.key[-1] not in names]
    rows = sort_groups(sum_groups(shown, _row_key).values(), sort, plan, page.total)
    return Pivot(
        [(row.key[:-1], row) for row in rows],
        [(column.key[-1], column) for column in (*columns, *others)],
        {(group.key[:-1], group.key[-1]): group for group in sum_groups(shown, attrgetter("key")).values()},
        name,
    )


def _row_key(group: Group) -> Key:
    return (*group.key[:-1], None)


def _column_key(group: Group) -> Key:
    return (*(None for _ in group.key[:-1]), group.key[-1])
