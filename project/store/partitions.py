"""Monthly partitions of the facts."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import asyncpg

from project.catalog import NATURAL_KEY

PARTITIONED = ("fact_ad_metrics_daily",)


async def ensure(connection: "asyncpg.Connection[Any]", months: Iterable[tuple[int, int]]) -> list[str]:
    """Create the partitions of these (year, month) pairs that do not exist, and return their names.

    In a transaction of its own: call it before, never inside, a transaction that loads.
    """
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
    missing = wanted.keys() - {row[0] for row in present}
    for name in sorted(missing):
        await _create(connection, name, *wanted[name])
    return sorted(missing)


def months_between(first: date, last: date) -> list[tuple[int, int]]:
    """Return the (year, month) pairs from one day's to the other's, both included."""
    start, end = first.year * 12 + first.month - 1, last.year * 12 + last.month - 1
    return [(number // 12, number % 12 + 1) for number in range(start, end + 1)]


async def _create(connection: "asyncpg.Connection[Any]", name: str, table: str, year: int, month: int) -> None:
    lower = year * 10000 + month * 100
    async with connection.transaction():
        await connection.execute("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")
        # Two loads may want the same month at once.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext($1))", name)
        if await connection.fetchval("SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass($1))", name):
            return
        # Made alone and attached: CREATE TABLE … PARTITION OF would lock every reader of the facts out.
        await connection.execute(
            f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS,"
            f" CONSTRAINT {name}_pkey PRIMARY KEY (id, date_id),"
            f" CONSTRAINT {name}_key UNIQUE ({', '.join(NATURAL_KEY)}))"
        )
        await connection.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({lower}) TO ({lower + 100})"
        )
