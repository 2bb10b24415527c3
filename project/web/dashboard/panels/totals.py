"""The metrics in total, a tile each: the five that matter, and the rest behind them."""

from collections.abc import Iterator, Sequence, Set
from functools import cached_property

from project.catalog import KEY_METRICS, METRICS
from project.catalog.display import display_name
from project.charts.marks import incomplete_buckets, is_loaded
from project.query.reports.groups import Group
from project.web.dashboard.amounts import sparkline
from project.web.dashboard.panels.panel import ReportPanel
from project.web.dashboard.view import Query, View


class Totals(ReportPanel):
    """Every metric over time, and in total."""

    template = "totals.html"
    key_metrics = KEY_METRICS
    more_metrics = tuple(name for name in METRICS if name not in KEY_METRICS)

    @staticmethod
    def query(view: View) -> Query:
        """Ask for every metric of every date, and in total."""
        return {
            **view.known,
            "group_by": [view.grain],
            "metrics": [",".join(METRICS)],
            **view.comparison,
            "fill": ["true"],
            "totals": ["true"],
        }

    def is_before_load(self) -> bool:
        """Whether the view begins after the last day with facts, but not after today."""
        last, period = self.report.labels.last_date, self.view.period
        return bool(last and period and last < period.first <= self.view.today)

    def line(self, metric: str) -> tuple[str, str]:
        """Return the path of a metric over time, of the dates that are loaded, and that of incomplete ones."""
        return sparkline([self.value(metric, group) for group in self._loaded], self._incomplete)

    @cached_property
    def _incomplete(self) -> Set[int]:
        incomplete = incomplete_buckets(self.report)
        return {index for index, group in enumerate(self._loaded) if group.key[0] in incomplete}

    @cached_property
    def _loaded(self) -> Sequence[Group]:
        return [group for group in self.report.page.groups if is_loaded(self.report, group.key[0])]

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
