"""Maturity: how soon after a day its numbers are what they come to in the end, learned from the ledger.

Platforms go on counting: conversions of a day arrive for weeks. A day teaches how soon where a load had it within
`FIRST_SEEN` days, and another one when it was `LAST_AGE` days old; without such re-pulls nothing is known of it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from statistics import quantiles
from typing import Any

import asyncpg

from project.catalog import MEASURE_NAMES, date_id, date_of

LAST_AGE = 28
"""The days that platforms restate, and that a daily re-pull has."""

FIRST_SEEN = 3
LEAST_DAYS = 28
MOST_DAYS = 90
"""How many days of a platform must teach, and how many newest ones do."""

_SETTLED_DAYS = 0.95
_TOLERANCE = 0.005 + 1e-9  # of a sum of 1000, 995 is within 0.5 %, whatever the floats make of it

_LOADS = """\
SELECT platform_ids, date_from, date_to, (finished_at AT TIME ZONE 'UTC')::date AS day FROM ingest_log
WHERE platform_ids IS NOT NULL AND date_to >= $1
    AND (data_version < $2 OR id = (SELECT min(id) FROM ingest_log WHERE data_version = $2))"""
_ENTRIES = f"""\
SELECT platform_id, date_id, (changed_at AT TIME ZONE 'UTC')::date AS day, {", ".join(MEASURE_NAMES)}
FROM fact_ledger JOIN data_change USING (data_version) WHERE date_id >= $1 AND date_id <= $2 ORDER BY data_version"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Known:
    """What part of a measure's final sum was known at one age, over days: its median, 10th and 90th percentile."""

    median: float
    p10: float
    p90: float


@dataclass(frozen=True, slots=True)
class Maturity:
    """What re-pulls teach of one platform. `days` is how many days taught.

    `known` has for each measure what was known at the ages 0 to LAST_AGE; `settles_after` the age in days from which on
    95 % of days are within 0.5 % of their final sum, or None where no age is. Without LEAST_DAYS days both are empty.
    `settled_to` is the newest day that has settled in all measures, or None.
    """

    days: int
    known: Mapping[str, Sequence[Known | None]]
    settles_after: Mapping[str, int | None]
    settled_to: date | None

    def part_known(self, measure: str, day: date) -> float | None:
        """Return what part of a day's final sum is usually known by the newest load: 1 of a day that has settled.

        None where that is unknown.
        """
        if self.settled_to is None:
            return None
        # The newest load is as much later as the slowest measure takes.
        age = max(age or 0 for age in self.settles_after.values()) + (self.settled_to - day).days
        if age >= (self.settles_after[measure] or 0):
            return 1
        known = self.known[measure][age] if age >= 0 else None
        return known.median if known else None


@dataclass(frozen=True, slots=True)
class _Load:
    platforms: frozenset[int]
    first: date
    last: date
    day: date

    def age_of(self, day: date) -> int | None:
        """Return how old a day was when this load had it, or None where it had not."""
        return (self.day - day).days if self.first <= day <= self.last else None


async def read_maturity(
    connection: "asyncpg.Connection[Any]", version: int, last_date: date | None
) -> dict[int, Maturity]:
    """Return what is known of each platform, by id; the same for every reader of a data version."""
    if last_date is None:
        return {}
    start = last_date - timedelta(days=LAST_AGE + MOST_DAYS)
    rows = await connection.fetch(_LOADS, start, version)
    loads = [_Load(frozenset(row[0]), row[1], row[2], row[3]) for row in rows]
    if not loads:
        return {}
    records = await connection.fetch(_ENTRIES, date_id(start), date_id(last_date))
    # Of eight platforms that are pulled again every day it takes 0.2 s, for which requests should not wait.
    return await asyncio.to_thread(_learn_all, records, loads)


def _learn_all(records: Iterable[asyncpg.Record], loads: Sequence[_Load]) -> dict[int, Maturity]:
    entries: dict[int, dict[date, list[tuple[date, tuple[float, ...]]]]] = defaultdict(lambda: defaultdict(list))
    for platform, day, changed, *sums in records:
        entries[platform][date_of(day)].append((changed, tuple(map(float, sums))))
    return {
        platform: learn(days, [load for load in loads if platform in load.platforms])
        for platform, days in entries.items()
    }


def learn(days: Mapping[date, Sequence[tuple[date, tuple[float, ...]]]], loads: Sequence[_Load]) -> Maturity:
    """Return what the entries of one platform's days, by the date of their load, teach."""
    taught = [
        _sums_by_age(day, changes)
        for day, changes in sorted(days.items())
        if (changes[0][0] - day).days <= FIRST_SEEN and any((load.age_of(day) or 0) >= LAST_AGE for load in loads)
    ][-MOST_DAYS:]
    if len(taught) < LEAST_DAYS:
        return Maturity(len(taught), {}, {}, None)
    known, settles_after = {}, {}
    for index, name in enumerate(MEASURE_NAMES):
        parts = [_parts(ages, index) for ages in taught if ages[-1][index]]
        known[name] = [_percentiles([of_day[age] for of_day in parts]) for age in range(LAST_AGE + 1)]
        settles_after[name] = _settles_after(parts)
    ages = [age for age in settles_after.values() if age is not None]
    settled_to = None
    if len(ages) == len(MEASURE_NAMES):
        settled_to = max((min(load.last, load.day - timedelta(days=max(ages))) for load in loads), default=None)
    return Maturity(len(taught), known, settles_after, settled_to)


def _sums_by_age(day: date, changes: Iterable[tuple[date, tuple[float, ...]]]) -> list[tuple[float, ...]]:
    """Return what was known of a day at the ages 0 to LAST_AGE, and in the end."""
    differences = [[0.0] * len(MEASURE_NAMES) for _ in range(LAST_AGE + 2)]
    for changed, sums in changes:
        of_age = differences[min(max((changed - day).days, 0), LAST_AGE + 1)]
        of_age[:] = [known + difference for known, difference in zip(of_age, sums, strict=True)]
    columns = [list(accumulate(column)) for column in zip(*differences, strict=True)]
    return list(zip(*columns, strict=True))


def _parts(ages: Sequence[tuple[float, ...]], index: int) -> list[float]:
    return [known[index] / ages[-1][index] for known in ages[:-1]]


def _percentiles(parts: Sequence[float]) -> Known | None:
    if not parts:
        return None
    tenths = quantiles(parts, n=10, method="inclusive") if len(parts) > 1 else [parts[0]] * 9
    return Known(tenths[4], tenths[0], tenths[8])


def _settles_after(parts: Sequence[Sequence[float]]) -> int | None:
    """Return the first age from which on enough days are near their end; 0 for a measure that is always 0."""
    settled = None
    for age in reversed(range(LAST_AGE + 1)):
        near = sum(abs(of_day[age] - 1) <= _TOLERANCE for of_day in parts)
        if near < _SETTLED_DAYS * len(parts):
            return settled
        settled = age
    return settled
