"""Every metric of each label of a dimension as a table, or one metric by two dimensions as a pivot table."""

from functools import cached_property
from typing import Self

from project.catalog import MEASURE_NAMES, METRICS, Number
from project.catalog.display import display_label, display_name, format_amount
from project.catalog.natural_order import NATURAL_ORDERS
from project.query.reports.groups import Change, Group, change_of, share, total_changes
from project.web.dashboard.amounts import format_change
from project.web.dashboard.panels.panel import Choice, PageData, ReportPanel
from project.web.dashboard.panels.pivot import Pivot, pivot_of
from project.web.dashboard.view import Query, View
from project.web.request.filter_params import FILTERED_NAMES, LARGEST_LIMIT, sort_keys

_COMPARED = ("change", "contribution")
"""The columns of a comparison; `sort` adds the metric's name to each."""


class Breakdown(ReportPanel):
    """The metrics by the view's dimension."""

    template = "breakdown.html"
    dimensions = FILTERED_NAMES
    largest_limit = LARGEST_LIMIT

    @classmethod
    async def read(cls, data: PageData) -> Self:
        """Ask the question; a view with a second dimension has a pivot table."""
        kind = PivotTable if data.view.is_pivot else cls
        return kind(data, await data.report(kind.query(data.view)))  # type: ignore[return-value]

    @staticmethod
    def query(view: View) -> Query:
        """Ask for every metric of each label, and in total."""
        return {
            **view.known,
            "group_by": [",".join(view.rows)],
            "metrics": [",".join(METRICS)],
            **view.comparison,
            **view.bounds,
            "totals": ["true"],
            "sort": [view.sort],
        }

    @cached_property
    def count(self) -> int:
        """How many rows there are, on this page and beyond."""
        return len(self.report.page.groups)

    @cached_property
    def columns(self) -> list[str]:
        """The metrics, the view's own first, and its comparison where the view compares."""
        metric = self.view.metric
        # Quotients do not add up, so none is a part of the total's change.
        compared = _COMPARED[: 2 if metric in MEASURE_NAMES else 1] if self.compares else ()
        return [metric, *compared, *(name for name in METRICS if name != metric)]

    def sort_name(self, column: str) -> str:
        """Return what `sort` calls a column."""
        return f"{column}.{self.view.metric}" if column in _COMPARED else column

    def aria_sort(self, column: str) -> str:
        """Return how a column is sorted, as `aria-sort` says it; "" where it is not."""
        name = self.sort_name(column)
        if column == "change" and self.view.sort.endswith(f"absolute_{name}"):
            return "other"
        return {name: "ascending", f"-{name}": "descending"}.get(self.view.sort, "")

    def order_choices(self) -> list[Choice]:
        """Return the usual order and that of the biggest movers; [] without a comparison."""
        view = self.view
        movers = f"-absolute_change.{view.metric}"
        usual = "in order" if view.group_by in NATURAL_ORDERS else "largest"
        choices = [(usual, view.link(sort=None), view.sort == view.usual_sort)]
        return [*choices, ("biggest movers", view.link(sort=movers), view.sort == movers)] if self.compares else []

    def sorted_by(self) -> str:
        """Return the order in words where it is not the usual one: `Sorted by clicks, descending`; else ""."""
        name = self.view.sort.removeprefix("-")
        words = " of ".join(map(display_name, name.split(".")))
        direction = "ascending" if name == self.view.sort else "descending"
        return "" if self.view.sort == self.view.usual_sort else f"Sorted by {words}, {direction}."

    def cells(self, group: Group) -> list[str]:
        """Return the numbers of a group, one for each column."""
        change = self.compared(group)
        contribution = f"{change.contribution:.1%}" if change and change.contribution is not None else ""
        compared = {"change": format_change(self.view.metric, change), "contribution": contribution}
        return [
            compared[column] if column in compared else format_amount(column, self.value(column, group))
            for column in self.columns
        ]

    def compared(self, group: Group) -> Change | None:
        """Return how the view's metric of a group compares, with its part of the total's change."""
        if not self.compares:
            return None
        return change_of(self.view.metric, group, self.report.plan, self._total_changes.get(self.view.metric))

    def bar(self, group: Group) -> str:
        """Return a group's percentage of the longest bar."""
        return f"{100 * (self.value(self.view.metric, group) or 0) / self._longest:.2f}" if self._longest else "0"

    def share(self, group: Group) -> str:
        """Return a group's share of the total; "" for quotients, which do not add up."""
        metric, total = self.view.metric, self.report.page.total
        if metric not in MEASURE_NAMES:
            return ""
        part = share(self.value(metric, group) or 0, self.value(metric, total) or 0)
        return "" if part is None else f"{part:.1%}"

    @cached_property
    def _longest(self) -> Number:
        return max((self.value(self.view.metric, group) or 0 for group in self.report.page.groups), default=0)

    @cached_property
    def _total_changes(self) -> dict[str, Number | None]:
        return total_changes(self.report.plan, self.report.page.total)


class PivotTable(Breakdown):
    """The view's metric by two dimensions: rows, columns and their sums; colours say how much a cell has."""

    template = "pivot.html"

    @staticmethod
    def query(view: View) -> Query:
        """Ask for the metric of each pair of labels, and for that of the order."""
        sorted_by = view.sort.removeprefix("-").rpartition(".")[2]
        return {
            **view.known,
            "group_by": [",".join((*view.rows, view.split or ""))],
            "metrics": list(dict.fromkeys([view.metric, *([sorted_by] if sorted_by in METRICS else [])])),
            **view.comparison,
            **view.bounds,
            "totals": ["true"],
        }

    @cached_property
    def pivot(self) -> Pivot:
        """The rows in the view's order."""
        keys = sort_keys([self.view.sort])
        names = (*self.view.rows, *self.report.plan.values)
        return pivot_of(self.report, [key for key in keys if key.name.rpartition(".")[2] in names])

    @cached_property
    def count(self) -> int:
        """How many rows there are, on this page and beyond."""
        return len(self.pivot.rows)

    def column_name(self, label: str) -> str:
        """Return the head of a column."""
        return label if label == self.pivot.others else display_label(label)

    def cell(self, row: tuple[str, ...], column: str) -> tuple[str, str, str]:
        """Return a cell: its number, how dark it is, and the link to its facts; "" for each that it has not."""
        group = self.pivot.cells.get((row, column))
        value = self.value(self.view.metric, group) if group and not group.empty else None
        if value is None:
            return "", "", ""
        lowest, highest = self._extent
        shade = float(value - lowest) / float(highest - lowest or 1)
        url = (
            ""
            if column == self.pivot.others
            else self.view.drill((*row, column), (*self.view.rows, self.view.split or ""))
        )
        return format_amount(self.view.metric, value), f"{0.04 + 0.4 * shade:.2f}", url

    @cached_property
    def _extent(self) -> tuple[Number, Number]:
        groups = self.pivot.cells.values()
        values = [value for group in groups if (value := self.value(self.view.metric, group)) is not None]
        return min(values, default=0), max(values, default=0)


def question_of(view: View) -> Query:
    """Return the question of the view's table."""
    return (PivotTable if view.is_pivot else Breakdown).query(view)
