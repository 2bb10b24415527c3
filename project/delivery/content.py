"""What a view shows: the panels of its page, the chart as a picture, and the breakdown as a file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from project.catalog.display import display_days, display_name
from project.charts.chart import chart_of
from project.charts.renderer import PICTURES, Renderer
from project.errors import InvalidRequest, NotDelivered, RenderFailed
from project.export.encode import encode
from project.export.formats import FORMATS
from project.export.open_export import open_export
from project.query.reports.run import Report
from project.settings import Settings
from project.store.views import SavedView
from project.store.warehouse.snapshot import Snapshot, snapshot
from project.web.api.reports.params import ReportParameters
from project.web.api.views.params import ViewParameters
from project.web.dashboard.panels.breakdown import Breakdown, question_of
from project.web.dashboard.panels.freshness import Freshness
from project.web.dashboard.panels.panel import PageData, report_url
from project.web.dashboard.panels.series import chart_options, chart_question
from project.web.dashboard.panels.totals import Totals
from project.web.dashboard.view import Query, View, view_of
from project.web.request.query_string import validate
from project.web.response.json import report_content


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a mail."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Content:
    """A saved view and what it shows.

    `series` is the report of the chart, which is a PNG, or None where it could not be rendered or there are no facts;
    `alt` says the same in words. `breakdown` has the rows; of a pivot table their sums.
    """

    saved: SavedView
    view: View
    site: str
    currency: str
    totals: Totals
    freshness: Freshness
    breakdown: Breakdown
    series: Report
    chart: bytes | None
    alt: str
    attachment: Attachment | None

    @property
    def compared(self) -> str:
        """The days that its days are compared with: `9–15 Nov`; "" without a comparison."""
        comparison = self.breakdown.report.plan.comparison
        if not comparison or comparison.current != self.view.period:
            # Some days are not loaded yet, or have no counterpart.
            return str(comparison or "")
        previous = comparison.previous
        return display_days(
            previous.first, previous.last, with_year=previous.first.year != comparison.current.first.year
        )

    @property
    def conditions(self) -> list[str]:
        """The filters and bounds in words."""
        bounds = (
            f"{display_name(name[4:])} at {'least' if name.startswith('min_') else 'most'} {values[0]}"
            for name, values in self.view.bounds.items()
        )
        return [*filter(None, [self.view.filters_in_words]), *bounds]

    @property
    def missing_days(self) -> str:
        """The days of the view that are not loaded yet: `23–25 Nov`; "" where all are."""
        period, last = self.view.period, self.totals.report.labels.last_date
        if not period or not last or period.last <= last:
            return ""
        return display_days(max(period.first, last + timedelta(days=1)), period.last, with_year=False)

    def link(self, path: str) -> str:
        """Return the URL of a link of the page; "" where `PUBLIC_URL` is not set."""
        return f"{self.site}/{path}" if self.site else ""

    @property
    def page_link(self) -> str:
        """The URL of the view."""
        return self.link(f"views/{self.saved.name}")

    def as_json(self) -> dict[str, Any]:
        """Return the view, its reports as `GET /v1/reports` answers, and links."""
        return {
            "view": {"name": self.saved.name, "title": self.saved.title, "query": self.saved.query},
            "breakdown": report_content(self.breakdown.report),
            "series": report_content(self.series),
            "links": {
                "view": self.page_link or None,
                "breakdown": self.link(report_url(_rows_question(self.view))) or None,
                "series": self.link(report_url(chart_question(self.view))) or None,
            },
        }


async def read_content(
    saved: SavedView, settings: Settings, renderer: Renderer, day: date, attach: str | None, *, picture: bool
) -> Content:
    """Answer the questions of a view as its page does, as if `day` was today.

    Raises InvalidRequest where the view is no longer valid, NotDelivered where there are no facts at all, PicturesFull
    and DatabaseUnavailable.
    """
    items = parse_qsl(saved.query)
    async with snapshot() as current:
        if current.labels.last_date is None:
            raise NotDelivered("There are no facts yet.")
        view = view_of(validate(ViewParameters, items, current.labels), items, current.labels, day)
        midnight = datetime.combine(day, time(), ZoneInfo(settings.timezone))
        data = PageData(view, current, settings.currency, midnight)
        totals, freshness = await Totals.read(data), await Freshness.read(data)
        breakdown = Breakdown(data, await data.report(_rows_question(view)))
        series = await data.report(chart_question(view))
        attachment = await _attachment(view, attach, current) if attach else None
        chart_items = _items({**chart_question(view), **chart_options(view)}, "png")
        options = validate(ReportParameters, chart_items, current.labels).chart_options
    chart, alt = None, ""
    if picture and not totals.is_empty:
        chart, alt = await _picture(series, settings.currency, options, renderer)
    return Content(
        saved,
        view,
        settings.public_url,
        settings.currency,
        totals,
        freshness,
        breakdown,
        series,
        chart,
        alt,
        attachment,
    )


def _rows_question(view: View) -> Query:
    """Return the question of the rows: those of a pivot table without its columns."""
    sort = f"-{view.metric}" if view.sort.removeprefix("-") == view.split else view.sort
    return Breakdown.query(replace(view, split=None, sort=sort))


def _items(query: Query, format_: str) -> list[tuple[str, str]]:
    """Return the names and values with which `GET /v1/reports` answers a question of the page as a file."""
    return [*((name, value) for name, values in query.items() for value in values), ("format", format_)]


async def _picture(
    series: Report, currency: str, options: Mapping[str, Any], renderer: Renderer
) -> tuple[bytes | None, str]:
    try:
        chart = await series.process(chart_of, series, currency=currency, **options)
        return await renderer.render(chart, PICTURES["png"]), chart.alt
    except (InvalidRequest, RenderFailed):
        # It has too many marks, or the renderer fails; the numbers are worth a mail without it.
        return None, ""


async def _attachment(view: View, attach: str, current: Snapshot) -> Attachment:
    items = _items(question_of(view), attach)
    question = validate(ReportParameters, items, current.labels).question(view.today)
    export = await open_export(question, FORMATS[attach], current, urlencode(items))
    try:
        content = b"".join([part async for part in encode(export)])
    finally:
        await export.close()
    return Attachment(export.file_name, FORMATS[attach].media_type.partition(";")[0], content)
