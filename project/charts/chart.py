"""The chart that suits a report, as Vega-Lite (https://vega.github.io/vega-lite/docs/): one panel a metric.

A date grain makes lines, the compared period dashed; a dimension makes bars, the compared period a mark on each;
further dimensions are series, told apart by colour and shape.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from project.catalog import METRICS, Number, coarser_than
from project.catalog.display import amount, display_name
from project.charts.series import Shown, legible, shown
from project.charts.theme import FAINT, GREY, INK, PAPER, SERIES
from project.errors import Fault, InvalidRequest
from project.query.reports.plan import ReportPlan
from project.query.reports.result import Group, ReportPage
from project.store.warehouse.labels import Labels

MOST_MARKS = 10_000
"""Two years of days, 6 lines and the others, compared. More takes seconds and a gigabyte to draw."""

_STROKES = {"title": None, "symbolType": "stroke", "symbolSize": 400, "symbolStrokeColor": INK}
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right")
_WIDTH = 640
_MOST_TICKS = 8
_LONG = 40
_HEIGHT = 200
_MOST_POINTS = 45
"""Units along the axis up to which each has a point of its own."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture before it is drawn, and what it shows in words, for those who cannot see it."""

    spec: dict[str, Any]
    alt: str


def chart_of(plan: ReportPlan, page: ReportPage, labels: Labels, *, currency: str, limit: int | None = None) -> Chart:
    """Choose the chart of a report, of which `page` has all groups.

    `limit` is how many groups keep names of their own; the others are summed. Raises InvalidRequest for a report
    that is not grouped, since one number needs no picture, and for one of too many marks.
    """
    question = plan.question
    if not question.group_by:
        detail = "A picture shows groups side by side; this report is not grouped."
        raise InvalidRequest([Fault("group_by", "missing_parameter", detail, suggestions=("group_by=date",))])
    drawn = _Drawn(plan, page, shown(plan, page, limit), labels, currency)
    if drawn.marks > MOST_MARKS:
        raise _too_many_marks(plan, drawn.marks)
    title, details = _title(plan), drawn.details()
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": PAPER,
        "padding": 12,
        "title": {"text": title, "subtitle": details, **_TITLE},
        "data": {"values": list(drawn.values())},
        "vconcat": [drawn.panel(name) for name in question.metrics] if page.groups else [_NOTHING],
        "config": _CONFIG,
    }
    return Chart(spec, drawn.in_words())


def words_of(plan: ReportPlan, page: ReportPage, labels: Labels, *, currency: str) -> str:
    """Return what the chart of a report shows in words, as `Chart.alt`, without the chart."""
    return _Drawn(plan, page, shown(plan, page, None), labels, currency).in_words()


def _too_many_marks(plan: ReportPlan, marks: int) -> InvalidRequest:
    question = plan.question
    detail = (
        f"The picture would have {marks:,} marks; it may have {MOST_MARKS:,}. Ask for fewer days, fewer metrics, or a"
        " coarser grain; files have everything."
    )
    coarser = coarser_than(question.grain)[:1] if question.grain else []
    suggestions = tuple("group_by=" + ",".join(question.grouped_with(one)) for one in coarser)
    return InvalidRequest([Fault("group_by", "too_many_marks", detail, ",".join(question.group_by), suggestions)])


