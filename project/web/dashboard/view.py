"""What the page shows, and the links between views. A view is its URL, and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from urllib.parse import urlencode

from project.catalog import DATE_PRESETS, LABELLED_NAMES, METRICS
from project.catalog.dimensions import WITHIN
from project.catalog.display import capitalised, display_days, display_label, display_name
from project.catalog.natural_order import NATURAL_ORDERS, WEEK_PARTS
from project.query.periods import Period
from project.store.warehouse.labels import Labels
from project.web.api.views.params import ViewParameters
from project.web.request.filter_params import FILTERED_NAMES

Query = Mapping[str, Sequence[str]]
"""Names and values of a query string."""

USUAL_PRESET = "last_28d"
"""What the page shows where the URL has no dates."""

_LABELLED = (*FILTERED_NAMES, *(f"exclude_{name}" for name in FILTERED_NAMES))
_DATES = ("date_from", "date_to", "date_preset")
BOUNDS = tuple(f"{end}_{name}" for name in METRICS for end in ("min", "max"))
"""The parameters that bound the groups of the breakdown."""

_REPLACED = {
    **dict.fromkeys(_DATES, _DATES),
    "metric": ("sort",),
    "group_by": ("sort", "limit"),
    "grain": ("rolling",),
    "rolling": ("grain",),
}
"""The parameters that a link leaves out where it changes another."""


@dataclass(frozen=True, slots=True)
class View:
    """One view of the data.

    `metric` is that of the series, of the bars and of the changes, `grain`, `chart` and `rolling` are the series', and
    `group_by`, `sort` and `limit` the breakdown's; `split` is a second dimension of both. `query` is the URL's, with
    labels as they are stored, and `encoded` the same as text. `dates` are the date parameters in effect, also without
    any in the URL, and `period` the days that they stand for.
    """

    metric: str
    compare_to: str | None
    match_weekdays: bool
    grain: str
    group_by: str
    split: str | None
    chart: str | None
    rolling: int | None
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
        return self._given(_LABELLED)

    @property
    def bounds(self) -> dict[str, Sequence[str]]:
        """The bounds of the breakdown's groups."""
        return self._given(BOUNDS)

    @property
    def facts(self) -> Query:
        """The part of an API query that says which facts."""
        return {**self.dates, **self.filters}

    @property
    def known(self) -> Query:
        """The part of a report's query that says which facts, and at which moment they were known."""
        return {**self.facts, **self._given(("as_of",))}

    @property
    def comparison(self) -> Query:
        """The part of an API query that compares."""
        if not self.compare_to:
            return {}
        return {"compare_to": [self.compare_to], **({"match_weekdays": ["true"]} if self.match_weekdays else {})}

    @property
    def rows(self) -> tuple[str, ...]:
        """What the breakdown groups by: a label that other labels also have comes with what tells them apart."""
        within = WITHIN.get(self.group_by)
        if not within or within == self.split or len(self.query.get(within, ())) == 1 or "as_of" in self.query:
            return (self.group_by,)
        return (self.group_by, within)

    @property
    def usual_sort(self) -> str:
        """The order of the breakdown where nothing else is asked for."""
        return _usual_sort(self.group_by, self.metric)

    @property
    def is_pivot(self) -> bool:
        """Whether the breakdown has a column for each label of a second dimension."""
        return self.split not in (None, self.group_by)

    @property
    def title(self) -> str:
        """The view in words: `Cost by platform and gender`."""
        dimensions = [self.group_by, *([self.split] if self.split and self.is_pivot else [])]
        return f"{capitalised(display_name(self.metric))} by {' and '.join(map(display_name, dimensions))}"

    @property
    def days(self) -> str:
        """The days in words: `28 Oct – 24 Nov 2026`."""
        return display_days(self.period.first, self.period.last, with_year=True) if self.period else "no days"

    @property
    def filters_in_words(self) -> str:
        """The filters: `platform Google; without region Texas`."""
        parts = (
            f"{display_name(name).replace('exclude ', 'without ')} "
            + (WEEK_PARTS.get(tuple(labels)) or ", ".join(map(display_label, labels[:3])))
            for name, labels in self.filters.items()
        )
        return "; ".join(parts)

    def link(self, **changes: str | Sequence[str] | None) -> str:
        """Return the URL of a view that differs in these parameters; None removes one."""
        replaced = {*changes, *(other for name in changes for other in _REPLACED.get(name, ()))}
        parts = [part for name, part in self.encoded.items() if name not in replaced]
        parts += [_encoded(name, value) for name, value in changes.items() if value]
        return "?" + "&".join(parts)

    def drill(self, key: Sequence[str], names: Sequence[str] = ()) -> str:
        """Return the URL of the same within these labels of `names`, or of `rows`, by what comes next."""
        name = self.group_by
        chosen = dict(reversed([*zip(names or self.rows, key, strict=True)]))
        index = LABELLED_NAMES.index(name) if name in LABELLED_NAMES else -1
        others = [*LABELLED_NAMES[index + 1 :], *LABELLED_NAMES[: max(index, 0)]]
        is_open = (other for other in others if other not in chosen and len(self.query.get(other, ())) != 1)
        split = {"split": None} if self.split in chosen else {}
        return self.link(**{each: [label] for each, label in chosen.items()}, group_by=next(is_open, name), **split)

    def path(self) -> list[tuple[str, str]]:
        """Return where the drill-down is, as texts and links; the first is above all labels."""
        names = [name for name, labels in self.query.items() if name in FILTERED_NAMES and len(labels) == 1]
        steps = [("All", self.link(**dict.fromkeys(names), group_by=names[0]))] if names else []
        for index, name in enumerate(names):
            below = names[index + 1 :]
            url = self.link(**dict.fromkeys(below), group_by=below[0] if below else self.group_by)
            steps.append((display_label(self.query[name][0]), url))
        return steps

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

    def _given(self, names: Sequence[str]) -> dict[str, Sequence[str]]:
        return {name: self.query[name] for name in names if name in self.query}


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
        dates = {"date_preset": [USUAL_PRESET]}
        begin, end = DATE_PRESETS[USUAL_PRESET](today)
        if labels.last_date and begin and labels.last_date < begin:
            begin, end = labels.last_date - timedelta(days=27), labels.last_date
            dates = {"date_from": [str(begin)], "date_to": [str(end)]}
    first, last = labels.days(begin, end)
    period = Period(first, last) if first and last else None
    days = period.days if period else 0
    # Nothing comes before a period without a beginning.
    compare_to = params.compare_to if begin and params.compare_to != "none" else None
    sort = params.sort if compare_to or "." not in (params.sort or "") else None
    # At most about 90 points.
    grain = "date" if days <= 92 or params.rolling else "week" if days <= 644 else "month"
    return View(
        metric=params.metric,
        compare_to=compare_to,
        match_weekdays=params.match_weekdays,
        grain=params.grain or grain,
        group_by=params.group_by,
        split=params.split,
        chart=params.chart,
        rolling=params.rolling,
        sort=sort or _usual_sort(params.group_by, params.metric),
        limit=params.limit,
        query=query,
        encoded={name: _encoded(name, values) for name, values in query.items()},
        dates=dates,
        period=period,
        today=today,
    )


def _usual_sort(group_by: str, metric: str) -> str:
    return group_by if group_by in NATURAL_ORDERS else f"-{metric}"


def _encoded(name: str, value: str | Sequence[str]) -> str:
    return _query(name, value if isinstance(value, str) else tuple(value))


@lru_cache(10_000)  # The page has 150 links, and each takes 4 µs.
def _query(name: str, value: str | tuple[str, ...]) -> str:
    return urlencode({name: value}, doseq=True, safe=",")
