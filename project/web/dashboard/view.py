"""What the page shows, and the links between views. A view is its URL, and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from project.catalog import DATE_PRESETS, LABELLED_NAMES
from project.catalog.natural_order import NATURAL_ORDERS
from project.query.periods import Period
from project.store.warehouse.labels import Labels
from project.web.api.views.params import ViewParameters
from project.web.request.filter_params import FILTERED_NAMES

Query = Mapping[str, Sequence[str]]
"""Names and values of a query string."""

_USUAL_PRESET = "last_28d"
_LABELLED = (*FILTERED_NAMES, *(f"exclude_{name}" for name in FILTERED_NAMES))
_DATES = ("date_from", "date_to", "date_preset")


@dataclass(frozen=True, slots=True)
class View:
    """One view of the data.

    `metric` is that of the series, of the bars and of the changes, `grain` the series', and `group_by`, `sort` and
    `limit` are the breakdown's. `query` is the URL's, with labels as they are stored, and `encoded` the same as text.
    `dates` are the date parameters in effect, also without any in the URL, and `period` the days that they stand for.
    """

    metric: str
    compare_to: str | None
    match_weekdays: bool
    grain: str
    group_by: str
    sort: str
    limit: int
    query: Query
    encoded: Mapping[str, str]
    dates: Query
    period: Period | None
    today: date

    @property
    def filters(self) -> dict[str, Sequence[str]]:
        """The filters by label."""
        return {name: self.query[name] for name in _LABELLED if name in self.query}

    @property
    def facts(self) -> Query:
        """The part of an API query that says which facts."""
        return {**self.dates, **self.filters}

    @property
    def comparison(self) -> Query:
        """The part of an API query that compares."""
        if not self.compare_to:
            return {}
        return {"compare_to": [self.compare_to], **({"match_weekdays": ["true"]} if self.match_weekdays else {})}

    def link(self, **changes: str | Sequence[str] | None) -> str:
        """Return the URL of a view that differs in these parameters; None removes one."""
        replaced = {*changes, *(_DATES if any(name in _DATES for name in changes) else ())}
        parts = [part for name, part in self.encoded.items() if name not in replaced]
        parts += [_encoded(name, value) for name, value in changes.items() if value]
        return "?" + "&".join(parts)

    def drill(self, label: str) -> str:
        """Return the URL of the same within one label, broken down by the next dimension."""
        name = self.group_by
        index = LABELLED_NAMES.index(name) if name in LABELLED_NAMES else -1
        others = [*LABELLED_NAMES[index + 1 :], *LABELLED_NAMES[: max(index, 0)]]
        following = next((other for other in others if len(self.query.get(other, ())) != 1), name)
        return self.link(**{name: [label]}, group_by=following, sort=None, limit=None)

    def without(self, label: str) -> str:
        """Return the URL of the same without one label."""
        name = f"exclude_{self.group_by}"
        return self.link(**{name: [*self.query.get(name, ()), label]})

    def hidden(self, *names: str) -> Iterator[tuple[str, str]]:
        """Yield the names and values that a form repeats; it asks for `names` itself."""
        for name, values in self.query.items():
            if name not in names:
                for value in values:
                    yield name, value


def view_of(params: ViewParameters, items: Sequence[tuple[str, str]], labels: Labels, today: date) -> View:
    """Return the view of a query string, parsed and as it is.

    Without dates it has 28 days, up to yesterday or to the last day with facts.
    """
    texts: dict[str, list[str]] = {}
    for name, value in items:
        texts.setdefault(name, []).append(value)
    query: Query = {name: getattr(params, name) if name in _LABELLED else values for name, values in texts.items()}
    filters = params.filters(today)
    dates: Query = {name: query[name] for name in _DATES if name in query}
    begin, end = filters.date_from, filters.date_to
    if not dates:
        dates = {"date_preset": [_USUAL_PRESET]}
        begin, end = DATE_PRESETS[_USUAL_PRESET](today)
        if labels.last_date and begin and labels.last_date < begin:
            begin, end = labels.last_date - timedelta(days=27), labels.last_date
            dates = {"date_from": [str(begin)], "date_to": [str(end)]}
    first, last = labels.days(begin, end)
    period = Period(first, last) if first and last else None
    days = period.days if period else 0
    return View(
        metric=params.metric,
        # Nothing comes before a period without a beginning.
        compare_to=params.compare_to if begin and params.compare_to != "none" else None,
        # At most about 90 points.
        match_weekdays=params.match_weekdays,
        grain=params.grain or ("date" if days <= 92 else "week" if days <= 644 else "month"),
        group_by=params.group_by,
        sort=params.sort or (params.group_by if params.group_by in NATURAL_ORDERS else f"-{params.metric}"),
        limit=params.limit,
        query=query,
        encoded={name: _encoded(name, values) for name, values in query.items()},
        dates=dates,
        period=period,
        today=today,
    )


def _encoded(name: str, value: str | Sequence[str]) -> str:
    return urlencode({name: value}, doseq=True, safe=",")
