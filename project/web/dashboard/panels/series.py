"""The metric over time: a chart and its table."""

from dataclasses import replace
from functools import cached_property
from typing import Self

from project.catalog import GRAINS
from project.catalog.display import format_amount
from project.catalog.natural_order import WEEKDAY
from project.charts.caption import alt_text
from project.charts.kinds import KINDS, can_show
from project.charts.layers import height_over_dates
from project.charts.marks import unsettled_from
from project.charts.series import ChartGroups, chart_groups
from project.query.reports.groups import Group, Key
from project.query.reports.plan import with_means
from project.query.reports.run import Report
from project.web.dashboard.panels.panel import Choice, PageData, ReportPanel, report_url
from project.web.dashboard.panels.pivot import Pivot, pivot_of
from project.web.dashboard.panels.totals import Totals
from project.web.dashboard.view import Query, View
from project.web.request.filter_params import FILTERED_NAMES

_KINDS = {"line": "lines", "area": "stacked", "bar": "bars", "heatmap": "heatmap"}


class Series(ReportPanel):
    """The metric by the view's grain, and by its second dimension."""

    template = "series.html"
    dimensions = FILTERED_NAMES

    @staticmethod
    def query(view: View) -> Query:
        """Ask for the metric of every date; what the tiles have asked for is asked once."""
        if not view.split and not view.rolling:
            return Totals.query(view)
        rolling = {"rolling": [str(view.rolling)]} if view.rolling else {}
        return {
            **view.known,
            "group_by": [",".join(filter(None, (view.grain, view.split)))],
            "metrics": [view.metric],
            # Two lines for each label would be a tangle.
            **({} if view.split else view.comparison),
            "fill": ["true"],
            **rolling,
        }

    @classmethod
    async def read(cls, data: PageData) -> Self:
        """Ask the question; of several days, each date has the mean a day."""
        report = await data.report(cls.query(data.view))
        return cls(data, replace(report, plan=with_means(report.plan)) if data.view.rolling else report)

    def chart_url(self) -> str:
        """Return the API's URL of the chart, without its format."""
        return report_url({**chart_question(self.view), **chart_options(self.view)})

    def chart_height(self, width: int) -> int:
        """Return how high the chart is that is so wide, in pixels, so that nothing moves when it comes."""
        return height_over_dates(self._chart[1], width)

    def grain_choices(self) -> list[Choice]:
        """Return the grains."""
        view = self.view
        return [("day" if name == "date" else name, view.link(grain=name), name == view.grain) for name in GRAINS]

    def kind_choices(self) -> list[Choice]:
        """Return the kinds of charts that show a second dimension."""
        view = self.view
        return [(text, view.link(chart=kind), kind == (view.chart or "line")) for kind, text in _kinds(view).items()]

    def rolling_choices(self) -> list[Choice]:
        """Return of how many days each date is."""
        view = self.view
        return [
            ("daily", view.link(rolling=None), view.rolling is None),
            ("7-day average", view.link(rolling="7"), view.rolling == 7),
        ]

    def can_roll(self) -> bool:
        """Whether dates can be of several days: not where filters leave out weekdays."""
        return self.view.grain == "date" and not {WEEKDAY, f"exclude_{WEEKDAY}"} & {*self.view.filters}

    @cached_property
    def pivot(self) -> Pivot:
        """The series of a second dimension as columns."""
        return pivot_of(self.report, ())

    def cells(self, group: Group) -> list[str]:
        """Return the metric of a date and, with a comparison, that of the previous period."""
        metric, change = self.view.metric, self.change(self.view.metric, group)
        cells = [format_amount(metric, self.value(metric, group))]
        return [*cells, format_amount(metric, change.value) if change else ""] if self.compares else cells

    def cell(self, key: Key, label: str) -> str:
        """Return the metric of a date and a label of the second dimension; "" without facts."""
        group = self.pivot.cells.get((key, label))
        return format_amount(self.view.metric, self.value(self.view.metric, group)) if group else ""

    def is_unsettled(self, group: Group) -> bool:
        """Whether the numbers of a date usually still change."""
        unsettled = unsettled_from(self.report)
        return bool(unsettled and group.key[0] >= unsettled)

    def alt_text(self) -> str:
        """Return the text of the chart for people who cannot see it."""
        return alt_text(*self._chart, self.data.currency)

    @cached_property
    def _chart(self) -> tuple[Report, ChartGroups]:
        # The tiles have asked for all metrics.
        question = replace(self.report.plan.question, metrics=(self.view.metric,))
        report = replace(self.report, plan=replace(self.report.plan, question=question))
        return report, chart_groups(report, next(iter(chart_options(self.view)["chart"]), None))


def chart_question(view: View) -> Query:
    """Return the question of the view's chart."""
    return {**Series.query(view), "metrics": [view.metric], "totals": []}


def chart_options(view: View) -> Query:
    """Return what else a picture of the view's chart takes: a kind that can show it, and means of rolling sums."""
    kind = [view.chart] if view.chart in _kinds(view) else []
    return {"chart": kind, "average": ["true"] if view.rolling else []}


def _kinds(view: View) -> dict[str, str]:
    """Return the kinds of charts that can show the metric, and what they are called."""
    group_by = [name for name in (view.grain, view.split) if name]
    return {kind: text for kind, text in _KINDS.items() if can_show(KINDS[kind], group_by, [view.metric])}
