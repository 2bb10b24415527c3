"""The ledger: by how much each data version changed the facts of each day and platform.

The sum of its entries up to a version is what was known then, and the sum of all of them is the facts. Entries are
differences between the rollup by platform and the entries before, so everything that changes facts appends them in the
same way: loads, replacements, the removal of sample data, retention.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg

from project.catalog import DATE, FACT_TABLE, KEYS, MEASURE_NAMES, ROLLUP_TABLE, GroupingSet
from project.store.warehouse import data_version

LEDGER_NAMES = ("platform",)
"""The labelled dimensions that the ledger has, beside the day."""

BY_PLATFORM = GroupingSet(LEDGER_NAMES)
"""The rollup that has the sums of the ledger."""

SUMS = ("facts", *MEASURE_NAMES)
"""What an entry has: the number of facts, and each measure."""

_KEY = f"{DATE.key}, {KEYS['platform']}"
_NAMES = ", ".join(SUMS)
_TOTALS = ", ".join(f"sum({name})" for name in SUMS)
_ZEROS = ", ".join("0" for _ in SUMS)
_DIFFERENCES = f"""\
SELECT {_KEY}, {_NAMES} FROM {ROLLUP_TABLE} WHERE grouping_set = {BY_PLATFORM.number} {{days}}
UNION ALL SELECT {_KEY}, {", ".join(f"-{name} AS {name}" for name in SUMS)} FROM fact_ledger WHERE true {{days}}"""  # noqa: S608
_CHANGED = f"""\
SELECT {_KEY}, {{version}}, {_TOTALS} FROM ({_DIFFERENCES}) AS entries
GROUP BY {_KEY} HAVING ({_TOTALS}) <> ({_ZEROS})"""  # noqa: S608
_APPEND = f"INSERT INTO fact_ledger ({_KEY}, data_version, {_NAMES}) {_CHANGED}"
_AMONG = "AND date_id >= $1 AND date_id <= $2 AND date_id = ANY($3)"
_ADD_CHANGE = """\
INSERT INTO data_change (data_version, changed_at, cause, first_date_id, last_date_id)
SELECT version, changed_at, $1, $2, $3 FROM data_version RETURNING data_version"""
_EXTENT = f"SELECT min(date_id), max(date_id) FROM {FACT_TABLE}"  # noqa: S608
_RECORDED_EXTENT = "SELECT first_date_id, last_date_id FROM data_change ORDER BY data_version DESC LIMIT 1"
_CHANGED_EXTENT = f"""\
SELECT min(date_id), max(date_id) FROM {ROLLUP_TABLE} WHERE grouping_set = {GroupingSet(()).number} {_AMONG}"""  # noqa: S608

Extent = tuple[int | None, int | None]
"""The first and the last day (YYYYMMDD) with facts; both are None without facts."""


async def record_change(
    connection: "asyncpg.Connection[Any]",
    cause: str,
    days: Iterable[int] | None = None,
    *,
    sample: bool | None = None,
) -> int:
    """Move the data version, and append what changed, in the transaction that changed facts and rollups.

    `cause` is `load`, `retention` or `rebuild`. `days` (YYYYMMDD) are those that may have changed, by default all;
    `sample` says whether the facts are now sample data. Return the new version.
    """
    await data_version.move(connection, sample=sample)
    days = None if days is None else sorted(set(days))
    extent = await (_changed_extent(connection, days) if days and cause == "load" else measured_extent(connection))
    version: int = await connection.fetchval(_ADD_CHANGE, cause, *extent)
    await connection.execute(*_of_days(_APPEND, version, days))
    return version


async def read_extent(connection: "asyncpg.Connection[Any]") -> Extent:
    """Return the days with facts, as the newest change recorded them: the facts of 32 shards take a second to ask."""
    first, last = await connection.fetchrow(_RECORDED_EXTENT) or (None, None)
    return first, last


async def measured_extent(connection: "asyncpg.Connection[Any]") -> Extent:
    """Return the days with facts, by the facts."""
    first, last = await connection.fetchrow(_EXTENT) or (None, None)
    return first, last


async def differences(connection: "asyncpg.Connection[Any]", days: Iterable[int]) -> list[tuple[int, int]]:
    """Return each day and platform of which the ledger's sum is not that of the rollup, as ids, in order."""
    rows = await connection.fetch(*_of_days(f"{_CHANGED} ORDER BY 1, 2", 0, days))
    return [(row[0], row[1]) for row in rows]


async def _changed_extent(connection: "asyncpg.Connection[Any]", days: Sequence[int]) -> Extent:
    """Return the days with facts, after those of some days changed."""
    first, last = await read_extent(connection)
    changed = await connection.fetchrow(_CHANGED_EXTENT, days[0], days[-1], days) or (None, None)
    known = [*changed, *(day for day in (first, last) if day not in days)]
    known = [day for day in known if day]
    if known and (first is None or min(known) <= first) and (last is None or max(known) >= last):
        return min(known), max(known)
    # The first or last day lost its facts; which day follows it, only the facts say.
    return await measured_extent(connection)


def _of_days(sql: str, version: int, days: Iterable[int] | None) -> tuple[Any, ...]:
    """Return the statement for these days, or all, and its values."""
    if days is None:
        return (sql.format(version=version, days=""),)
    listed = sorted(set(days))
    # The bounds are redundant; with them, partitions are pruned.
    bounds = (listed[0], listed[-1]) if listed else (0, 0)
    return sql.format(version=version, days=_AMONG), *bounds, listed
