"""What to do with a view: send it, keep it, print it, and take its numbers elsewhere."""

from collections.abc import Collection, Iterator
from urllib.parse import urlencode

from project.catalog.comparisons import compared_as
from project.catalog.display import display_name
from project.charts.renderer import PICTURES
from project.export.formats import FORMATS
from project.web.dashboard.panels.breakdown import question_of
from project.web.dashboard.panels.panel import Panel, report_url
from project.web.dashboard.panels.series import chart_options, chart_question
from project.web.dashboard.view import USUAL_PRESET

_NAMES = {"xlsx": "Excel", "csv": "CSV", "png": "PNG", "svg": "SVG", "vega": "Vega-Lite", "parquet": "Parquet"}
"""The formats that the menu offers, in its order."""


_ALL_DAYS = {"maximum": "all days"}


class Share(Panel):
    """The menu. What it exports is what the page shows, in full."""

    template = "share.html"

    def links(self) -> Iterator[tuple[str, str]]:
        """Yield the links to the view, and which days each shows: those of the day it is opened, or always these."""
        view, period = self.view, self.view.period
        [preset] = view.dates.get("date_preset", [""])
        if preset or not {"date_from", "date_to"} & view.query.keys():
            name = _ALL_DAYS.get(preset) or display_name(preset or USUAL_PRESET)
            yield f"always {'the ' if name.startswith('last') else ''}{name}", view.link()
        if period:
            dates = {"date_from": str(period.first), "date_to": str(period.last)}
            compare_to = compared_as(view.compare_to or "none", preset, period.first, period.last)
            # What is no longer relative is no longer the saved view.
            others = {"compare_to": compare_to, "view": None} if preset else {}
            yield f"only {view.days}", view.link(**dates, **others)

    def exports(self) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
        """Yield what can be taken: its name, the API's URL, and the names and URLs of its files."""
        view = self.view
        table, chart = report_url(question_of(view)), report_url(chart_question(view))
        facts = f"v1/ad-metrics?{urlencode(view.facts, doseq=True)}"
        yield "Table", table, _files(table, FORMATS)
        picture = report_url({**chart_question(view), **chart_options(view)})
        yield "Chart", chart, [*_files(picture, PICTURES), *_files(chart, ["csv"])]
        yield "Single facts", facts, _files(facts, FORMATS)


def _files(url: str, formats: Collection[str]) -> list[tuple[str, str]]:
    return [(title, f"{url}&format={name}") for name, title in _NAMES.items() if name in formats]
