"""The chart of a report: one Vega-Lite definition (https://vega.github.io/vega-lite/docs/) for pictures and browsers.

`charts.kinds` says what each kind can show, `charts.marks` which marks there are, `charts.layers` how they are drawn,
and `charts.interaction` how they answer.
"""

from dataclasses import dataclass, replace
from typing import Any

from project.charts.caption import alt_text, details_of, title_of
from project.charts.interaction import with_interaction
from project.charts.layers import LAYERS, height_of
from project.charts.marks import check_marks, column_values, mark_values
from project.charts.panel import Panel, Spec
from project.charts.series import chart_groups
from project.charts.theme import CONFIG, DARK, GREY, PAPER, TITLE
from project.query.reports.plan import with_means
from project.query.reports.run import Report

USUAL_WIDTH = 760
"""How wide a chart is, in pixels, where nothing else is asked for."""

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart before it is rendered, and the text for people who cannot see it."""

    spec: Spec
    alt: str


def chart_of(
    report: Report,
    *,
    currency: str,
    kind: str | None = None,
    limit: int | None = None,
    width: int = USUAL_WIDTH,
    caption: bool = True,
    average: bool = False,
    interactive: bool = False,
) -> Chart:
    """Return the chart of a report, whose page has all groups.

    `limit` is how many groups have names; the others are summed. `average` makes rolling sums means a day. Raises
    InvalidRequest where the kind cannot show the report, and for a chart of too many marks.
    """
    if average:
        report = replace(report, plan=with_means(report.plan))
    question = report.plan.question
    groups = chart_groups(report, kind, limit)
    check_marks(question, groups)
    panels = [
        Panel(
            metric,
            question,
            groups,
            list(mark_values(report, groups, metric, currency)),
            list(column_values(report, groups, metric, currency)),
            currency,
        )
        for metric in question.metrics
    ]
    drawn = [panel for panel in panels if panel.columns]
    alt = alt_text(report, groups, currency)
    spec: Spec = {
        "$schema": _SCHEMA,
        "description": alt,
        "background": PAPER,
        "padding": 12 if caption else 6,
        **({"title": {"text": title_of(question), "subtitle": details_of(report, groups), **TITLE}} if caption else {}),
        **_arranged(drawn, width, interactive),
        "datasets": {
            **{panel.data["name"]: panel.marks for panel in drawn},
            **{panel.column_data["name"]: panel.columns for panel in drawn},
        },
        "config": CONFIG,
        "usermeta": {"dark": DARK, **(_meaning(drawn[0]) if drawn else {})},
    }
    return Chart(spec, alt)


def _arranged(panels: list[Panel], width: int, interactive: bool) -> Spec:
    match panels:
        case []:
            return _NO_FACTS | {"width": width}
        case [panel]:
            autosize = {"type": "fit-x", "contains": "padding"}
            return {"width": width, "autosize": autosize, **_panel(panel, interactive)}
    # Panels do not fit a width together: what stands beside them takes about this much.
    return {"vconcat": [{"width": width - 90, **_panel(panel, False)} for panel in panels]}


def _panel(panel: Panel, interactive: bool) -> Spec:
    layers = LAYERS[panel.groups.kind.name](panel)
    if interactive:
        layers = with_interaction(panel, layers)
    return {"data": panel.data, "height": height_of(panel), "layer": layers}


def _meaning(panel: Panel) -> dict[str, Any]:
    """Return what a script needs to know of the marks: what the axis and the series stand for."""
    question, groups = panel.question, panel.groups
    axis = question.group_by[question.grain_index or 0]
    return {
        "kind": groups.kind.name,
        "axis": axis,
        "columns": panel.column_data["name"],
        "dimensions": [name for name in question.group_by if name != axis],
        "series": [
            {"name": name, "labels": labels, "color": color}
            for (name, labels), color in zip(groups.series.items(), panel.colors, strict=True)
        ],
    }


_NO_FACTS = {
    "height": 60,
    "data": {"values": [{}]},
    "mark": {"type": "text", "text": "No facts match.", "fontSize": 14, "color": GREY},
}
