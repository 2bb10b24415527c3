"""Monthly partitions of the facts and of the rollups."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import asyncpg

from project.catalog import DIMENSIONS, FACT_TABLE, NATURAL_KEY, ROLLUP_TABLE

Month = tuple[int, int]
"""A year and a month of it."""

MONTHS_AHEAD = 3

_KEY = ", ".join(NATURAL_KEY)
_LOCK = "SELECT pg_advisory_xact_lock(hashtext($1))"
PARTITIONED = {
    FACT_TABLE: {"pkey": "PRIMARY KEY (id, date_id)", "key": f"UNIQUE ({_KEY})"},
    ROLLUP_TABLE: {"pkey": f"PRIMARY KEY (grouping_set, {_KEY})"},
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


async def new_months(connection: "asyncpg.Connection[Any]", months: Iterable[Month]) -> list[Month]:
    """Return those of the months that have no partition of facts, and keep others from making one in the meantime.

    Until the end of the caller's transaction, in which `fill` makes them. On Citus there are none: there, all are made
    ahead.
    """
    names = await _missing(connection, months)
    for name in sorted(names):
        await connection.execute(_LOCK, name)
    still = await _missing(connection, months)
    return sorted({(year, month) for table, year, month in still.values() if table == FACT_TABLE})


async def fill(connection: "asyncpg.Connection[Any]", month: Month, columns: str, select: str) -> None:
    """Make the partitions of a month, that of the facts with the rows that a statement selects.

    It is filled alone, then gets its keys, then is attached: ten times as fast as inserting row by row with all
    foreign keys in place. Readers wait for nothing. In the caller's transaction.
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
    # It spared the attaching a scan.
    await connection.execute(f"ALTER TABLE {name} DROP CONSTRAINT {name}_month")
    await connection.execute(f"ANALYZE {name}")
    await ensure(connection, [month])


async def drop_before(connection: "asyncpg.Connection[Any]", month: Month) -> list[str]:
    """Drop the partitions of all months before this one, with their facts, and return their names.

    In the caller's transaction. It locks readers out for as long as it waits for those that are reading: set a
    `lock_timeout`.
    """
    kept = f"{month[0]:04}_{month[1]:02}"
    dropped = []
    for table in PARTITIONED:
        for row in await connection.fetch(
            "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
            " WHERE inhparent = $1::text::regclass ORDER BY 1",
            table,
        ):
            if row[0].removeprefix(f"{table}_") < kept:
                await connection.execute(f"DROP TABLE {row[0]}")
                dropped.append(row[0])
    return dropped


async def missing(connection: "asyncpg.Connection[Any]", months: Iterable[Month]) -> list[str]:
    """Return the names of the partitions of these months that do not exist."""
    return sorted(await _missing(connection, months))


def months_ahead(today: date) -> list[Month]:
    """Return this month and those that follow it, for which partitions are kept ready."""
    return [
        (today.year + (today.month + after - 1) // 12, (today.month + after - 1) % 12 + 1)
        for after in range(MONTHS_AHEAD + 1)
    ]


async def on_citus(connection: "asyncpg.Connection[Any]") -> bool:
    """Tell whether the database is spread over several servers, where partitions are only made empty."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"))


def _lower(month: Month) -> int:
    return month[0] * 10000 + month[1] * 100


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
    lower = _lower((year, month))
    async with connection.transaction():
        await connection.execute("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")
        # Two loads may want the same month at once.
        await connection.execute(_LOCK, name)
        if await connection.fetchval("SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass($1))", name):
            return
        # Made alone and attached: CREATE TABLE … PARTITION OF would lock every reader of the facts out.
        keys = ", ".join(f"CONSTRAINT {name}_{suffix} {key}" for suffix, key in PARTITIONED[table].items())
        await connection.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS, {keys})")
        await connection.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({lower}) TO ({lower + 100})"
        )
