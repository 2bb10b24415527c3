"""A plain-Python model of reports: what the service should answer, computed from single facts without it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Any

from tests.support.model import FACTS, MEASURES, TABLES, Fact, matching

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


def bucket_of(day: date, grain: str) -> date:
    match grain:
        case "date":
            return day
        case "week":
            return day - timedelta(days=day.isoweekday() - 1)
        case "month":
            return date(day.year, day.month, 1)
        case "quarter":
            return date(day.year, {1: 1, 2: 4, 3: 7, 4: 10}[-(-day.month // 3)], 1)
        case _:
            return date(day.year, 1, 1)


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
    group_by = asked.get("group_by", [])
    metrics = asked.get("metrics", list(MEASURES))
    bounds = {name: value for name, value in asked.items() if name.startswith(("min_", "max_"))}
    labels = {name: asked[name] for name in asked if name.removeprefix("exclude_") in TABLES}
    first = asked.get("date_from") or min(fact["date"] for fact in facts)
    last = asked.get("date_to") or max(fact["date"] for fact in facts)
    grain = next((name for name in group_by if name in GRAINS), None)

    current: dict[Any, list[Fact]] = defaultdict(list)
    previous: dict[Any, list[Fact]] = defaultdict(list)
    for fact in matching(facts, labels):
        if first <= fact["date"] <= last:
            current[_key(fact, fact["date"], group_by)].append(fact)
        stands_for = _stands_for(fact["date"], first, last, asked.get("compare_to"))
        if stands_for:
            previous[_key(fact, stands_for, group_by)].append(fact)
    keys = set(current) | set(previous)
    if not group_by:
        keys = {()}
    if asked.get("fill"):
        index = group_by.index(grain)
        days = [first + timedelta(days=count) for count in range((last - first).days + 1)]
        buckets = {bucket_of(day, grain) for day in days}
        remainders = {key[:index] + key[index + 1 :] for key in keys} if len(group_by) > 1 else {()}
        keys = {(*remaining[:index], bucket, *remaining[index:]) for remaining in remainders for bucket in buckets}
    included = [key for key in keys if _within(current.get(key, []), bounds)]
    everything = [fact for key in included for fact in current.get(key, [])]
    everything_before = [fact for key in included for fact in previous.get(key, [])]
    rows = []
    for key in _ordered(included, current, previous, asked):
        row = dict(zip(group_by, [_text(part) for part in key], strict=True))
        row |= _shown(metrics, current.get(key, []), previous.get(key, []), asked)
        if asked.get("totals"):
            row["share"] = {
                name: _divided(value_of(name, current.get(key, [])), value_of(name, everything))
                if value_of(name, everything)
                else None
                for name in metrics
                if name in MEASURES
            }
        if asked.get("fill") and key not in current:
            row["filled"] = True
        rows.append(row)
    return {"data": rows, "totals": _shown(metrics, everything, everything_before, asked)}


def _key(fact: Fact, day: date, group_by: list[str]) -> tuple[Any, ...]:
    return tuple(bucket_of(day, name) if name in GRAINS else fact[name] for name in group_by)


def _stands_for(day: date, first: date, last: date, compare_to: str | None) -> date | None:
    """Return the day of the current period that a day of the compared one stands for; None outside of that."""
    if compare_to == "previous_period":
        later = day + (last - first) + timedelta(days=1)
        return later if first <= later <= last else None
    if compare_to == "previous_year":
        later = date(day.year + 1, 2, 28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year + 1)
        return later if first <= later <= last else None
    return None


def _within(facts: list[Fact], bounds: dict[str, Any]) -> bool:
    for name, bound in bounds.items():
        value = value_of(name[4:], facts)
        if value is None or (value < bound if name.startswith("min_") else value > bound):
            return False
    return True


def _ordered(keys: list[Any], current: Any, previous: Any, asked: dict[str, Any]) -> list[Any]:
    keys = sorted(keys)
    for text in reversed(asked.get("sort", [])):
        name, descending = text.removeprefix("-"), text.startswith("-")

        def value(key: Any, name: str = name) -> Any:
            if name in asked.get("group_by", []):
                return key[asked["group_by"].index(name)]
            if "." in name:
                kind, metric = name.split(".")
                return _compared(metric, current.get(key, []), previous.get(key, []))[kind]
            return value_of(name, current.get(key, []))

        known = [key for key in keys if value(key) is not None]
        unknown = [key for key in keys if value(key) is None]
        keys = sorted(known, key=value, reverse=descending) + unknown
    return keys


def _shown(metrics: list[str], current: list[Fact], previous: list[Fact], asked: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {name: value_of(name, current) for name in metrics}
    if asked.get("compare_to"):
        shown["compare"] = {name: _compared(name, current, previous) for name in metrics}
    return shown


def _compared(metric: str, current: list[Fact], previous: list[Fact]) -> dict[str, Any]:
    value, before = value_of(metric, current), value_of(metric, previous)
    change = None if value is None or before is None else value - before
    relative = change is not None and before and FORMULAS.get(metric, "...x")[3] != "ratio"
    return {"value": before, "change": change, "change_ratio": _divided(change, before) if relative else None}


def _divided(above: Any, below: Any) -> Decimal:
    with localcontext(prec=15):
        return Decimal(above) / Decimal(below)


def _text(part: Any) -> str:
    return part.isoformat() if isinstance(part, date) else part
