"""Checks: that what the service keeps twice agrees. They only read."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, cast

import asyncpg

from project.catalog import (
    FACT_TABLE,
    GROUPING_SETS,
    LABELLED_DIMENSIONS,
    ROLLUP_TABLE,
    GroupingSet,
    date_id,
    date_of,
)
from project.store.warehouse import data_version, partitions, rollups

_DAYS = f"""\
SELECT date_id FROM dim_date WHERE date_id BETWEEN $1 AND $2
UNION SELECT date_id FROM {ROLLUP_TABLE} WHERE date_id BETWEEN $1 AND $2 ORDER BY 1"""  # noqa: S608
_NEWEST = "SELECT date_id FROM dim_date ORDER BY 1 DESC LIMIT $1"
_VERSIONS = """\
SELECT (SELECT version FROM data_version) < max(data_version), coalesce(bool_or(moved AND after <= before), false)
FROM (
    SELECT data_version, data_version AS after, lag(data_version, 1, 0::bigint) OVER (ORDER BY id) AS before,
           inserted + changed > 0 AS moved
    FROM ingest_log
) AS loads"""


@dataclass(frozen=True, slots=True)
class Findings:
    """What each check found wrong, in words; nothing where all is well. `days` is how many days were summed anew."""

    days: int
    rollups: tuple[str, ...]
    labels: tuple[str, ...]
    partitions: tuple[str, ...]
    versions: tuple[str, ...]

    @property
    def by_check(self) -> dict[str, tuple[str, ...]]:
        """The findings by the check's name."""
        return {name: getattr(self, name) for name in ("rollups", "labels", "partitions", "versions")}

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not any(self.by_check.values())


async def days_between(connection: "asyncpg.Connection[Any]", first: date, last: date) -> list[int]:
    """Return the days (YYYYMMDD) that have facts or rollups."""
    return [row[0] for row in await connection.fetch(_DAYS, date_id(first), date_id(last))]


async def newest_days(connection: "asyncpg.Connection[Any]", count: int) -> list[int]:
    """Return the last days (YYYYMMDD) that have facts."""
    return [row[0] for row in await connection.fetch(_NEWEST, count)]


async def check(connection: "asyncpg.Connection[Any]", days: Sequence[int]) -> Findings:
    """Compare the rollups of these days with what their facts sum to, and look at all the rest.

    That is: labels resolve, partitions are there ahead, and the data version moved with every load that changed facts.
    """
    wrong = await rollups.differences(connection, days)
    return Findings(
        len(days),
        (
            *[f"the grouping set {name} is not there yet" for name in await _grouping_sets_missing(connection)],
            *[f"{_shown(day)}: {rows:,} rows are not what its facts sum to" for day, rows in wrong.items()],
        ),
        tuple([finding async for finding in _unresolved(connection)]),
        tuple(await _partitions_missing(connection)),
        tuple(_versions_stuck(*await _fetchrow(connection, _VERSIONS))),
    )


def _shown(number: int) -> str:
    try:
        return str(date_of(number))
    except ValueError:
        return f"{number}, which is no date"


async def _grouping_sets_missing(connection: "asyncpg.Connection[Any]") -> list[str]:
    numbers = await data_version.read_grouping_sets(connection)
    return [" × ".join(kept.dimensions) for kept in GROUPING_SETS if kept.number not in numbers]


async def _unresolved(connection: "asyncpg.Connection[Any]") -> AsyncIterator[str]:
    for dimension in LABELLED_DIMENSIONS:
        rows = await connection.fetch(
            f"SELECT DISTINCT {dimension.key} FROM {ROLLUP_TABLE} AS rollup WHERE grouping_set = $1 AND NOT EXISTS"  # noqa: S608
            f" (SELECT FROM {dimension.table} WHERE {dimension.key} = rollup.{dimension.key})",
            GroupingSet((dimension.name,)).number,
        )
        for row in rows:
            yield f"{dimension.key} {row[0]} has no label"


async def _partitions_missing(connection: "asyncpg.Connection[Any]") -> list[str]:
    newest = await connection.fetchval(f"SELECT max(date_id) FROM {FACT_TABLE}")  # noqa: S608
    if newest is None:
        return []
    months = [*partitions.months_ahead(datetime.now(UTC).date()), (newest // 10000, newest // 100 % 100)]
    return [f"{name} does not exist" for name in await partitions.missing(connection, months)]


def _versions_stuck(behind: bool | None, unmoved: bool) -> Iterator[str]:
    if behind:
        yield "the data version is below that of a load"
    if unmoved:
        yield "a load changed facts without etag_inputs the data version"


async def _fetchrow(connection: "asyncpg.Connection[Any]", sql: str) -> asyncpg.Record:
    # An aggregate without GROUP BY has one row.
    return cast("asyncpg.Record", await connection.fetchrow(sql))
