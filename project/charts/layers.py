"""Layers: what each kind of chart draws, as parts of Vega-Lite (https://vega.github.io/vega-lite/docs/).

They read two data sets: the marks (`charts.marks.mark_values`) and the columns (`column_values`).
"""

from collections.abc import Callable, Mapping
from itertools import pairwise

from project.charts.panel import Panel, Spec, legend_rows, number_text
from project.charts.series import ChartGroups
from project.charts.theme import GREY, HEAT, INK, PALE, PAPER

HEIGHT = 260
_VISIBLE_POINTS = 16
_MOST_NUMBERS = 31
"""Columns of a heatmap that may have room for numbers in their cells, which take _NUMBER_WIDTH px each."""

_NUMBER_WIDTH = 46


def lines(panel: Panel) -> list[Spec]:
    """Draw a line for each series, dashed where it is incomplete, and behind it that of the previous period."""
    encoding = {"x": panel.x, "y": panel.value, **panel.color}
    ends = {"x2": {"field": "since"}, "y2": {"field": "before"}}
    previous = encoding | panel.previous_style
    visible = len(panel.columns) <= _VISIBLE_POINTS
    point = {"type": "point", "filled": True, "size": 30 if visible else 60, "opacity": int(visible)}
    hollow = {"type": "point", "fill": PAPER, "size": 30, "strokeWidth": 1.5, "opacity": 1}
    # A single date has no line: both its periods are points.
    single = len(panel.columns) == 1
    return [
        *_layer(panel, "previous", {"type": "line", "strokeWidth": 1.5}, previous),
        *_layer(panel, "complete", {"type": "line", "strokeWidth": 2.25}, encoding),
        *_layer(panel, "since", {"type": "rule", "strokeWidth": 2.25, "strokeDash": [3, 4]}, encoding | ends),
        *_layer(panel, "previous", point, previous | _TIP | ({} if single else {"opacity": {"value": 0}})),
        *_layer(panel, "complete", point, encoding | _TIP),
        *_layer(panel, "incomplete", hollow, encoding | _TIP),
    ]


def areas(panel: Panel) -> list[Spec]:
    """Stack the series, lighter where they are incomplete; the line is the total of the previous period."""
    order = {"field": "order", "type": "quantitative"}
    encoding = {"x": panel.x, "y": panel.value | {"stack": "zero"}, "order": order, **panel.color}
    total = {"x": panel.x, "y": panel.value | {"field": "before"}}
    columns = panel.columns
    incomplete = {mark["at"] for mark in panel.marks if "incomplete" in mark}
    veils = [
        {"start": first["at"], "end": second["at"]}
        for first, second in pairwise(columns)
        if {first["at"], second["at"]} & incomplete
    ]
    veil = {
        "data": {"values": veils},
        "mark": {"type": "rect", "color": PAPER, "opacity": 0.55, "aria": False},
        "encoding": {"x": panel.x | {"field": "start"}, "x2": {"field": "end"}},
    }
    halo = {"type": "line", "color": PAPER, "strokeWidth": 5, "aria": False}
    grey = halo | {"color": GREY, "strokeWidth": 2}
    totals = [{"data": panel.column_data, "mark": mark, "encoding": total} for mark in (halo, grey)]
    point = {"type": "point", "filled": True, "size": 60, "opacity": 0}
    return [
        *_layer(panel, "order", {"type": "area", "opacity": 0.85}, encoding | {"tooltip": {"field": "series"}}),
        *([veil] if veils else []),
        *(totals if panel.question.compare_to else []),
        *_layer(panel, "order", point, encoding | _TIP),
    ]


def bars(panel: Panel) -> list[Spec]:
    """Draw bars beside each other: up over dates, to the right for labels; lighter where they are incomplete."""
    if panel.question.grain:
        mark, where = "rect", {
            "x": panel.x | {"field": "start"}, "x2": {"field": "end"}, "y": panel.value, "y2": {"datum": 0},
        }  # fmt: skip
    else:
        mark, where = "bar", {"y": _labels(panel), "x": panel.value, "yOffset": {"field": "slot", "type": "ordinal"}}
    encoding = where | panel.color | _TIP
    style = {"type": mark, **({} if panel.question.grain else {"cornerRadiusEnd": 2})}
    return [
        *_layer(panel, "complete", style, encoding),
        *_layer(panel, "incomplete", style | {"opacity": PALE}, encoding),
        *_layer(panel, "previous", style, encoding | panel.previous_style),
    ]


