"""Rollups: the sums of the facts by day and grouping set; written, and compared with the facts.

The statements contain names of the catalogue only.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from itertools import groupby
from typing import Any

import asyncpg

from project.catalog import (
    DATE,
    FACT_TABLE,
    GROUPING_SETS,
    IN_ORDER,
    KEYS,
    LABELLED_NAMES,
    MEASURE_NAMES,
    MEASURES,
    NATURAL_KEY,
    ROLLUP_TABLE,
    GroupingSet,
    summed_from,
)
from project.store.postgres.copied_lines import copy_lines
from project.store.warehouse import data_version

SUMS = (*MEASURE_NAMES, "facts")
"""The columns that are sums."""

COLUMNS = ("grouping_set", *NATURAL_KEY, *SUMS)
"""The columns of the rollups, in the order in which they are copied."""

_COLUMNS = ", ".join(COLUMNS)


def _summed() -> str:
    """Return the CTEs that sum the facts by all grouping sets, as `summed`; each reads the smallest that covers it."""
    sums = ", ".join(map(_sum_of, IN_ORDER))
    parts = " UNION ALL ".join(f"SELECT {_columns_of(s)} FROM by_{s.number}" for s in GROUPING_SETS)  # noqa: S608
    return f"WITH {sums}, summed AS ({parts})"


def _sum_of(grouping_set: GroupingSet) -> str:
    # A sum of bigints is a numeric, whose sum in turn would be three times as slow.
    measures = ", ".join(f"sum({m.name}){'' if m.decimals else '::bigint'} AS {m.name}" for m in MEASURES)
    keys = ", ".join((DATE.key, *(KEYS[name] for name in grouping_set.dimensions)))
    source = summed_from(grouping_set)
    if source is None:
        table, facts = f"{FACT_TABLE} WHERE date_id >= $1 AND date_id <= $2 AND date_id = ANY($3)", "count(*)"
    else:
        table, facts = f"by_{source.number}", "sum(facts)::bigint"
    sums = f"SELECT {keys}, {measures}, {facts} AS facts FROM {table} GROUP BY {keys}"  # noqa: S608
    return f"by_{grouping_set.number} AS MATERIALIZED ({sums})"


def _columns_of(grouping_set: GroupingSet) -> str:
    # Each column has its name in each part: Citus loses those of a list beside `summed` where one shard has all days.
    keys = [KEYS[name] if name in grouping_set.dimensions else f"0 AS {KEYS[name]}" for name in LABELLED_NAMES]
    return ", ".join((f"{grouping_set.number} AS grouping_set", DATE.key, *keys, *SUMS))


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


async def refresh(
    connection: "asyncpg.Connection[Any]", days: Iterable[int], rows: AsyncIterator[bytes] | None = None
) -> None:
    """Rewrite the rollups of these days (YYYYMMDD), in the caller's transaction.

    `rows` yields all of them, of `COLUMNS`, as COPY reads them; by default, PostgreSQL sums the facts. Raises
    asyncpg.NumericValueOutOfRangeError where a sum is too large for its column.
    """
    # In memory, a month takes two thirds of the time that it takes on disk, with ten million facts in two years.
    # JIT compilation takes longer than it saves.
    await connection.execute("SET LOCAL work_mem = '128MB'; SET LOCAL jit = off")
    for month in _by_month(days):
        # Two statements: a single one would not see its own deletion.
        await connection.execute(_DELETE, month[0], month[-1], month)
        if rows is None:
            await connection.execute(_INSERT, month[0], month[-1], month)
    if rows is not None:
        await copy_lines(connection, ROLLUP_TABLE, rows, COLUMNS)


async def record_grouping_sets(connection: "asyncpg.Connection[Any]") -> None:
    """Record that the rollups have all grouping sets of every day, so that reports read them."""
    await data_version.write_grouping_sets(connection, (s.number for s in GROUPING_SETS))


async def differences(connection: "asyncpg.Connection[Any]", days: Iterable[int]) -> dict[int, int]:
    """Return how many rollup rows of each day differ from the sums of its facts, for the days that have any."""
    differences = {}
    for day in sorted(set(days)):
        if rows := await connection.fetchval(_DIFFERENCES, day, day, [day]):
            differences[day] = rows
    return differences


def _by_month(days: Iterable[int]) -> Iterable[Sequence[int]]:
    for _, month in groupby(sorted(set(days)), key=lambda day: day // 100):
        yield list(month)
