"""A panel: the chart of one metric, with its axes and colours, as parts of Vega-Lite."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from project.catalog import METRICS, Formula
from project.catalog.display import display_name
from project.charts.series import ChartGroups
from project.charts.theme import GREY, PALE, PREVIOUS, SERIES
from project.query.reports.question import ReportQuestion

Spec = dict[str, Any]
"""A part of a Vega-Lite specification."""


@dataclass(frozen=True)
class Panel:
    """The chart of one metric: its marks, and its columns, one for each value of the axis."""

    metric: str
    question: ReportQuestion
    groups: ChartGroups
    marks: Sequence[Spec]
    columns: Sequence[Spec]
    currency: str

    @property
    def data(self) -> Spec:
        """The reference to the marks, which the whole panel reads."""
        return {"name": self.metric}

    @property
    def column_data(self) -> Spec:
        """The reference to the columns."""
        return {"name": f"columns of {self.metric}"}

    @cached_property
    def color(self) -> Spec:
        """The colours of the series."""
        if not self.groups.has_series:
            return {"color": {"value": SERIES[0]}}
        names = list(self.groups.series)
        legend = {
            "title": None,
            "columns": {"expr": f"max(1, floor(width / {_legend_entry(names)}))"},
            # The reader's font may be wider than that which the server measures.
            "columnPadding": 24,
            "symbolType": "circle",
            "symbolOpacity": 1,
        }
        scale = {"domain": names, "range": self.colors}
        return {"color": {"field": "series", "type": "nominal", "sort": None, "legend": legend, "scale": scale}}

    @property
    def colors(self) -> Sequence[str]:
        """The colour of each series."""
        return [
            GREY if labels is None else SERIES[index % len(SERIES)]
            for index, labels in enumerate(self.groups.series.values())
        ]

    @cached_property
    def x(self) -> Spec:
        """The axis of dates."""
        edge = {"line": "at", "area": "at"}.get(self.groups.kind.name) if len(self.columns) > 1 else None
        ends = (self.columns[0][edge or "start"], self.columns[-1][edge or "end"])
        # At most 8; Vega's own choice would name Sundays where weeks begin on Mondays.
        dates = [column["at"] for column in self.columns]
        axis = {
            "title": None,
            "labelExpr": _date_text(self.question.grain.name if self.question.grain else "", dates),
            "labelFlush": edge is not None,
            "values": dates[:: -(-len(dates) // 8) or 1],
        }
        return {
            "field": "at",
            "type": "temporal",
            "scale": {
                "type": "utc",
                "domain": {"expr": str([_milliseconds(end) for end in ends])},
                "nice": False,
            },
            "axis": axis,
        }

    @cached_property
    def value(self) -> Spec:
        """The axis of values: that of a ratio shows how it varies, and only sums begin at 0."""
        zero = self.groups.kind.name != "line" or not isinstance(METRICS[self.metric], Formula)
        return {"field": "value", "type": "quantitative", "scale": {"zero": zero}, "axis": _value_axis(self)}

    @property
    def previous_style(self) -> Spec:
        """How the previous period looks: grey, or where colours are series, pale."""
        return {"opacity": {"value": PALE}} if self.groups.has_series else {"color": {"value": PREVIOUS}}


def legend_rows(names: Sequence[str], width: int) -> int:
    """Return how many rows the legend of a chart takes that is so wide, in pixels."""
    columns = max(1, (width - _BESIDE) // _legend_entry(names))
    return -(-len(names) // columns)


_BESIDE = 62
"""How much stands beside the axis of dates, in pixels."""


def _legend_entry(names: Sequence[str]) -> int:
    """Return how wide an entry of the legend is: about 7 px a letter, so that it is as wide as the chart."""
    return 7 * min(28, max(map(len, names), default=1)) + 52


def _milliseconds(at: str) -> float:
    return 1000 * datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()


def _date_text(grain: str, dates: Sequence[str]) -> str:
    """Return how the axis writes a date, as an expression of Vega."""
    if grain == "quarter":
        return "'Q' + utcquarter(datum.value) + ' ' + utcyear(datum.value)"
    year = "" if dates and dates[0][:4] == dates[-1][:4] else " %Y"
    form = {"year": "%Y", "month": "%b %Y"}.get(grain, f"%-d %b{year}")
    return f"utcFormat(datum.value, '{form}')"


def _value_axis(panel: Panel) -> Spec:
    suffix = {"count": "", "currency": f" ({panel.currency})", "ratio": " (%)"}[METRICS[panel.metric].unit]
    above = {"titleAngle": 0, "titleAnchor": "end", "titleAlign": "left", "titleX": 0, "titleY": -14}
    horizontal = panel.groups.kind.name == "bar" and not panel.question.grain
    return {
        "title": display_name(panel.metric) + suffix,
        "labelExpr": number_text(panel.metric),
        "tickCount": 5,
        **({"titleAnchor": "end"} if horizontal else above),
    }


def number_text(metric: str) -> str:
    """Return how a chart writes a number in short, as an expression of Vega."""
    unit = METRICS[metric].unit
    # d3 writes a billion as G.
    short = "format(datum.value, '.3~p')" if unit == "ratio" else "replace(format(datum.value, '.3~s'), 'G', 'B')"
    return f"abs(datum.value) < 1 ? format(datum.value, '~g') : {short}" if unit == "currency" else short
