"""Interaction: how a chart answers the pointer and the finger, as parts of Vega-Lite; pictures are without it.

A rule follows the pointer, with the values of all series; the legend hides series; a drag marks dates.
"""

from project.charts.panel import Panel, Spec
from project.charts.theme import GREY, INK, SERIES

_MOUSE_DRAG = "[pointerdown[event.pointerType === 'mouse'], window:pointerup] > window:pointermove!"
"""What marks dates: a finger that moves shows their values."""


def with_interaction(panel: Panel, layers: list[Spec]) -> list[Spec]:
    """Return the layers of a panel that answers."""
    kind = panel.groups.kind
    if not kind.colors_series:
        return layers
    if kind.name == "line":
        layers = [*layers, _wide_lines(panel)]
    if panel.groups.has_series:
        layers = [layer | {"transform": [*layer.get("transform", ()), _IS_SHOWN]} for layer in layers]
        layers[0]["params"] = [_shown(panel)]
    return [*([_rule(panel)] if panel.question.grain else []), *layers, _hits(panel)]


def _shown(panel: Panel) -> Spec:
    """Return which series are shown: all, until the legend takes one away."""
    select = {"type": "point", "fields": ["series"], "toggle": "true", "clear": False}
    return {
        "name": "shown",
        "select": select,
        "bind": "legend",
        "value": [{"series": name} for name in panel.groups.series],
    }


_IS_SHOWN = {"filter": {"param": "shown"}}


def _wide_lines(panel: Panel) -> Spec:
    """Return the lines again, unseen, and wide enough to be clicked."""
    return {
        "transform": [{"filter": "isValid(datum.complete)"}],
        "mark": {"type": "line", "strokeWidth": 16, "opacity": 0, "aria": False},
        "encoding": {"x": panel.x, "y": panel.value, **panel.color, "tooltip": {"field": "series"}},
    }


def _rule(panel: Panel) -> Spec:
    return {
        "data": panel.column_data,
        "transform": [{"filter": {"param": "hover", "empty": False}}],
        "mark": {"type": "rule", "color": GREY, "aria": False},
        "encoding": {"x": panel.x},
    }


def _hits(panel: Panel) -> Spec:
    """Return, in front of all others, what the pointer finds for each value of the axis."""
    hover = {"type": "point", "fields": ["at"], "on": "pointerover", "clear": "pointerout"}
    style = {"fill": SERIES[0], "fillOpacity": 0.15, "stroke": SERIES[0]}
    drag = {"type": "interval", "encodings": ["x"], "on": _MOUSE_DRAG, "clear": "dblclick", "mark": style}
    brush = {"name": "brush", "select": drag | {"translate": False, "zoom": False}}
    params: list[Spec] = [{"name": "hover", "select": hover}]
    position: Spec = {"y": {"field": "at", "type": "nominal", "sort": [column["at"] for column in panel.columns]}}
    if panel.question.grain:
        params.append(brush)
        position = {"x": panel.x | {"field": "start"}, "x2": {"field": "end"}}
    return {
        "data": panel.column_data,
        "params": params,
        "mark": {"type": "rect", "clip": True, "color": INK, "aria": False, "cursor": "pointer"},
        "encoding": {**position, "opacity": {"value": 0}, "tooltip": {"field": "tip"}},
    }
