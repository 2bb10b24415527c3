"""The rollups: what the facts of a day sum to, written anew and compared.

The statements are made of the catalogue's names only.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import asyncpg

from project.catalog import BASES, GROUPING_SETS, LABELLED_DIMENSIONS, MEASURES, GroupingSet, summed_from

FACTS = "fact_ad_metrics_daily"
ROLLUP = "rollup_ad_metrics_daily"

_KEYS = {dimension.name: dimension.key for dimension in LABELLED_DIMENSIONS}
_IDS = ", ".join(_KEYS.values())
_NAMES = (*(measure.name for measure in MEASURES), "facts")
_COLUMNS = ", ".join(("date_id", "grouping_set", *_KEYS.values(), *_NAMES))


def _summed() -> str:
    """Return the CTEs that sum facts by all grouping sets, as `summed`; each from the smallest that covers it."""
    # Those of more dimensions first; a base that is kept stands for itself.
    every = sorted({*BASES, *GROUPING_SETS}, key=lambda one: (-len(one.dimensions), one.number))
    sums = [_one(kept) for kept in every]
    parts = [f"SELECT {_columns_of(kept)} FROM by_{kept.number}" for kept in GROUPING_SETS]  # noqa: S608
    return f"WITH {', '.join(sums)}, summed ({_COLUMNS}) AS ({' UNION ALL '.join(parts)})"


def _one(kept: GroupingSet) -> str:
    # A sum of bigints is a numeric, whose sum in turn would be three times as slow.
    measures = ", ".join(f"sum({m.name}){'' if m.decimals else '::bigint'} AS {m.name}" for m in MEASURES)
    grouped = ", ".join(("date_id", *(_KEYS[name] for name in kept.dimensions)))
    source = summed_from(kept)
    if source is None:
        source_table, facts = f"{FACTS} WHERE date_id >= $1 AND date_id <= $2 AND date_id = ANY($3)", "count(*)"
    else:
        source_table, facts = f"by_{source.number}", "sum(facts)::bigint"
    return (
        f"by_{kept.number} AS MATERIALIZED (SELECT {grouped}, {measures}, {facts} AS facts FROM {source_table}"  # noqa: S608
        f" GROUP BY {grouped})"
    )


def _columns_of(kept: GroupingSet) -> str:
    keys = [key if name in kept.dimensions else "0" for name, key in _KEYS.items()]
    return ", ".join(("date_id", str(kept.number), *keys, *_NAMES))


_SUMMED = _summed()
_DELETE = f"DELETE FROM {ROLLUP} WHERE date_id >= $1 AND date_id <= $2 AND date_id = ANY($3)"  # noqa: S608
_INSERT = f"""\
{_SUMMED} INSERT INTO {ROLLUP} ({_COLUMNS})
SELECT {_COLUMNS} FROM summed ORDER BY grouping_set, date_id, {_IDS}"""  # noqa: S608
_DIFFERENCES = f"""\
{_SUMMED}, stored AS (
    SELECT {_COLUMNS} FROM {ROLLUP} WHERE date_id >= $1 AND date_id <= $2 AND date_id = ANY($3)
)
SELECT count(*) FROM (
    (SELECT {_COLUMNS} FROM summed EXCEPT ALL SELECT {_COLUMNS} FROM stored)
    UNION ALL (SELECT {_COLUMNS} FROM stored EXCEPT ALL SELECT {_COLUMNS} FROM summed)
) AS difference"""  # noqa: S608


async def refresh(connection: "asyncpg.Connection[Any]", days: Iterable[int]) -> None:
    """Sum the facts of these days (YYYYMMDD) anew, in the caller's transaction.

    Raises asyncpg.NumericValueOutOfRangeError where a day's sum is larger than its column.
    """
    # In memory a month of ten million facts in two years takes two thirds of the time that it takes on disk.
    # Compiling the statement takes longer than it saves.
    await connection.execute("SET LOCAL work_mem = '128MB'; SET LOCAL jit = off")
    for month in _by_month(days):
        # A day's deletion and its new rows are two statements: one alone would not see its own deletion.
        await connection.execute(_DELETE, month[0], month[-1], month)
        await connection.execute(_INSERT, month[0], month[-1], month)


async def have_all(connection: "asyncpg.Connection[Any]") -> None:
    """Note that the rollups have every grouping set of the catalogue, of every day: from now on they are read."""
    await connection.execute(
        "UPDATE data_version SET grouping_sets = $1, version = version + 1, changed_at = clock_timestamp()"
        " WHERE grouping_sets <> $1",
        sorted(kept.number for kept in GROUPING_SETS),
    )


async def differences(connection: "asyncpg.Connection[Any]", days: Iterable[int]) -> dict[int, int]:
    """Return, for each of these days whose rollup is not what its facts sum to, how many of its rows are wrong."""
    found = {}
    for day in sorted(set(days)):
        if wrong := await connection.fetchval(_DIFFERENCES, day, day, [day]):
            found[day] = wrong
    return found


def _by_month(days: Iterable[int]) -> Iterable[Sequence[int]]:
    for _, month in groupby(sorted(set(days)), key=lambda day: day // 100):
        yield list(month)
