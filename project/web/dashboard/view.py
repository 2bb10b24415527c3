"""What the page shows: its parameters, the questions to the API that its panels are, and the links between views.

A view is its URL, and nothing else. Each panel is a question that the API takes, from the same parameters.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from pydantic import AfterValidator, BeforeValidator, Field

from project.catalog import DATE_PRESETS, GRAINS, LABELLED_DIMENSIONS, METRICS
from project.query.periods import COMPARISONS, Period, requested_days
from project.store.warehouse.labels import Labels
from project.web.request.filter_params import LARGEST_LIMIT, FilterParameters
from project.web.request.validators import one_of, sort_key, whole_number

DIMENSIONS = tuple(dimension.name for dimension in LABELLED_DIMENSIONS)
USUAL_PRESET = "last_28d"
USUAL_ROWS = 15

Query = Mapping[str, Sequence[str]]
"""Names and values of a query string."""

_LABELLED = (*DIMENSIONS, *(f"exclude_{name}" for name in DIMENSIONS))
_DATES = ("date_from", "date_to", "date_preset")


class ViewParameters(FilterParameters):
    """What the page takes: the common filters, and what to show of what they leave."""

    metric: Annotated[str, AfterValidator(partial(one_of, tuple(METRICS)))] = "cost"
    compare_to: Annotated[str, AfterValidator(partial(one_of, (*COMPARISONS, "none")))] = "previous_period"
    grain: Annotated[str, AfterValidator(partial(one_of, tuple(GRAINS)))] | None = None
    group_by: Annotated[str, AfterValidator(partial(one_of, DIMENSIONS))] = "platform"
    sort: Annotated[str, AfterValidator(partial(sort_key, (*DIMENSIONS, *METRICS)))] | None = None
    limit: Annotated[int, BeforeValidator(whole_number)] = Field(USUAL_ROWS, ge=1, le=LARGEST_LIMIT)


@dataclass(frozen=True, slots=True)
class View:
    """One view of the data; `given` is the URL's query, without what is empty, and `encoded` the same as text."""

    params: ViewParameters
    given: Query
    dates: Query
    period: Period | None
    today: date
    encoded: Mapping[str, str]

    @property
    def metric(self) -> str:
        """The metric of the series, of the bars and of the changes."""
        return self.params.metric

    @property
    def compared(self) -> str | None:
        """What it is compared with; there is nothing before all there is."""
        if self.params.compare_to == "none" or self.params.date_preset == "maximum" or not self._begins:
            return None
        return self.params.compare_to

    @property
    def grain(self) -> str:
        """The date grain of the series, by default one of at most about 90 points."""
        days = self.period.days if self.period else 0
        return self.params.grain or ("date" if days <= 92 else "week" if days <= 644 else "month")

    @property
    def sort(self) -> str:
        """The order of the breakdown."""
        return self.params.sort or f"-{self.metric}"

    @property
    def filters(self) -> dict[str, list[str]]:
        """The filters by label."""
        return {name: list(self.given[name]) for name in _LABELLED if name in self.given}

    def link(self, **changes: str | Sequence[str] | None) -> str:
        """Return the URL of a view that differs in these parameters; None takes one away."""
        gone = {*changes, *(_DATES if any(name in _DATES for name in changes) else ())}
        parts = [part for name, part in self.encoded.items() if name not in gone]
        parts += [_encoded(name, value) for name, value in changes.items() if value]
        return "?" + "&".join(parts)

    def drill(self, label: str) -> str:
        """Return the URL of the same within one label, broken down by the next dimension."""
        name = self.params.group_by
        at = DIMENSIONS.index(name)
        others = [*DIMENSIONS[at + 1 :], *DIMENSIONS[:at]]
        following = next((one for one in others if len(self.given.get(one, ())) != 1), name)
        return self.link(**{name: [label]}, group_by=following, sort=None, limit=None)

    def without(self, label: str) -> str:
        """Return the URL of the same without one label."""
        name = f"exclude_{self.params.group_by}"
        return self.link(**{name: [*self.given.get(name, ()), label]})

    def chips(self) -> Iterator[tuple[str, str, str]]:
        """Yield each filter by label: its parameter, the label, and the URL without it."""
        for name, labels in self.filters.items():
            for label in labels:
                yield name, label, self.link(**{name: [one for one in labels if one != label]})

    def presets(self) -> Iterator[tuple[str, str, bool]]:
        """Yield each date preset, its URL, and whether it is the one in effect."""
        chosen = self.dates.get("date_preset", ())
        for name in DATE_PRESETS:
            yield name, self.link(date_preset=name), name in chosen

    def hidden(self, *names: str) -> Iterator[tuple[str, str]]:
        """Yield names and values that a form has to keep, which asks for the named ones itself."""
        for name, values in self.given.items():
            if name not in names:
                for value in values:
                    yield name, value

    def series(self) -> Query:
        """Return the question of the series: the metric along the days."""
        return {
            **self._common,
            "group_by": [self.grain],
            "metrics": [self.metric],
            **self._comparison,
            "fill": ["true"],
            "limit": [str(LARGEST_LIMIT)],
        }

    def breakdown(self) -> Query:
        """Return the question of the breakdown: every metric of each label."""
        return {
            **self._common,
            "group_by": [self.params.group_by],
            "metrics": [",".join(METRICS)],
            **self._comparison,
            "totals": ["true"],
            "sort": [self.sort],
            "limit": [str(self.params.limit)],
        }

    def totals(self) -> Query:
        """Return the question of the tiles: every metric of everything. The breakdown's totals answer it, too."""
        return {**self._common, "metrics": [",".join(METRICS)], **self._comparison}

    def facts(self) -> Query:
        """Return the question of the facts themselves."""
        return self._common

    @property
    def _begins(self) -> bool:
        return "date_from" in self.dates or "date_preset" in self.dates

    @property
    def _common(self) -> dict[str, Sequence[str]]:
        return {**self.dates, **self.filters}

    @property
    def _comparison(self) -> dict[str, Sequence[str]]:
        return {"compare_to": [self.compared]} if self.compared else {}


def view_of(params: ViewParameters, given: Query, labels: Labels, today: date) -> View:
    """Return the view that was asked for; without dates, the last 28 days, of today or of what there is."""
    # As they are stored, each a value of its own, however they were written.
    given = {name: getattr(params, name) if name in _LABELLED else values for name, values in given.items()}
    dates: dict[str, Sequence[str]] = {name: given[name] for name in _DATES if name in given}
    if not dates:
        dates = {"date_preset": [USUAL_PRESET]}
        first, _ = DATE_PRESETS[USUAL_PRESET](today)
        if labels.last_date and first and labels.last_date < first:
            start = labels.last_date - timedelta(days=27)
            dates = {"date_from": [str(start)], "date_to": [str(labels.last_date)]}
    chosen = params
    if "date_preset" in dates and not params.date_preset:
        chosen = params.model_copy(update={"date_preset": dates["date_preset"][0]})
    filters = chosen.filters(today)
    begin = date.fromisoformat(dates["date_from"][0]) if "date_from" in dates else filters.date_from
    end = date.fromisoformat(dates["date_to"][0]) if "date_to" in dates else filters.date_to
    first, last = requested_days(begin, end, labels.first_date, labels.last_date)
    encoded = {name: _encoded(name, values) for name, values in given.items()}
    return View(params, given, dates, Period(first, last) if first and last else None, today, encoded)


def _encoded(name: str, value: str | Sequence[str]) -> str:
    return urlencode({name: value}, doseq=True, safe=",")
