"""Partitions of the facts and of the rollups, each of one month or of several (`PARTITION_MONTHS`)."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg

from project.catalog import FACT_TABLE, ROLLUP_TABLE
from project.store.postgres.citus import ONE_BY_ONE
from project.store.postgres.connections import INSTALLATION
from project.store.postgres.copied_lines import copy_lines

Month = tuple[int, int]
"""A year and a month."""

MONTHS_AHEAD = 3

_BOUND = """substring(pg_get_expr(relpartbound, pg_class.oid) FROM '{} \\(''?([0-9]+)')::integer"""
_EXISTING = f"""\
SELECT relname, inhparent = '{FACT_TABLE}'::regclass AS facts,
       {_BOUND.format("FROM")} AS lower, {_BOUND.format("TO")} AS upper
FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = ANY($1::text[]::regclass[]) ORDER BY relname"""  # noqa: S608
_LOCK = f"SELECT pg_advisory_xact_lock(hashtext('partitions of ' || $1), {INSTALLATION})"
PARTITIONED = (FACT_TABLE, ROLLUP_TABLE)
"""The partitioned tables."""

# Functions of migration 9, which run with the rights of the tables' owner: who loads need not own them.
_CREATE = "SELECT create_partition($1, $2, $3, $4)"
_ATTACH = "SELECT attach_partition($1, $2, $3)"
_DROP = "SELECT drop_partition($1)"


@dataclass(frozen=True, slots=True)
class Partition:
    """The partition of a table for some months of one year."""

    table: str
    year: int
    first: int
    last: int

    @property
    def name(self) -> str:
        """The name: that of the first month, and of the last where there are several."""
        return f"{self.table}_{self.year:04}_{self.first:02}" + (f"_{self.last:02}" if self.last > self.first else "")

    @property
    def months(self) -> list[Month]:
        """Its months."""
        return [(self.year, month) for month in range(self.first, self.last + 1)]

    @property
    def bounds(self) -> tuple[str, int, int]:
        """The name, the least `date_id` that belongs to it, and the least beyond it."""
        return self.name, self.lower, self.upper

    @property
    def lower(self) -> int:
        """The least `date_id` that belongs to it."""
        return _lower((self.year, self.first))

    @property
    def upper(self) -> int:
        """The least `date_id` beyond it."""
        return _lower((self.year, self.last)) + 100


async def ensure(connection: "asyncpg.Connection[Any]", months: Iterable[Month], width: int = 1) -> list[str]:
    """Create the partitions of these months that do not exist, each `width` months wide, and return their names.

    Where other partitions have some of those months, it has those between. It has its own transactions: call it before
    a transaction that loads, never inside.
    """
    months, created = set(months), []
    while missing := await _missing(connection, months, width):
        async with connection.transaction():
            await connection.execute(ONE_BY_ONE)
            await connection.execute(_LOCK, str(missing[0].year))
            # Another load may have created it meanwhile, or one that has some of its months.
            if missing[0] in await _missing(connection, months, width):
                await connection.execute(_CREATE, *missing[0].bounds, True)
                created.append(missing[0].name)
    return created


async def new_partitions(
    connection: "asyncpg.Connection[Any]", months: Iterable[Month], width: int = 1
) -> list[Partition]:
    """Return the partitions of facts that these months lack, and lock them until the caller's transaction ends.

    `fill` creates them in that transaction. On Citus none is returned: there, loads create all partitions ahead.
    """
    months = set(months)
    for year in sorted({partition.year for partition in await _missing(connection, months, width)}):
        await connection.execute(_LOCK, str(year))
    return [p for p in await _missing(connection, months, width) if p.table == FACT_TABLE]


async def fill(
    connection: "asyncpg.Connection[Any]",
    partition: Partition,
    columns: Sequence[str],
    rows: str | AsyncIterator[bytes],
    width: int = 1,
) -> None:
    """Create a partition of the facts, and of the rollups, in the caller's transaction, and insert facts.

    `rows` selects them, or yields them as COPY reads them. The table of the facts is filled, then gets its keys,
    then is attached. That is ten times as fast as inserting rows with all foreign keys in place, and blocks no reader.
    """
    await connection.execute(_CREATE, *partition.bounds, False)
    if isinstance(rows, str):
        await connection.execute(f"INSERT INTO {partition.name} ({', '.join(columns)}) {rows}")
    else:
        await copy_lines(connection, partition.name, rows, columns)
    await connection.execute(_ATTACH, *partition.bounds)
    await ensure(connection, partition.months, width)


async def drop_before(connection: "asyncpg.Connection[Any]", month: Month) -> tuple[list[str], bool]:
    """Remove all facts before this month, in the caller's transaction: drop their partitions.

    Return the names of those, and whether rows were deleted of a partition that also has later months. While it waits
    for queries that read a partition, it blocks all new ones: set a `lock_timeout`.
    """
    await connection.execute(ONE_BY_ONE)
    lower = _lower(month)
    existing = await _existing(connection)
    old = [row["relname"] for row in existing if row["upper"] and row["upper"] <= lower]
    for name in old:
        await connection.execute(_DROP, name)
    if not any(row["lower"] < lower < row["upper"] for row in existing if row["upper"]):
        return old, False
    statuses = [
        await connection.execute(f"DELETE FROM {table} WHERE date_id < $1", lower)  # noqa: S608
        for table in PARTITIONED
    ]
    return old, any(status != "DELETE 0" for status in statuses)


async def missing(connection: "asyncpg.Connection[Any]", months: Iterable[Month]) -> list[str]:
    """Return the names that partitions of these months would have, for the months that have none."""
    return [partition.name for partition in await _missing(connection, months, 1)]


def months_ahead(today: date) -> list[Month]:
    """Return this month and the next ones, whose partitions must exist."""
    return [
        (today.year + (today.month + after - 1) // 12, (today.month + after - 1) % 12 + 1)
        for after in range(MONTHS_AHEAD + 1)
    ]


def _lower(month: Month) -> int:
    return month[0] * 10000 + month[1] * 100


async def _missing(connection: "asyncpg.Connection[Any]", months: Iterable[Month], width: int) -> list[Partition]:
    """Return the partitions that these months lack, those of the facts first, the oldest first."""
    existing = await _existing(connection)
    partitions = []
    for table in PARTITIONED:
        bounds = [(row["lower"], row["upper"]) for row in existing if row["facts"] == (table == FACT_TABLE)]

        def is_free(year: int, month: int, bounds: list[tuple[int, int]] = bounds) -> bool:
            return not any(lower and lower <= _lower((year, month)) < upper for lower, upper in bounds)

        for year, month in sorted(set(months)):
            if not is_free(year, month):
                continue
            first = last = month
            least = (month - 1) // width * width + 1
            while first > least and is_free(year, first - 1):
                first -= 1
            while last < least + width - 1 and is_free(year, last + 1):
                last += 1
            partitions.append(Partition(table, year, first, last))
    return list(dict.fromkeys(partitions))


async def _existing(connection: "asyncpg.Connection[Any]") -> list[asyncpg.Record]:
    """Return the names and bounds of all partitions, those of the facts first, the oldest first."""
    return await connection.fetch(_EXISTING, list(PARTITIONED))
