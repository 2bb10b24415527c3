"""Every metric of each label of a dimension, as a table."""

from functools import cached_property
from urllib.parse import urlencode

from project.catalog import MEASURE_NAMES, METRICS, Number
from project.catalog.display import format_amount
from project.query.reports.groups import Group, share
from project.web.dashboard.amounts import format_change
from project.web.dashboard.panels.panel import ReportPanel
from project.web.dashboard.view import Query, View
from project.web.request.filter_params import FILTERED_NAMES, LARGEST_LIMIT


class Breakdown(ReportPanel):
    """The metrics by the view's dimension."""

    template = "breakdown.html"
    dimensions = FILTERED_NAMES
    largest_limit = LARGEST_LIMIT

    @staticmethod
    def query(view: View) -> Query:
        """Ask for every metric of each label, and in total."""
        return {
            **view.facts,
            "group_by": [view.group_by],
            "metrics": [",".join(METRICS)],
            **view.comparison,
            "totals": ["true"],
            "sort": [view.sort],
            "limit": [str(view.limit)],
        }

    @cached_property
    def columns(self) -> list[str]:
        """The metrics, the view's own first, and its change where the view compares."""
        metric, change = self.view.metric, ["change"] if self.view.compare_to else []
        return [metric, *change, *(name for name in METRICS if name != metric)]

    def cells(self, group: Group) -> list[str]:
        """Return the numbers of a group, one for each column."""
        metric = self.view.metric
        return [
            format_change(metric, self.change(metric, group))
            if column == "change"
            else format_amount(column, self.value(column, group))
            for column in self.columns
        ]

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

    def facts_url(self) -> str:
        """Return the API's URL of the facts themselves."""
        return f"v1/ad-metrics?{urlencode(self.view.facts, doseq=True)}"

    @cached_property
    def _longest(self) -> Number:
        return max((self.value(self.view.metric, group) or 0 for group in self.report.page.groups), default=0)
