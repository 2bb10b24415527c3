"""What a panel is, and what the panels of one page share."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar, Self
from urllib.parse import urlencode

from project.catalog import Number
from project.query.reports.groups import Change, Group, change_of
from project.query.reports.limits import LARGEST_GROUPS
from project.query.reports.run import Report, run
from project.store.views import SavedView
from project.store.warehouse.snapshot import Snapshot
from project.web.api.reports.params import ReportParameters
from project.web.dashboard.view import Query, View
from project.web.request.query_string import validate

Choice = tuple[str, str, bool]
"""One of several: its text, its link, and whether it is in effect."""


@dataclass(frozen=True, slots=True)
class PageData:
    """The view and the data of one page, and the reports that its panels have asked for, by URL.

    `midnight` is when the view's today began, and `saved` the saved view that was opened.
    """

    view: View
    snapshot: Snapshot
    currency: str
    midnight: datetime
    reports: dict[str, Report] = field(default_factory=dict)
    saved: SavedView | None = None

    @property
    def rows(self) -> int:
        """How many groups the reports of the page have."""
        return sum(len(report.page.groups) for report in self.reports.values())

    async def report(self, query: Query) -> Report:
        """Answer a query as `GET /v1/reports` does, once; without a limit it has all groups."""
        url = report_url(query)
        if url not in self.reports:
            items = [(name, value) for name, values in query.items() for value in values]
            params = validate(ReportParameters, items, self.snapshot.labels)
            question = params.question(self.view.today)
            all_groups = question if params.given_limit else replace(question, limit=LARGEST_GROUPS)
            self.reports[url] = await run(all_groups, self.snapshot)
        return self.reports[url]


@dataclass(frozen=True)
class Panel:
    """A part of the page; its template shows it as `panel`."""

    template: ClassVar[str]
    data: PageData

    @property
    def view(self) -> View:
        """The view that the page shows."""
        return self.data.view

    @classmethod
    async def read(cls, data: PageData) -> Self:
        """Return the panel of a page."""
        return cls(data)


@dataclass(frozen=True)
class ReportPanel(Panel):
    """A panel that shows a report."""

    report: Report

    @classmethod
    async def read(cls, data: PageData) -> Self:
        """Ask the panel's question and return the panel with the answer."""
        return cls(data, await data.report(cls.query(data.view)))

    @staticmethod
    def query(view: View) -> Query:
        """Return the panel's question, as the query of `GET /v1/reports`."""
        raise NotImplementedError

    @property
    def is_empty(self) -> bool:
        """Whether no facts match."""
        return all(group.empty for group in self.report.page.groups)

    @property
    def compares(self) -> bool:
        """Whether there are days that those of the view are compared with."""
        return self.report.plan.comparison is not None

    def url(self, **changes: list[str]) -> str:
        """Return the API's URL of the report, or of one that differs in these parameters; [] removes one."""
        return report_url({**self.query(self.view), **changes})

    def value(self, metric: str, group: Group) -> Number | None:
        """Return a metric of a group."""
        return self.report.plan.values[metric](group.current)

    def change(self, metric: str, group: Group) -> Change | None:
        """Return how a metric of a group compares with the previous period; None without a comparison."""
        return change_of(metric, group, self.report.plan) if self.compares else None


def report_url(query: Query) -> str:
    """Return the API's URL of a report."""
    return f"v1/reports?{urlencode(query, doseq=True, safe=',')}"