def heatmap(panel: Panel) -> list[Spec]:
    """Draw a cell for each value of the axis and series, with its number where there is room."""
    y = {
        "field": "series",
        "type": "nominal",
        "sort": list(panel.groups.series),
        "axis": {"title": None, "labelLimit": 160},
    }
    columns = len(panel.columns)
    if panel.question.grain:
        x = {"x": panel.x | {"field": "start"}, "x2": {"field": "end"}}
        middle = {"x": panel.x}
    else:
        fits = f"width > {columns * 7 * max(len(column['at']) for column in panel.columns)}"
        labels = {"angle": "0 : -90", "align": "'center' : 'left'", "baseline": "'bottom' : 'middle'"}
        turned = {f"label{name.title()}": {"expr": f"{fits} ? {values}"} for name, values in labels.items()}
        x = middle = {"x": _labels(panel) | {"axis": {"title": None, "labelLimit": 120, "orient": "top", **turned}}}
    values = [mark["value"] for mark in panel.marks if mark["value"] is not None and "previous" not in mark]
    lowest, highest = min(values, default=0), max(values, default=0)
    short = number_text(panel.metric)
    legend = {"title": None, "labelExpr": f"isFinite(datum.value) ? {short} : ''", "gradientLength": 280}
    cell_color = {
        "field": "value",
        "type": "quantitative",
        "scale": {"type": "quantize", "domain": [lowest, highest], "range": HEAT},
        "legend": legend,
    }
    is_dark = f"datum.value >= {lowest + (highest - lowest) * 4 / len(HEAT)}"
    cells = {"type": "rect", "stroke": PAPER, "strokeWidth": 1.5, "cornerRadius": 2}
    encoding = {"y": y, **x, "color": cell_color, **_TIP}
    numbers = {
        "transform": [{"filter": "!datum.previous && datum.value != null"}, {"calculate": short, "as": "number"}],
        "mark": {
            "type": "text",
            "fontSize": 11,
            "aria": False,
            "opacity": {"expr": f"width > {_NUMBER_WIDTH * columns} ? 1 : 0"},
        },
        "encoding": {
            **middle,
            "y": y,
            "text": {"field": "number"},
            "color": {"condition": {"test": is_dark, "value": PAPER}, "value": INK},
        },
    }
    return [
        *_layer(panel, "complete", cells, encoding),
        *_layer(panel, "incomplete", cells | {"opacity": 0.55}, encoding),
        *([numbers] if columns <= _MOST_NUMBERS else []),
    ]


LAYERS: Mapping[str, Callable[[Panel], list[Spec]]] = {"line": lines, "area": areas, "bar": bars, "heatmap": heatmap}
"""What draws each of `charts.kinds.KINDS`."""


def height_of(panel: Panel) -> int:
    """Return how high a panel is, in pixels."""
    if panel.groups.kind.name == "heatmap":
        return 30 * len(panel.groups.series)
    if panel.question.grain:
        return HEIGHT
    bars_of_label = len(panel.groups.series) * (2 if panel.question.compare_to else 1)
    return len(panel.columns) * (10 + max(14, 11 * bars_of_label))


def height_over_dates(groups: ChartGroups, width: int) -> int:
    """Return how high a chart of one metric over dates is without a caption, in pixels, or one or two less."""
    if groups.kind.name == "heatmap":
        return 78 + 30 * len(groups.series)
    legend = 15 + 16 * legend_rows(list(groups.series), width) if groups.has_series else 0
    return HEIGHT + 56 + legend


def _layer(panel: Panel, kind: str, mark: Spec, encoding: Spec) -> list[Spec]:
    """Return a layer of the marks that have this member; [] where none has it."""
    if not any(kind in one for one in panel.marks):
        return []
    marked = {"transform": [{"filter": f"isValid(datum.{kind})"}], "mark": {"aria": "description" in encoding, **mark}}
    return [{**marked, "encoding": encoding}]


def _labels(panel: Panel) -> Spec:
    labels = [panel.groups.name_of(label) for label in panel.groups.axis]
    return {"field": "at", "type": "nominal", "sort": labels, "axis": {"title": None, "labelLimit": 220}}


_TIP = {"description": {"field": "tip"}, "tooltip": {"field": "tip"}}
