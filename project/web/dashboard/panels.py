"""Panels: the page's questions, answered by the same stages as the API's, in the words and numbers that it shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from project.catalog import METRICS, Number
from project.catalog.display import display_name, format_amount
from project.charts.caption import alt_text
from project.charts.series import chart_groups
from project.query.reports.plan import ReportPlan
from project.query.reports.result import Change, Group, ReportPage, change_of, share
from project.query.reports.run import Report, run
from project.store.warehouse.labels import Labels
from project.store.warehouse.snapshot import Snapshot
from project.web.api.reports.params import ReportParameters
from project.web.dashboard.view import Query, View
from project.web.request.query_string import validate

REPORTS = "v1/reports"


class Tile(NamedTuple):
    """A metric of everything."""

    name: str
    link: str
    whole: str
    value: str
    unit: str
    change: str
    chosen: bool


class Heading(NamedTuple):
    """A column of the breakdown; `sorted` is `ascending`, `descending` or nothing."""

    name: str
    link: str
    sorted: str


class Row(NamedTuple):
    """A row of a table: a label, and its numbers as text; in the breakdown also where it leads, and its bar."""

    label: str
    numbers: list[str]
    inside: str = ""
    without: str = ""
    bar: str = ""
    share: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A report, the URL that gives the same, and that of all of it, however much is shown."""

    url: str
    whole_url: str
    report: Report

    @property
    def plan(self) -> ReportPlan:
        """The plan of the report."""
        return self.report.plan

    @property
    def page(self) -> ReportPage:
        """The page of groups."""
        return self.report.page

    def value(self, metric: str, group: Group) -> Number | None:
        """Return a metric of a group."""
        return self.plan.values[metric](group.current)

    def changed(self, metric: str, group: Group) -> Change | None:
        """Return how a metric of a group compares; None without a comparison."""
        return change_of(metric, group, self.plan) if self.plan.question.compare_to else None


async def read_panel(query: Query, view: View, seen: Snapshot) -> Panel:
    """Ask one question, as `GET /v1/reports` does."""
    items = [(name, value) for name, values in query.items() for value in values]
    params = validate(ReportParameters, items, seen.labels)
    report = await run(params.question(view.today), seen)
    return Panel(_url(query), _url({**query, "limit": []}), report)


def totals_url(view: View) -> str:
    """Return the URL that gives what the tiles show."""
    return _url(view.totals())


def tiles(panel: Panel, view: View, currency: str) -> Iterator[Tile]:
    """Yield every metric of all that the view shows; `panel` is its breakdown, whose totals they are."""
    total = panel.page.total
    if total is None:
        return
    for name, metric in METRICS.items():
        value = panel.value(name, total)
        yield Tile(
            display_name(name),
            view.link(metric=name, sort=None),
            f"{metric.description} {format_amount(name, value, currency)}",
            compact(name, value),
            currency if metric.unit == "currency" else "",
            change_shown(name, panel.changed(name, total)) or ("–" if view.compared else ""),
            name == view.metric,
        )


def series_rows(panel: Panel, view: View) -> Iterator[Row]:
    """Yield the dates, with the metric, what it was in the compared period, and the change."""
    for group in panel.page.groups:
        numbers = [format_amount(view.metric, panel.value(view.metric, group))]
        if change := panel.changed(view.metric, group):
            numbers += [format_amount(view.metric, change.value), change_shown(view.metric, change)]
        yield Row(str(group.key[0]), numbers)


def headings(view: View) -> Iterator[Heading]:
    """Yield the columns of the breakdown after which it can be sorted; a change has no link."""
    names = [view.params.group_by, view.metric, *(["change"] if view.compared else []), *_other_metrics(view)]
    for name in names:
        link = "" if name == "change" else view.link(sort=name if view.sort == f"-{name}" else f"-{name}")
        order = {name: "ascending", f"-{name}": "descending"}.get(view.sort, "")
        yield Heading(display_name(name), link, order)


def breakdown_rows(panel: Panel, view: View) -> Iterator[Row]:
    """Yield the groups, the metric first, and how much of the longest bar its own is."""
    metric = view.metric
    values = [panel.value(metric, group) for group in panel.page.groups]
    longest = max((value for value in values if value is not None), default=0)
    whole = panel.value(metric, panel.page.total) if panel.page.total and len(METRICS[metric].measures) == 1 else None
    for group, value in zip(panel.page.groups, values, strict=True):
        part = share(value or 0, whole or 0) if whole else None
        yield Row(
            group.key[0],
            _numbers(panel, view, group),
            view.drill(group.key[0]),
            view.without(group.key[0]),
            f"{100 * (value or 0) / longest:.2f}" if longest else "0",
            "" if part is None else f"{part:.1%}",
        )


def total_row(panel: Panel, view: View) -> Row:
    """Return the last row of the breakdown."""
    return Row("all", _numbers(panel, view, panel.page.total) if panel.page.total else [])


def picture_url(view: View) -> str:
    """Return the URL of the breakdown's picture, of the metric only."""
    return _url({**view.breakdown(), "metrics": [view.metric], "totals": [], "limit": []})


def notes(series: Panel, view: View, labels: Labels) -> Iterator[str]:
    """Yield what has to be known about the changes that are shown."""
    comparison = series.plan.comparison
    if not comparison or not comparison.previous or not view.period or not labels.first_date or not labels.last_date:
        return
    if comparison.previous.first < labels.first_date:
        yield (
            f"The data begins {labels.first_date}, after the {display_name(view.compared or '')} does "
            f"({comparison.previous.first} to {comparison.previous.last}): changes are not of as many days."
        )
    if view.period.last > labels.last_date:
        yield f"The data ends {labels.last_date}: the days after that count as nothing in the changes."


def words_for(panel: Panel, labels: Labels, currency: str) -> str:
    """Return what the chart of a panel shows, in words."""
    return alt_text(panel.report, chart_groups(panel.report), currency)


def change_shown(metric: str, change: Change | None) -> str:
    """Return a change in a few letters: `+4.2%`, of a ratio `+0.03 pp`; nothing where there is none."""
    if change is None or change.change is None:
        return ""
    if METRICS[metric].unit == "ratio":
        points = 100 * change.change
        # Of less than a hundredth, one digit says more than 0.00.
        return f"{points:+.2f} pp" if round(points, 2) or not points else f"{points:+.1g} pp"
    return "" if change.change_ratio is None else f"{100 * change.change_ratio:+.1f}%"


def compact(metric: str, value: Number | None) -> str:
    """Return a number short enough for a tile: `12.34M`."""
    if value is None:
        return "–"
    for size, letter in _LETTERS.items():
        if METRICS[metric].unit != "ratio" and value >= max(size, _LARGE):
            return f"{value / size:,.4g}{letter}" if value < 1000 * size else f"{value / size:,.0f}{letter}"
    return format_amount(metric, value)


_LARGE = 10_000
_LETTERS: Mapping[int, str] = {10**12: "T", 10**9: "B", 10**6: "M", 10**3: "k"}


def _url(query: Query) -> str:
    return f"{REPORTS}?{urlencode(query, doseq=True, safe=',')}"


def _other_metrics(view: View) -> list[str]:
    return [name for name in METRICS if name != view.metric]


def _numbers(panel: Panel, view: View, group: Group) -> list[str]:
    change = [change_shown(view.metric, panel.changed(view.metric, group))] if view.compared else []
    others = [format_amount(name, panel.value(name, group)) for name in _other_metrics(view)]
    return [format_amount(view.metric, panel.value(view.metric, group)), *change, *others]
