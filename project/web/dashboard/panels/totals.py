"""Every metric in total, a tile each; and a way out of filters that no facts match."""

from collections.abc import Iterator

from project.catalog import METRICS
from project.catalog.display import display_name
from project.web.dashboard.panels.breakdown import Breakdown
from project.web.dashboard.panels.panel import ReportPanel


class Totals(ReportPanel):
    """The totals of the breakdown, which need no question of their own."""

    template = "totals.html"
    metrics = METRICS
    query = staticmethod(Breakdown.query)

    def notes(self) -> Iterator[str]:
        """Yield which days of either period have no data, since they distort the changes."""
        previous, period, labels = self.report.plan.previous, self.view.period, self.report.labels
        if not previous or not period or not labels.first_date or not labels.last_date:
            return
        if previous.first < labels.first_date:
            yield (
                f"The data begins {labels.first_date}, after the {display_name(self.view.compare_to or '')} does "
                f"({previous.first} to {previous.last}): changes are not of as many days."
            )
        if period.last > labels.last_date:
            yield f"The data ends {labels.last_date}: the days after that count as nothing in the changes."
