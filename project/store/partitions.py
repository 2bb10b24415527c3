"""Monthly partitions of the facts and of the rollups."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import asyncpg

from project.catalog import NATURAL_KEY

Month = tuple[int, int]
"""A year and a month of it."""

_KEY = ", ".join(NATURAL_KEY)
PARTITIONED = {
    "fact_ad_metrics_daily": {"pkey": "PRIMARY KEY (id, date_id)", "key": f"UNIQUE ({_KEY})"},
    "rollup_ad_metrics_daily": {"pkey": f"PRIMARY KEY (grouping_set, {_KEY})"},
}
"""The tables that have a partition a month, with the keys of each partition."""


async def ensure(connection: "asyncpg.Connection[Any]", months: Iterable[Month]) -> list[str]:
    """Create the partitions of these months that do not exist, and return their names.

    In a transaction of its own: call it before, never inside, a transaction that loads.
    """
    missing = await _missing(connection, months)
    for name in sorted(missing):
        await _create(connection, name, *missing[name])
    return sorted(missing)


async def missing(connection: "asyncpg.Connection[Any]", months: Iterable[Month]) -> list[str]:
    """Return the names of the partitions of these months that do not exist."""
    return sorted(await _missing(connection, months))


def month_after(day: date) -> Month:
    """Return the month that follows the day's."""
    return (day.year, day.month + 1) if day.month < 12 else (day.year + 1, 1)


async def _missing(connection: "asyncpg.Connection[Any]", months: Iterable[Month]) -> dict[str, tuple[str, int, int]]:
    wanted = {
        f"{table}_{year:04}_{month:02}": (table, year, month)
        for year, month in sorted(set(months))
        for table in PARTITIONED
    }
    present = await connection.fetch(
        "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
        " WHERE inhparent = ANY($1::text[]::regclass[])",
        list(PARTITIONED),
    )
    return {name: wanted[name] for name in wanted.keys() - {row[0] for row in present}}


async def _create(connection: "asyncpg.Connection[Any]", name: str, table: str, year: int, month: int) -> None:
    lower = year * 10000 + month * 100
    async with connection.transaction():
        await connection.execute("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")
        # Two loads may want the same month at once.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", name)
        if await connection.fetchval("SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass($1))", name):
            return
        # Made alone and attached: CREATE TABLE … PARTITION OF would lock every reader of the facts out.
        keys = ", ".join(f"CONSTRAINT {name}_{suffix} {key}" for suffix, key in PARTITIONED[table].items())
        await connection.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS, {keys})")
        await connection.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({lower}) TO ({lower + 100})"
        )
