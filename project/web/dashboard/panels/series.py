"""The metric over time: a chart and its table."""

from project.catalog import GRAINS
from project.catalog.display import format_amount
from project.charts.caption import alt_text
from project.charts.marks import unsettled_from
from project.charts.series import chart_groups
from project.query.reports.groups import Group
from project.web.dashboard.amounts import format_change
from project.web.dashboard.panels.panel import ReportPanel
from project.web.dashboard.view import Query, View
from project.web.request.filter_params import LARGEST_LIMIT


class Series(ReportPanel):
    """The metric by the view's grain."""

    template = "series.html"
    grains = tuple(GRAINS)

    @staticmethod
    def query(view: View) -> Query:
        """Ask for the metric of every date."""
        return {
            **view.facts,
            "group_by": [view.grain],
            "metrics": [view.metric],
            **view.comparison,
            "fill": ["true"],
            "limit": [str(LARGEST_LIMIT)],
        }

    def cells(self, group: Group) -> list[str]:
        """Return the metric of a date and, with a comparison, that of the previous period and the change."""
        metric, change = self.view.metric, self.change(self.view.metric, group)
        cells = [format_amount(metric, self.value(metric, group))]
        return [*cells, format_amount(metric, change.value), format_change(metric, change)] if change else cells

    def is_unsettled(self, group: Group) -> bool:
        """Whether the numbers of a date usually still change."""
        unsettled = unsettled_from(self.report)
        return bool(unsettled and group.key[0] >= unsettled)

    def alt_text(self) -> str:
        """Return the text of the chart for people who cannot see it."""
        return alt_text(self.report, chart_groups(self.report), self.data.currency)
