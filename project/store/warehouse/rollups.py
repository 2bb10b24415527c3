"""The rollups: what the facts of a day sum to, written anew and compared.

The statements are made of the catalogue's names only.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import asyncpg

from project.catalog import (
    BASES,
    DATE,
    FACT_TABLE,
    GROUPING_SETS,
    KEYS,
    LABELLED_NAMES,
    MEASURE_NAMES,
    MEASURES,
    NATURAL_KEY,
    ROLLUP_TABLE,
    GroupingSet,
    summed_from,
)
from project.store.warehouse import data_version

_SUMS = (*MEASURE_NAMES, "facts")
_COLUMNS = ", ".join(("grouping_set", *NATURAL_KEY, *_SUMS))


def _summed() -> str:
    """Return the CTEs that sum facts by all grouping sets, as `summed`; each from the smallest that covers it."""
    # Those of more dimensions first, since others are summed from them.
    every = sorted({*BASES, *GROUPING_SETS}, key=lambda kept: (-len(kept.dimensions), kept.number))
    sums = ", ".join(map(_sum_of, every))
    parts = " UNION ALL ".join(f"SELECT {_columns_of(kept)} FROM by_{kept.number}" for kept in GROUPING_SETS)  # noqa: S608
    return f"WITH {sums}, summed ({_COLUMNS}) AS ({parts})"


def _sum_of(kept: GroupingSet) -> str:
    # A sum of bigints is a numeric, whose sum in turn would be three times as slow.
    measures = ", ".join(f"sum({m.name}){'' if m.decimals else '::bigint'} AS {m.name}" for m in MEASURES)
    keys = ", ".join((DATE.key, *(KEYS[name] for name in kept.dimensions)))
    source = summed_from(kept)
    if source is None:
        table, facts = f"{FACT_TABLE} WHERE date_id >= $1 AND date_id <= $2 AND date_id = ANY($3)", "count(*)"
    else:
        table, facts = f"by_{source.number}", "sum(facts)::bigint"
    return (
        f"by_{kept.number} AS MATERIALIZED (SELECT {keys}, {measures}, {facts} AS facts FROM {table} GROUP BY {keys})"  # noqa: S608
    )


def _columns_of(kept: GroupingSet) -> str:
    keys = [KEYS[name] if name in kept.dimensions else "0" for name in LABELLED_NAMES]
    return ", ".join((str(kept.number), DATE.key, *keys, *_SUMS))


_SUMMED = _summed()
_DELETE = f"DELETE FROM {ROLLUP_TABLE} WHERE date_id >= $1 AND date_id <= $2 AND date_id = ANY($3)"  # noqa: S608
_INSERT = f"""\
{_SUMMED} INSERT INTO {ROLLUP_TABLE} ({_COLUMNS})
SELECT {_COLUMNS} FROM summed ORDER BY grouping_set, {", ".join(NATURAL_KEY)}"""  # noqa: S608
_DIFFERENCES = f"""\
{_SUMMED}, stored AS (
    SELECT {_COLUMNS} FROM {ROLLUP_TABLE} WHERE date_id >= $1 AND date_id <= $2 AND date_id = ANY($3)
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
    """Write down that the rollups have every grouping set of the catalogue, of every day: reports then read them."""
    await data_version.write_grouping_sets(connection, (kept.number for kept in GROUPING_SETS))


async def differences(connection: "asyncpg.Connection[Any]", days: Iterable[int]) -> dict[int, int]:
    """Return, for each of these days whose rollup is not what its facts sum to, how many of its rows are wrong."""
    differences = {}
    for day in sorted(set(days)):
        if rows := await connection.fetchval(_DIFFERENCES, day, day, [day]):
            differences[day] = rows
    return differences


def _by_month(days: Iterable[int]) -> Iterable[Sequence[int]]:
    for _, month in groupby(sorted(set(days)), key=lambda day: day // 100):
        yield list(month)
