"""The chart that suits a report, as Vega-Lite (https://vega.github.io/vega-lite/docs/): one panel a metric.

A date grain makes lines, the compared period dashed; a dimension makes bars, the compared period a mark on each;
further dimensions are series, each with a colour and a shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from project.catalog import METRICS, Grain
from project.catalog.display import display_name
from project.charts.caption import alt_text, details_of, title_of
from project.charts.marks import check_marks, is_loaded, mark_values, period_names, unsettled_from
from project.charts.series import ChartGroups, chart_groups
from project.charts.theme import CONFIG, FAINT, GREY, INK, PAPER, SERIES, SHAPES, TITLE
from project.errors import Fault, InvalidRequest
from project.query.reports.question import ReportQuestion
from project.query.reports.run import Report

Spec = dict[str, Any]
"""A part of a Vega-Lite specification."""

_WIDTH = 640


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart before it is rendered, and the text for people who cannot see it."""

    spec: Spec
    alt: str


def chart_of(report: Report, *, currency: str, limit: int | None = None) -> Chart:
    """Choose the chart of a report, whose page has all groups.

    `limit` is how many groups have names; the others are summed. Raises InvalidRequest for a report that is not
    grouped, since one number needs no picture, and for one of too many marks.
    """
    question = report.plan.question
    if not question.group_by:
        detail = "A picture shows groups side by side; this report is not grouped."
        raise InvalidRequest([Fault("group_by", "missing_parameter", detail, suggestions=("group_by=date",))])
    groups = chart_groups(report, limit)
    check_marks(question, groups)
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": PAPER,
        "padding": 12,
        "title": {"text": title_of(question), "subtitle": details_of(report, groups), **TITLE},
        "data": {"values": list(mark_values(report, groups, currency))},
        "vconcat": [_panel(metric, report, groups, currency) for metric in question.metrics]
        if report.page.groups
        else [_NO_FACTS],
        "config": CONFIG,
    }
    return Chart(spec, alt_text(report, groups, currency))


def _panel(metric: str, report: Report, groups: ChartGroups, currency: str) -> Spec:
    question = report.plan.question
    value = {"field": "value", "type": "quantitative", "axis": _value_axis(metric, currency)}
    return {
        "transform": [_only("metric", metric)],
        "width": _WIDTH,
        **(_lines(report, question.grain, groups, value) if question.grain else _bars(question, groups, value)),
    }


