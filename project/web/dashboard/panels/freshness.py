"""How complete the numbers are, how much they usually still change, and a link to what changed since yesterday."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Self
from urllib.parse import urlencode

from cachetools import LRUCache

from project.catalog import MEASURE_NAMES
from project.catalog.display import display_days, display_name
from project.errors import InvalidRequest
from project.query.changes import ChangesQuestion, fetch_changes
from project.query.filters import Filters
from project.query.moments import Moment
from project.query.settling import Rise, settled_to, unsettled_days, usual_rise
from project.store.warehouse.ledger import LEDGER_NAMES
from project.store.warehouse.snapshot import Snapshot
from project.web.dashboard.panels.panel import PageData, ReportPanel
from project.web.dashboard.panels.totals import Totals

_LEAST_RISE = 0.005
"""What is less rounds to 0 %."""


@dataclass(frozen=True)
class Freshness(ReportPanel):
    """Up to which day the data is complete, and the rises of the view's days that are usual.

    `changes_url` is the page of what changed since yesterday, or since the moment of `as_of`; "" where nothing did, or
    that is not known.
    """

    template = "freshness.html"
    query = staticmethod(Totals.query)
    rises: Sequence[Rise]
    changes_url: str

    @classmethod
    async def read(cls, data: PageData) -> Self:
        """Ask for the days of the view that have not settled, and whether anything changed since yesterday."""
        report = await data.report(cls.query(data.view))
        filters = report.plan.question.filters
        as_of = report.plan.question.as_of
        changes_url = await _changes_url(data, filters, data.midnight if as_of is None else as_of)
        # What was known then does not rise any more.
        return cls(data, report, await _rises(data, filters) if as_of is None else (), changes_url)

    def complete_to(self) -> str:
        """Return the newest day with facts, with its year where that is not this one: `24 Nov`."""
        return self._written(self.report.labels.last_date)

    def settled_to(self) -> str:
        """Return the newest day that has settled, likewise; "" where that is not known."""
        return self._written(settled_to(self.report.plan.question.filters, self.report.labels))

    def _written(self, day: date | None) -> str:
        return display_days(day, day, with_year=day.year != self.view.today.year) if day else ""

    def sentence(self, rise: Rise) -> str:
        """Return a rise in words: `Conversions of the last 3 days usually rise by 15%`."""
        days = f"the last {rise.days.days} days" if rise.days.days > 1 else "the last day"
        if rise.days.last != self.report.labels.last_date:
            days = display_days(rise.days.first, rise.days.last, with_year=False)
        verb = "rise" if rise.ratio > 0 else "fall"
        return f"{display_name(rise.measure).capitalize()} of {days} usually {verb} by {abs(rise.ratio):.0%}."


async def _rises(data: PageData, filters: Filters) -> Sequence[Rise]:
    view, labels = data.view, data.snapshot.labels
    days = unsettled_days(filters, labels, view.period)
    if days is None:
        return ()
    dates = {"date_from": [str(days.first)], "date_to": [str(days.last)]}
    grouping = {"group_by": ["date,platform"], "metrics": [",".join(MEASURE_NAMES)]}
    report = await data.report({**dates, **view.filters, **grouping})
    groups = [(group, labels.maturity.get(labels["platform"].id(group.key[1]) or 0)) for group in report.page.groups]
    indexes = {name: report.plan.measures.index(name) for name in MEASURE_NAMES}
    rises = [
        usual_rise(name, [(group.key[0], maturity, group.current[index]) for group, maturity in groups])
        for name, index in indexes.items()
    ]
    return [rise for rise in rises if rise and abs(rise.ratio) >= _LEAST_RISE]


_answers: LRUCache[Any, bool] = LRUCache(500)
"""What is known of data versions: it is a fifth of the page's time, and most clicks keep the days and platforms."""


async def _has_changes(question: ChangesQuestion, snapshot: Snapshot) -> bool:
    key = (snapshot.version, question.since, question.filters)
    if key not in _answers:
        try:
            page = await fetch_changes(question, snapshot)
            _answers[key] = bool(page.since and page.entries)
        except InvalidRequest:
            # The ledger begins later.
            _answers[key] = False
    return _answers[key]


async def _changes_url(data: PageData, filters: Filters, since: Moment) -> str:
    """Return the link to the changes of the view's days and platforms; the ledger has no other dimension."""
    view, snapshot = data.view, data.snapshot
    if isinstance(since, datetime) and snapshot.version.changed_at < since:
        return ""
    pairs = (filters.include, filters.exclude)
    include, exclude = (tuple(pair for pair in of_kind if pair[0] in LEDGER_NAMES) for of_kind in pairs)
    question = ChangesQuestion(since, replace(filters, include=include, exclude=exclude), limit=1)
    if not await _has_changes(question, snapshot):
        return ""
    names = [prefix + name for name in LEDGER_NAMES for prefix in ("", "exclude_") if prefix + name in view.filters]
    moment = since.isoformat() if isinstance(since, datetime) else str(since)
    query = {"since": [moment], **view.dates, **{name: view.filters[name] for name in names}}
    return f"changes?{urlencode(query, doseq=True)}"
