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

    def compared(self) -> str:
        """Return which days are compared with which; "" where none are."""
        comparison = self.report.plan.comparison
        if not comparison:
            return ""
        unmatched = sum(comparison.unmatched_days())
        days = f"{unmatched} {'day has' if unmatched == 1 else 'days have'}"
        return f"{comparison}" + (f"; {days} no counterpart" if unmatched else "")

    def notes(self) -> Iterator[str]:
        """Yield which days of either period have no data, since they are not compared."""
        comparison, period, labels = self.report.plan.comparison, self.view.period, self.report.labels
        if not self.view.compare_to or not period or not labels.first_date or not labels.last_date:
            return
        begins = f"The data begins {labels.first_date}, after the {display_name(self.view.compare_to)} does"
        if comparison and comparison.step.first(comparison.current.first) < labels.first_date:
            yield f"{begins}: changes are not of as many days."
        elif not comparison and period.first <= labels.last_date:
            yield f"{begins}: nothing is compared."
        # Of today there are no facts yet, as a rule.
        if (period.last - labels.last_date).days > 1:
            yield f"The data ends {labels.last_date}: the days after that are not compared."