def _lines(report: Report, grain: Grain, groups: ChartGroups, value: Spec) -> Spec:
    question, dates, unsettled = report.plan.question, groups.axis, unsettled_from(report)
    axis = {
        "title": None,
        "labelExpr": _date_label(grain, dates),
        "labelFlush": True,
        # At most 8; Vega's own choice would name Sundays where weeks begin on Mondays.
        "values": [str(day) for day in dates[:: -(-len(dates) // 8) or 1]],
    }
    x = {"field": "at", "type": "temporal", "scale": {"type": "utc"}, "axis": axis}
    encoding = {"x": x, "y": value, **_color(groups)}
    line = {"mark": {"type": "line", "strokeWidth": 2, "aria": False}, "encoding": encoding | _dash(question)}
    # More points than 45 are invisible, but the pointer still finds them.
    visible = len(dates) <= 45
    shape = {"shape": _by_series(groups, SHAPES)} if visible and groups.has_series else {}
    # A single date has no line that could be dashed: both its periods are points.
    periods = [_only("period", period_names(question)[0])] if len(dates) > 1 else []
    point = {"type": "point", "size": 28 if visible else 60, "opacity": int(visible)}
    points = {
        "transform": [*periods, {"filter": "!datum.unsettled"}] if unsettled else periods,
        "mark": {**point, "filled": True},
        "encoding": encoding | shape | _TIP,
    }
    if not unsettled:
        return {"height": 200, "layer": [line, points]}
    hollow = {
        "transform": [{"filter": "datum.unsettled"}],
        "mark": {**point, "filled": False, "fill": PAPER, "strokeWidth": 1.5},
        "encoding": encoding | shape | _TIP,
    }
    return {"height": 200, "layer": [_band(report, dates, unsettled, x), line, points, hollow]}


def _band(report: Report, dates: Sequence[date], unsettled: date, x: Spec) -> Spec:
    """Return the shade behind the dates that have not settled, from the middle between them and those before."""
    first = datetime.combine(unsettled, time())
    before = [day for day in dates if day < unsettled][-1:]
    start = first - (first - datetime.combine(before[0], time())) / 2 if before else first
    end = max(day for day in dates if is_loaded(report, day))
    return {
        "data": {"values": [{"start": f"{start.isoformat()}Z", "end": f"{end}T00:00:00Z"}]},
        "mark": {"type": "rect", "color": FAINT, "opacity": 0.5, "aria": False},
        "encoding": {"x": {**x, "field": "start"}, "x2": {"field": "end"}},
    }


def _bars(question: ReportQuestion, groups: ChartGroups, value: Spec) -> Spec:
    labels = [str(label) for label in groups.axis]
    y = {"field": "at", "type": "nominal", "sort": labels, "axis": {"title": None, "labelLimit": 220}}
    offset = {"yOffset": {"field": "series", "sort": list(groups.series)}} if groups.has_series else {}
    encoding = {"y": y, "x": value, **offset}
    current, *previous = period_names(question)
    bars = {
        "transform": [_only("period", current)],
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": encoding | _color(groups) | _TIP,
    }
    ticks = [
        {
            "transform": [_only("period", period)],
            "mark": {"type": "tick", "thickness": 3, "color": INK, "opacity": 1},
            "encoding": encoding | _TIP,
        }
        for period in previous
    ]
    return {"height": {"step": 12 if groups.has_series else 22}, "layer": [bars, *ticks]}


def _date_label(grain: Grain, dates: Sequence[date]) -> str:
    """Return how the axis writes a date, as an expression of Vega."""
    if grain.name == "quarter":
        return "'Q' + utcquarter(datum.value) + ' ' + utcyear(datum.value)"
    year = "" if dates and dates[0].year == dates[-1].year else " %Y"
    form = {"year": "%Y", "month": "%b %Y"}.get(grain.name, f"%-d %b{year}")
    return f"utcFormat(datum.value, '{form}')"


def _value_axis(metric: str, currency: str) -> Spec:
    unit = METRICS[metric].unit
    suffix = {"count": "", "currency": f" ({currency})", "ratio": " (%)"}[unit]
    # d3 writes a billion as G.
    label = "format(datum.value, '.2~%')" if unit == "ratio" else "replace(format(datum.value, '~s'), 'G', 'B')"
    if unit == "currency":
        label = f"abs(datum.value) < 1 ? format(datum.value, '~g') : {label}"
    return {"title": display_name(metric) + suffix, "labelExpr": label, "tickCount": 5, "titleAnchor": "end"}


def _color(groups: ChartGroups) -> Spec:
    if not groups.has_series:
        return {"color": {"value": SERIES[0]}}
    colors = [GREY if name == groups.others else SERIES[index] for index, name in enumerate(groups.series)]
    return {"color": _by_series(groups, colors)}


def _by_series(groups: ChartGroups, values: Sequence[str]) -> Spec:
    names = list(groups.series)
    scale = {"domain": names, "range": list(values[: len(names)])}
    return {"field": "series", "sort": names, "legend": {"title": None}, "scale": scale}


def _dash(question: ReportQuestion) -> Spec:
    if not question.compare_to:
        return {}
    legend = {"title": None, "symbolType": "stroke", "symbolSize": 400, "symbolStrokeColor": INK}
    scale = {"domain": period_names(question), "range": [[1, 0], [5, 4]]}
    return {"strokeDash": {"field": "period", "scale": scale, "legend": legend}}


def _only(field: str, value: str) -> Spec:
    return {"filter": {"field": field, "equal": value}}


_TIP = {"description": {"field": "tip"}}

_NO_FACTS = {
    "width": _WIDTH,
    "height": 60,
    "data": {"values": [{}]},
    "mark": {"type": "text", "text": "No facts match.", "fontSize": 14, "color": GREY},
}