class _Drawn:
    def __init__(self, plan: ReportPlan, page: ReportPage, what: Shown, labels: Labels, currency: str) -> None:
        self.plan = plan
        self.page = page
        self.what = what
        self._labels = labels
        self._currency = currency
        self._grain = plan.question.grain
        self._compared = plan.question.compare_to
        self._periods = ["this period", display_name(self._compared or "")]

    @property
    def marks(self) -> int:
        """How many values it shows at most."""
        periods = 2 if self._compared else 1
        return len(self.what.along) * len(self.what.names) * len(self.plan.question.metrics) * periods

    def values(self) -> Iterator[dict[str, Any]]:
        """Yield a value a place, series, metric and period."""
        nothing = (0,) * len(self.plan.measures)
        filters = self.plan.question.filters
        bounded = bool(filters.minimum or filters.maximum)
        for at in self.what.along:
            for name in self.what.names:
                group = self.what.groups.get((at, name))
                if group is None and (bounded or not self._grain):
                    continue  # what was left out is not 0
                group = group or Group((), nothing, nothing)
                for period, sums in enumerate((group.current, group.previous) if self._compared else (group.current,)):
                    if not self._is_known(at, period):
                        continue
                    said = self._periods[period] if self._compared else ""
                    for metric in self.plan.question.metrics:
                        value = self.plan.values[metric](sums)
                        place = ", ".join(filter(None, (str(at), name, said)))
                        yield {
                            "at": str(at),
                            "series": name,
                            "period": self._periods[period],
                            "metric": metric,
                            "value": None if value is None else float(value),
                            "tip": f"{place}: {amount(metric, value, self._currency)}",
                        }

    def _is_known(self, at: Any, period: int) -> bool:
        """Whether a unit can have facts: what has not been loaded yet, or stands against no day, is not 0."""
        if not self._grain:
            return True
        if not period:
            return bool(at <= (self._labels.last_date or date.max))
        comparison = self.plan.comparison
        if not comparison or not comparison.previous:
            return False
        begin = comparison.counterpart(at)
        end = min(begin + timedelta(days=self._grain.longest - 1), comparison.previous.last)
        return begin <= comparison.previous.last and end >= (self._labels.first_date or date.min)

    def panel(self, metric: str) -> dict[str, Any]:
        """Return the panel of one metric."""
        return {
            "transform": [{"filter": {"field": "metric", "equal": metric}}],
            "width": _WIDTH,
            **(self._lines(metric) if self._grain else self._bars(metric)),
        }

    def details(self) -> list[str]:
        """Return what stands below the title: days, filters, what is summed."""
        return [
            *_details(self.plan),
            *self._partial_units(),
            *self.what.left_out,
            *(["Sample data, made up"] if self._labels.version.sample else []),
        ]

    def _partial_units(self) -> Iterator[str]:
        """Yield the first and last unit when the report, or the data, has only some of its days: they look low."""
        grain, period, labels = self._grain, self.plan.period, self._labels
        if not (grain and period and labels.first_date and labels.last_date):
            return
        first, last = max(period.first, labels.first_date), min(period.last, labels.last_date)
        for unit in sorted({grain.start(first), grain.start(last)}) if first <= last else ():
            whole = grain.days(unit)
            days = (min(last, unit + timedelta(days=whole - 1)) - max(first, unit)).days + 1
            if days < whole:
                yield f"The {grain.name} of {unit} has {days} of its {whole} days"

    def in_words(self) -> str:
        """Return the title and details, and the highest and lowest value of each metric among all groups."""
        sentences = [_title(self.plan), *self.details()]
        place = self.plan.question.grain_index or 0
        groups = [group for group in self.page.groups if self._is_known(group.key[place], 0)]
        for metric in self.plan.question.metrics:
            value_of = self.plan.values[metric]
            found = [(value, group.key) for group in groups if (value := value_of(group.current)) is not None]
            if found:
                low, high = min(found), max(found)
                sentences.append(
                    f"{display_name(metric)}: highest {self._said(metric, *high)}, lowest {self._said(metric, *low)}"
                )
        return ". ".join(sentences) + "."

    def _said(self, metric: str, value: Number, key: tuple[Any, ...]) -> str:
        return f"{amount(metric, value, self._currency)} ({' '.join(legible(str(part)) for part in key)})"

    def _lines(self, metric: str) -> dict[str, Any]:
        units = self.what.along
        along = {
            "field": "at",
            "type": "temporal",
            "scale": {"type": "utc"},
            # Vega's own choice would name Sundays where weeks begin on Mondays.
            "axis": {
                "title": None,
                "labelExpr": self._form_of_dates(),
                "labelFlush": True,
                "values": [str(at) for at in units[:: -(-len(units) // _MOST_TICKS) or 1]],
            },
        }
        size = {"field": "value", "type": "quantitative", "axis": self._axis(metric)}
        shared = {"x": along, "y": size, **self._told_apart()}
        line = {"mark": {"type": "line", "strokeWidth": 2, "aria": False}, "encoding": shared | self._dashed()}
        # Of many none is seen, but each is found by a pointer.
        seen = len(self.what.along) <= _MOST_POINTS
        # One point has no line, which could be dashed.
        own = [{"filter": {"field": "period", "equal": self._periods[0]}}] if len(units) > 1 else []
        points = {
            "transform": own,
            "mark": {"type": "point", "filled": True, "size": 28 if seen else 60, "opacity": int(seen)},
            "encoding": shared
            | (self._shaped() if seen and self._has_series else {})
            | {"description": {"field": "tip"}},
        }
        return {"height": _HEIGHT, "layer": [line, points]}

    def _bars(self, metric: str) -> dict[str, Any]:
        places = {"field": "at", "type": "nominal", "sort": [str(at) for at in self.what.along]}
        along = {**places, "axis": {"title": None, "labelLimit": 220}}
        size = {"field": "value", "type": "quantitative", "axis": self._axis(metric)}
        beside = {"yOffset": {"field": "series", "sort": list(self.what.names)}} if self._has_series else {}
        shared = {"y": along, "x": size, **beside}
        bars = {
            "transform": [{"filter": {"field": "period", "equal": self._periods[0]}}],
            "mark": {"type": "bar", "cornerRadiusEnd": 2},
            "encoding": shared | self._told_apart() | {"description": {"field": "tip"}},
        }
        layers = [bars]
        if self._compared:
            layers.append(
                {
                    "transform": [{"filter": {"field": "period", "equal": self._periods[1]}}],
                    "mark": {"type": "tick", "thickness": 3, "color": INK, "opacity": 1},
                    "encoding": shared | {"description": {"field": "tip"}},
                }
            )
        return {"height": {"step": 12 if self._has_series else 22}, "layer": layers}

    def _form_of_dates(self) -> str:
        """Return how a date of the axis is written, as an expression of Vega."""
        name = self._grain.name if self._grain else "date"
        if name == "quarter":
            return "'Q' + utcquarter(datum.value) + ' ' + utcyear(datum.value)"
        days = self.what.along
        year = "" if days and days[0].year == days[-1].year else " %Y"
        form = {"year": "%Y", "month": "%b %Y"}.get(name, f"%-d %b{year}")
        return f"utcFormat(datum.value, '{form}')"

    @property
    def _has_series(self) -> bool:
        return len(self.plan.question.group_by) > 1

    def _told_apart(self) -> dict[str, Any]:
        if not self._has_series:
            return {"color": {"value": SERIES[0]}}
        names = list(self.what.names)
        colours = [GREY if name == self.what.others else SERIES[at] for at, name in enumerate(names)]
        return {"color": {**self._series, "scale": {"domain": names, "range": colours}}}

    def _shaped(self) -> dict[str, Any]:
        names = list(self.what.names)
        return {"shape": {**self._series, "scale": {"domain": names, "range": list(_SHAPES[: len(names)])}}}

    @property
    def _series(self) -> dict[str, Any]:
        return {"field": "series", "sort": list(self.what.names), "legend": {"title": None}}

    def _dashed(self) -> dict[str, Any]:
        if not self._compared:
            return {}
        scale = {"domain": self._periods, "range": [[1, 0], [5, 4]]}
        return {"strokeDash": {"field": "period", "scale": scale, "legend": _STROKES}}

    def _axis(self, metric: str) -> dict[str, Any]:
        unit = METRICS[metric].unit
        units = {"count": "", "currency": f" ({self._currency})", "ratio": " (%)"}
        # d3 writes a billion as G.
        shown = "format(datum.value, '.2~%')" if unit == "ratio" else "replace(format(datum.value, '~s'), 'G', 'B')"
        if unit == "currency":
            shown = f"abs(datum.value) < 1 ? format(datum.value, '~g') : {shown}"
        return {"title": display_name(metric) + units[unit], "labelExpr": shown, "tickCount": 5, "titleAnchor": "end"}


def _title(plan: ReportPlan) -> str:
    question = plan.question
    metrics = _listed([display_name(name) for name in question.metrics])
    by = _listed([name.replace("_", " ") for name in question.group_by])
    return f"{metrics[0].upper()}{metrics[1:]} by {by}"


def _details(plan: ReportPlan) -> list[str]:
    question = plan.question
    lines = [_days(plan.period) if plan.period else "no facts"]
    if question.compare_to:
        other = plan.comparison and plan.comparison.previous
        drawn = "dashed" if question.grain else "the mark on each bar"
        lines[0] += f"; {drawn}: {display_name(question.compare_to)}" + (f", {_days(other)}" if other else "")
    filters = question.filters
    narrowed = [
        *(f"{display_name(name)}: {_few(kept)}" for name, kept in filters.include),
        *(f"without {display_name(name)}: {_few(dropped)}" for name, dropped in filters.exclude),
        *(f"{display_name(name)} at least {least}" for name, least in filters.minimum),
        *(f"{display_name(name)} at most {most}" for name, most in filters.maximum),
    ]
    if narrowed:
        lines.append("; ".join(narrowed))
    return lines


def _days(period: Any) -> str:
    return f"{period.first} to {period.last}"


def _few(names: Sequence[str]) -> str:
    shown = [name if len(name) <= _LONG else name[:_LONG] + "…" for name in map(legible, names[:5])]
    return ", ".join(shown) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


_NOTHING = {
    "width": _WIDTH,
    "height": 60,
    "data": {"values": [{}]},
    "mark": {"type": "text", "text": "No facts match.", "fontSize": 14, "color": GREY},
}

_TITLE = {"anchor": "start", "frame": "group", "offset": 14}

_CONFIG: dict[str, Any] = {
    "font": "Liberation Sans, Arial, Helvetica, sans-serif",
    "view": {"stroke": None},
    "title": {
        "color": INK,
        "fontSize": 15,
        "fontWeight": 600,
        "subtitleColor": GREY,
        "subtitleFontSize": 11,
        "subtitlePadding": 6,
        "lineHeight": 14,
    },
    "axis": {
        "labelColor": INK,
        "titleColor": GREY,
        "titleFontWeight": "normal",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "gridColor": FAINT,
        "domainColor": FAINT,
        "tickColor": FAINT,
    },
    "axisBottom": {"grid": False},
    "legend": {"labelColor": INK, "labelFontSize": 11, "orient": "bottom", "symbolStrokeWidth": 2, "labelLimit": 260},
}
