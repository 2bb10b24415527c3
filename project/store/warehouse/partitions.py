"""Monthly partitions of the facts and of the rollups."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import asyncpg

from project.catalog import DIMENSIONS, FACT_TABLE, NATURAL_KEY, ROLLUP_TABLE
from project.store.postgres.connections import INSTALLATION

Month = tuple[int, int]
"""A year and a month."""

MONTHS_AHEAD = 3

_KEY = ", ".join(NATURAL_KEY)
_EXISTING = """\
SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = ANY($1::text[]::regclass[]) ORDER BY relname"""
_LOCK = f"SELECT pg_advisory_xact_lock(hashtext($1), {INSTALLATION})"
PARTITIONED = {
    FACT_TABLE: {"pkey": "PRIMARY KEY (id, date_id)", "key": f"UNIQUE ({_KEY})"},
    ROLLUP_TABLE: {"pkey": f"PRIMARY KEY (grouping_set, {_KEY})"},
}
"""The partitioned tables, each with the constraints of its partitions."""


async def ensure(connection: "asyncpg.Connection[Any]", months: Iterable[Month]) -> list[str]:
    """Create the partitions of these months that do not exist, and return their names.

    It has its own transactions: call it before a transaction that loads, never inside.
    """
    missing = await _missing(connection, months)
    for name in sorted(missing):
        await _create(connection, name, *missing[name])
    return sorted(missing)


async def new_months(connection: "asyncpg.Connection[Any]", months: Iterable[Month]) -> list[Month]:
    """Return those of the months that have no partition of facts, and lock them until the caller's transaction ends.

    `fill` creates their partitions in that transaction. On Citus none is returned: there, loads create all partitions
    ahead.
    """
    names = await _missing(connection, months)
    for name in sorted(names):
        await connection.execute(_LOCK, name)
    names = await _missing(connection, months)
    return sorted({(year, month) for table, year, month in names.values() if table == FACT_TABLE})


async def fill(connection: "asyncpg.Connection[Any]", month: Month, columns: str, select: str) -> None:
    """Create the partitions of a month, in the caller's transaction, and insert the selected facts.

    The table of the facts is filled, then gets its keys, then is attached. That is ten times as fast as inserting rows
    with all foreign keys in place, and blocks no reader.
    """
    name = f"{FACT_TABLE}_{month[0]:04}_{month[1]:02}"
    lower = _lower(month)
    await connection.execute(
        f"CREATE TABLE {name} (LIKE {FACT_TABLE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS,"
        f" CONSTRAINT {name}_month CHECK (date_id >= {lower} AND date_id < {lower + 100}))"
    )
    await connection.execute(f"INSERT INTO {name} ({columns}) {select}")
    keys = [f"ADD CONSTRAINT {name}_{suffix} {key}" for suffix, key in PARTITIONED[FACT_TABLE].items()]
    references = [
        f"ADD CONSTRAINT {name}_{dimension.key}_fkey FOREIGN KEY ({dimension.key})"
        f" REFERENCES {dimension.table} ({dimension.key})"
        for dimension in DIMENSIONS
    ]
    for addition in (*keys, *references):
        await connection.execute(f"ALTER TABLE {name} {addition}")
    await connection.execute(
        f"ALTER TABLE {FACT_TABLE} ATTACH PARTITION {name} FOR VALUES FROM ({lower}) TO ({lower + 100})"
    )
    # With this constraint, ATTACH needed no scan.
    await connection.execute(f"ALTER TABLE {name} DROP CONSTRAINT {name}_month")
    await connection.execute(f"ANALYZE {name}")
    await ensure(connection, [month])


async def drop_before(connection: "asyncpg.Connection[Any]", month: Month) -> list[str]:
    """Drop the partitions of all months before this one, in the caller's transaction, and return their names.

    While it waits for queries that read a partition, it blocks all new ones: set a `lock_timeout`.
    """
    oldest = f"{month[0]:04}_{month[1]:02}"
    names = await _existing(connection)
    old = [name for name in names if any(name.removeprefix(f"{table}_") < oldest for table in PARTITIONED)]
    for name in old:
        await connection.execute(f"DROP TABLE {name}")
    return old


async def missing(connection: "asyncpg.Connection[Any]", months: Iterable[Month]) -> list[str]:
    """Return the names of the partitions of these months that do not exist."""
    return sorted(await _missing(connection, months))


def months_ahead(today: date) -> list[Month]:
    """Return this month and the next ones, whose partitions must exist."""
    return [
        (today.year + (today.month + after - 1) // 12, (today.month + after - 1) % 12 + 1)
        for after in range(MONTHS_AHEAD + 1)
    ]


async def on_citus(connection: "asyncpg.Connection[Any]") -> bool:
    """Return whether the database runs Citus, where partitions are created empty."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"))


def _lower(month: Month) -> int:
    return month[0] * 10000 + month[1] * 100


async def _missing(connection: "asyncpg.Connection[Any]", months: Iterable[Month]) -> dict[str, tuple[str, int, int]]:
    wanted = {
        f"{table}_{year:04}_{month:02}": (table, year, month)
        for year, month in sorted(set(months))
        for table in PARTITIONED
    }
    return {name: wanted[name] for name in wanted.keys() - await _existing(connection)}


async def _existing(connection: "asyncpg.Connection[Any]") -> list[str]:
    """Return the names of all partitions, those of the facts first, the oldest first."""
    return [row[0] for row in await connection.fetch(_EXISTING, list(PARTITIONED))]


async def _create(connection: "asyncpg.Connection[Any]", name: str, table: str, year: int, month: int) -> None:
    lower = _lower((year, month))
    async with connection.transaction():
        await connection.execute("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")
        # Another load may create the same partition.
        await connection.execute(_LOCK, name)
        if await connection.fetchval("SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass($1))", name):
            return
        # Created, then attached: CREATE TABLE … PARTITION OF would block every reader of the facts.
        keys = ", ".join(f"CONSTRAINT {name}_{suffix} {key}" for suffix, key in PARTITIONED[table].items())
        await connection.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS, {keys})")
        await connection.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({lower}) TO ({lower + 100})"
        )
