"""The filters, the comparison, and the filters in effect."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Self
from urllib.parse import urlencode

from project.catalog import DATE_PRESETS, METRICS
from project.catalog.comparisons import COMPARISONS
from project.catalog.dimensions import WITHIN
from project.catalog.display import capitalised, display_label, display_name
from project.catalog.natural_order import NATURAL_ORDERS, WEEK_PARTS, WEEKDAY, WEEKDAYS
from project.store.warehouse.ledger import LEDGER_NAMES
from project.web.dashboard.panels.panel import PageData, Panel
from project.web.dashboard.view import BOUNDS
from project.web.request.filter_params import FILTERED_NAMES

_ENDS = {"min": "at least", "max": "at most"}


@dataclass(frozen=True)
class Filters(Panel):
    """The filters by date and label. A dimension's filter lists `most_labels`; its search has all.

    `shared` has the included labels that mean several things, each with what tells these apart and the link to it.
    """

    template = "filters.html"
    presets: ClassVar = tuple(DATE_PRESETS)
    dimensions: ClassVar = FILTERED_NAMES
    form_names: ClassVar = (*FILTERED_NAMES, *BOUNDS)
    most_labels: ClassVar = 200
    most_chips: ClassVar = 50
    shared: Sequence[tuple[str, Sequence[tuple[str, str]]]]

    @classmethod
    async def read(cls, data: PageData) -> Self:
        """Ask which included labels are shared: the placement `search` is Google's and TikTok's."""
        shared: dict[str, list[tuple[str, str]]] = {}
        for name, within in WITHIN.items():
            if name not in data.view.filters or len(data.view.query.get(within, ())) == 1:
                continue
            question = {**data.view.facts, "group_by": [f"{name},{within}"], "metrics": ["impressions"]}
            for group in (await data.report(question)).page.groups:
                link = data.view.link(**{within: group.key[1], name: group.key[0]})
                shared.setdefault(group.key[0], []).append((group.key[1], link))
        return cls(data, [(label, several) for label, several in shared.items() if len(several) > 1])

    def comparisons(self) -> list[str]:
        """Return what the view can be compared with: the days that it is compared with now, and all names."""
        return list(dict.fromkeys(filter(None, (*COMPARISONS, self.view.compare_to, "none"))))

    def labels(self, dimension: str) -> list[tuple[str, str]]:
        """Return all labels of a dimension, in their order, each with what people call it."""
        known = self.data.snapshot.labels
        labels = WEEKDAYS if dimension == WEEKDAY else known[dimension].search("").values()
        return [(label, display_label(label)) for label in labels]

    def bounds(self) -> list[tuple[str, list[tuple[str, str, str]]]]:
        """Return what each metric can be bounded by: its name, and the parameter, words and value of both ends."""
        given = {name: values[0] for name, values in self.view.bounds.items()}
        return [
            (
                display_name(metric),
                [(f"{end}_{metric}", words, given.get(f"{end}_{metric}", "")) for end, words in _ENDS.items()],
            )
            for metric in METRICS
        ]

    def summary(self, dimension: str) -> str:
        """Return what a filter includes or excludes: `Google and 2 more`; "" where it does neither."""
        included = self.view.filters.get(dimension, ())
        labels = included or self.view.filters.get(f"exclude_{dimension}", ())
        more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
        text = WEEK_PARTS.get(tuple(labels)) or display_label(labels[0]) + more if labels else ""
        return f"not {text}" if text and not included else text

    def is_ordered(self, dimension: str) -> bool:
        """Whether the labels of a dimension have an order of their own."""
        return dimension in NATURAL_ORDERS

    def quick_choices(self, dimension: str) -> list[tuple[str, str]]:
        """Return choices of several labels at once, as names and links."""
        if dimension != WEEKDAY:
            return []
        others = {f"exclude_{WEEKDAY}": None, "rolling": None}
        return [(capitalised(name), self.view.link(**others, **{WEEKDAY: days})) for days, name in WEEK_PARTS.items()]

    def moments(self) -> list[tuple[str, str]]:
        """Return moments at which the numbers may have been known otherwise, as names and links; [] where none are.

        What was known then is recorded by day and platform only.
        """
        if not {name.removeprefix("exclude_") for name in self.view.filters} <= {*LEDGER_NAMES}:
            return []
        table = {"group_by": self.view.group_by if self.view.group_by in LEDGER_NAMES else "platform", "split": None}
        began = self.data.midnight
        names = {"yesterday": began - timedelta(days=1), "a week ago": began - timedelta(days=7)}
        names["four weeks ago"] = began - timedelta(days=28)
        return [(name, self.view.link(**table, as_of=at.isoformat())) for name, at in names.items()]

    def known_at(self) -> str:
        """Return the moment of `as_of` in words, in the service's time zone; "" without one."""
        [text] = self.view.query.get("as_of", [""])
        picked = self.picked_moment()
        return picked.replace("T", " ") if picked else text and f"data version {text}"

    def picked_moment(self) -> str:
        """Return the time of `as_of` as date pickers have it: `2026-11-18T08:00`; "" without one."""
        [text] = self.view.query.get("as_of", [""])
        if not text or text.isdigit():
            return ""
        moment = datetime.fromisoformat(text.upper())
        with suppress(OverflowError):
            # The first and the last day of the calendar are in other years elsewhere.
            moment = moment.astimezone(self.data.midnight.tzinfo)
        return f"{moment:%Y-%m-%dT%H:%M}"

    def facets_url(self, dimension: str) -> str:
        """Return the API's URL of how many facts each label has under all other filters; "" of weekdays."""
        if dimension == WEEKDAY:
            return ""
        names = (dimension, f"exclude_{dimension}")
        others = {name: values for name, values in self.view.facts.items() if name not in names}
        return f"v1/dimensions/{dimension}?{urlencode({**others, 'counts': 'true'}, doseq=True)}"

    def chips(self) -> Iterator[tuple[str, str, str]]:
        """Yield each filter in effect: its name, its value, and the link that removes it."""
        for name, labels in self.view.filters.items():
            shown = display_name(name).replace("exclude ", "without ")
            if part := WEEK_PARTS.get(tuple(labels)):
                yield f"{shown}s", part, self.view.link(**{name: None})
                continue
            for label in labels:
                rest = [other for other in labels if other != label]
                yield shown, display_label(label), self.view.link(**{name: rest})
        for name, values in self.view.bounds.items():
            end, _, metric = name.partition("_")
            yield display_name(metric), f"{_ENDS[end]} {values[0]}", self.view.link(**{name: None})
        if at := self.known_at():
            yield "as known at", at, self.view.link(as_of=None)
