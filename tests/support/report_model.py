"""A plain-Python model of reports: what the service should answer, computed from single facts without it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from functools import cached_property
from typing import Any

from tests.support.calendar_model import WEEKDAYS, bucket_of, compare, days_of
from tests.support.model import FACTS, MEASURES, TABLES, Fact, matching, place

GRAINS = ("date", "week", "month", "quarter", "year")
FORMULAS = {
    "ctr": (1, "clicks", "impressions", "ratio"),
    "cpc": (1, "cost", "clicks", "currency"),
    "cpm": (1000, "cost", "impressions", "currency"),
    "cost_per_conversion": (1, "cost", "conversions", "currency"),
    "conversion_rate": (1, "conversions", "clicks", "ratio"),
    "like_rate": (1, "likes", "impressions", "ratio"),
}
METRICS = (*MEASURES, *FORMULAS)


def _plausible(fact: Fact) -> Fact:
    """Return a fact whose sums a rollup can hold; every third is of the year before."""
    day = fact["date"]
    if fact.id % 3 == 0:
        day = date(2023, 2, 28) if (day.month, day.day) == (2, 29) else day.replace(year=2023)
    values = fact.values | {
        "date": day,
        "impressions": min(fact["impressions"], 250_000),
        "cost": min(fact["cost"], Decimal("1234.567891")),
    }
    return replace(fact, key=(day.year * 10000 + day.month * 100 + day.day, *fact.key[1:]), values=values)


REPORT_FACTS = list({fact.key: fact for fact in map(_plausible, FACTS)}.values())


def value_of(metric: str, facts: Iterable[Fact]) -> Any:
    """Return a metric of some facts; None for a ratio to 0."""
    facts = list(facts)
    if metric in MEASURES:
        return sum(fact[metric] for fact in facts)
    factor, numerator, denominator, _ = FORMULAS[metric]
    below = sum(fact[denominator] for fact in facts)
    return _divided(factor * sum(fact[numerator] for fact in facts), below) if below else None


def report(facts: list[Fact], asked: dict[str, Any]) -> dict[str, Any]:
    """Return all groups of a report, in order, and its totals."""
    return _Report(facts, asked).answer()


class _Report:
    def __init__(self, facts: list[Fact], asked: dict[str, Any]) -> None:
        self.asked = asked
        self.group_by = asked.get("group_by", [])
        self.metrics = asked.get("metrics", list(MEASURES))
        self.grain = next((name for name in self.group_by if name in GRAINS), None)
        loaded = min(fact["date"] for fact in facts), max(fact["date"] for fact in facts)
        self.first, self.last = asked.get("date_from") or loaded[0], asked.get("date_to") or loaded[1]
        weekdays = [day for day in WEEKDAYS if day in asked.get("weekday", WEEKDAYS)]
        self.weekdays = [day for day in weekdays if day not in asked.get("exclude_weekday", [])]
        labels = {name: asked[name] for name in asked if name.removeprefix("exclude_") in TABLES}
        self.facts = [fact for fact in matching(facts, labels) if weekday_of(fact["date"]) in self.weekdays]
        self.compared = None
        if asked.get("compare_to"):
            match = asked.get("match_weekdays", False)
            self.compared = compare(self.first, self.last, asked["compare_to"], loaded, match_weekdays=match)
        self.rolling = asked.get("rolling", 1)
        self.loaded_to = loaded[1]
        self.rows_of_days = self._rows_of_days()

    def answer(self) -> dict[str, Any]:
        current, previous = self._current(), self._previous(rolling=True)
        keys = set(current) | {key for key in previous if None not in key}
        if not self.group_by:
            keys = {()}
        if self.asked.get("fill"):
            keys |= self._filled(keys)
        kept = [key for key in keys if _within(current.get(key, []), self.asked)]
        totals = [fact for fact in self._in_range() if self._key(fact, fact["date"]) in kept]
        before = self._previous(rolling=False)
        # Days without a counterpart are in the total.
        others = [key for key in before if None in key and _within([], self.asked)]
        totals_before = [fact for key in {*kept, *others} for fact in before.get(key, [])]
        self.total_change = {
            name: value_of(name, totals) - value_of(name, totals_before) for name in MEASURES if self.compared
        }
        shown = {key: self._shown(key, current.get(key, []), previous.get(key, [])) for key in kept}
        rows = []
        for key in self._ordered(kept, current, shown):
            row = dict(zip(self.group_by, [_text(part) for part in key], strict=True)) | shown[key]
            if self.asked.get("totals") and self.rolling == 1:
                row["share"] = {
                    name: _divided(value_of(name, current.get(key, [])), value_of(name, totals))
                    if value_of(name, totals)
                    else None
                    for name in self.metrics
                    if name in MEASURES
                }
            if self.asked.get("fill") and key not in current:
                row["filled"] = True
            rows.append(row)
        return {"data": rows, "totals": self._shown((), totals, totals_before)}

    def _in_range(self) -> list[Fact]:
        return [fact for fact in self.facts if self.first <= fact["date"] <= self.last]

    def _windows(self, days: list[date]) -> Iterable[tuple[date, Fact]]:
        """Yield each day with each fact that its sums have."""
        by_day: dict[date, list[Fact]] = defaultdict(list)
        for fact in self.facts:
            by_day[fact["date"]].append(fact)
        for day in days:
            for back in range(self.rolling):
                for fact in by_day.get(day - timedelta(days=back), []):
                    yield day, fact

    def _current(self) -> dict[Any, list[Fact]]:
        groups: dict[Any, list[Fact]] = defaultdict(list)
        for day, fact in self._windows(days_of(self.first, min(self.last, self.loaded_to))):
            groups[self._key(fact, day)].append(fact)
        return groups

    def _previous(self, *, rolling: bool) -> dict[Any, list[Fact]]:
        groups: dict[Any, list[Fact]] = defaultdict(list)
        if self.compared is None:
            return groups
        if rolling and self.rolling > 1:
            for day, fact in self._windows(self.compared.previous):
                if day in self.rows_of_days:
                    groups[self._key(fact, day, self.rows_of_days[day])].append(fact)
            return groups
        kept = set(self.compared.previous)
        for fact in self.facts:
            if fact["date"] in kept:
                groups[self._key(fact, fact["date"], self.rows_of_days.get(fact["date"]))].append(fact)
        return groups

    def _rows_of_days(self) -> dict[date, date]:
        """Return the bucket of each compared day."""
        if self.compared is None or self.grain is None:
            return {}
        if self.grain != "date" or self.weekdays == list(WEEKDAYS):
            return self.compared.rows(self.grain)
        return self.compared.in_order(self.weekdays)

    def _key(self, fact: Fact, day: date, bucket: Any = ...) -> tuple[Any, ...]:
        """Return the group of a fact on a day, which another day's bucket may stand for."""
        if bucket is ...:
            bucket = bucket_of(day, self.grain) if self.grain else None
        named = bucket if self.grain == "date" else day
        parts: list[Any] = []
        for name in self.group_by:
            if name in GRAINS:
                parts.append(bucket)
            elif name == "weekday":
                parts.append(named and weekday_of(named))
            else:
                parts.append(fact[name])
        return tuple(parts)

    def _filled(self, keys: set[Any]) -> set[Any]:
        days = [day for day in days_of(self.first, self.last) if weekday_of(day) in self.weekdays]
        names = self.group_by
        if self.grain is None:
            every: set[Any] = {(weekday_of(day),) for day in days}
            filled = ["weekday"]
        elif self.grain == "date" and "weekday" in names:
            every = {(day, weekday_of(day)) for day in days}
            filled = ["date", "weekday"]
        else:
            every = {(bucket_of(day, self.grain),) for day in days}
            filled = [self.grain]
        others = [name for name in names if name not in filled]
        remainders = {tuple(key[names.index(name)] for name in others) for key in keys} if others else {()}
        result = set()
        for remaining in remainders:
            for values in every:
                parts = dict(zip(others, remaining, strict=True)) | dict(zip(filled, values, strict=True))
                result.add(tuple(parts[name] for name in names))
        return result

    def _has_counterpart(self, key: Any) -> bool:
        if self.compared is None:
            return False
        return not key or self.grain is None or key[self.group_by.index(self.grain)] in self.matched_buckets

    @cached_property
    def matched_buckets(self) -> set[date]:
        return set(self.rows_of_days.values())

    def _ordered(self, keys: list[Any], current: Any, shown: Any) -> list[Any]:
        keys = sorted(keys, key=lambda key: [place(*part) for part in zip(self.group_by, key, strict=True)])
        for text in reversed(self.asked.get("sort", [])):
            name, descending = text.removeprefix("-"), text.startswith("-")

            def value(key: Any, name: str = name) -> Any:
                if name in self.group_by:
                    return place(name, key[self.group_by.index(name)])
                if "." in name:
                    kind, metric = name.split(".")
                    compared = self._compared(metric, key, current.get(key, []), self.before.get(key, []))
                    found = compared[kind.removeprefix("absolute_")]
                    return abs(found) if found is not None and kind.startswith("absolute_") else found
                return value_of(name, current.get(key, []))

            known = [key for key in keys if value(key) is not None]
            unknown = [key for key in keys if value(key) is None]
            keys = sorted(known, key=value, reverse=descending) + unknown
        return keys

    @cached_property
    def before(self) -> dict[Any, list[Fact]]:
        return self._previous(rolling=True)

    def _shown(self, key: Any, current: list[Fact], previous: list[Fact]) -> dict[str, Any]:
        shown: dict[str, Any] = {name: value_of(name, current) for name in self.metrics}
        if self.asked.get("compare_to"):
            shown["compare"] = {name: self._compared(name, key, current, previous) for name in self.metrics}
        return shown

    def _compared(self, metric: str, key: Any, current: list[Fact], previous: list[Fact]) -> dict[str, Any]:
        adds_up = metric in MEASURES and self.rolling == 1
        nothing = {"value": None, "change": None, "change_ratio": None} | ({"contribution": None} if adds_up else {})
        if not self._has_counterpart(key):
            return nothing
        value, before = value_of(metric, current), value_of(metric, previous)
        change = None if value is None or before is None else value - before
        relative = change is not None and before and FORMULAS.get(metric, "...x")[3] != "ratio"
        found = {"value": before, "change": change, "change_ratio": _divided(change, before) if relative else None}
        if adds_up:
            total = self.total_change[metric]
            found["contribution"] = _divided(change, total) if total else None
        return found


def weekday_of(day: date) -> str:
    return WEEKDAYS[day.isoweekday() - 1]


def _within(facts: list[Fact], asked: dict[str, Any]) -> bool:
    for name, bound in asked.items():
        if not name.startswith(("min_", "max_")):
            continue
        value = value_of(name[4:], facts)
        if value is None or (value < bound if name.startswith("min_") else value > bound):
            return False
    return True


def _divided(above: Any, below: Any) -> Decimal:
    with localcontext(prec=15):
        return Decimal(above) / Decimal(below)


def _text(part: Any) -> str:
    return part.isoformat() if isinstance(part, date) else part
