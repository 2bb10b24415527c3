"""Consistency checks: do rollups, labels, partitions and versions agree with the facts? They only read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import asyncpg

from project.catalog import GROUPING_SETS, LABELLED_DIMENSIONS, ROLLUP_TABLE, GroupingSet, date_id, date_of
from project.store.warehouse import data_version, ledger, partitions, rollups

_DAYS = f"""\
SELECT date_id FROM dim_date WHERE date_id BETWEEN $1 AND $2
UNION SELECT date_id FROM {ROLLUP_TABLE} WHERE date_id BETWEEN $1 AND $2
UNION SELECT date_id FROM fact_ledger WHERE date_id BETWEEN $1 AND $2 ORDER BY 1"""  # noqa: S608
_NEWEST = "SELECT date_id FROM dim_date ORDER BY 1 DESC LIMIT $1"
_VERSIONS = """\
SELECT (SELECT version FROM data_version) < max(data_version), bool_or(changed AND after <= before) FROM (
    SELECT data_version, data_version AS after, lag(data_version, 1, 0::bigint) OVER (ORDER BY id) AS before,
           inserted + changed > 0 AS changed
    FROM ingest_log
) AS loads"""


@dataclass(frozen=True, slots=True)
class Findings:
    """The errors of each check, by its name. `days` is how many days of rollups were compared."""

    days: int
    by_check: Mapping[str, Sequence[str]]

    @property
    def ok(self) -> bool:
        """Whether no check found an error."""
        return not any(self.by_check.values())


async def days_between(connection: "asyncpg.Connection[Any]", first: date, last: date) -> list[int]:
    """Return the days (YYYYMMDD) that have facts, rollups or entries of the ledger."""
    return [row[0] for row in await connection.fetch(_DAYS, date_id(first), date_id(last))]


async def newest_days(connection: "asyncpg.Connection[Any]", count: int) -> list[int]:
    """Return the newest days (YYYYMMDD) that have facts."""
    return [row[0] for row in await connection.fetch(_NEWEST, count)]


async def check(connection: "asyncpg.Connection[Any]", days: Sequence[int]) -> Findings:
    """Compare the rollups of these days with the sums of their facts, and run all other checks.

    These are: the ledger sums to the rollups, each id has a label, partitions exist ahead, each load that changed facts
    moved the data version, and the recorded first and last date are those of the facts.
    """
    by_check = {
        "rollups": [*await _missing_grouping_sets(connection), *await _wrong_days(connection, days)],
        "ledger": await _wrong_entries(connection, days),
        "labels": await _ids_without_label(connection),
        "partitions": await _missing_partitions(connection),
        "versions": await _version_errors(connection),
    }
    return Findings(len(days), by_check)


async def _missing_grouping_sets(connection: "asyncpg.Connection[Any]") -> list[str]:
    stored = await data_version.read_grouping_sets(connection)
    missing = [grouping_set for grouping_set in GROUPING_SETS if grouping_set.number not in stored]
    return [f"the grouping set {' × '.join(grouping_set.dimensions)} is not there yet" for grouping_set in missing]


async def _wrong_days(connection: "asyncpg.Connection[Any]", days: Sequence[int]) -> list[str]:
    wrong = await rollups.differences(connection, days)
    return [f"{_shown(day)}: {rows:,} rows are not what its facts sum to" for day, rows in wrong.items()]


async def _wrong_entries(connection: "asyncpg.Connection[Any]", days: Sequence[int]) -> list[str]:
    labels = dict(await connection.fetch("SELECT platform_id, platform_name FROM dim_platform"))
    return [
        f"{_shown(day)}, {labels.get(platform, platform)}: the ledger does not sum to the facts"
        for day, platform in await ledger.differences(connection, days)
    ]


def _shown(day: int) -> str:
    try:
        return str(date_of(day))
    except ValueError:
        return f"{day}, which is no date"


async def _ids_without_label(connection: "asyncpg.Connection[Any]") -> list[str]:
    errors = []
    for dimension in LABELLED_DIMENSIONS:
        rows = await connection.fetch(
            f"SELECT DISTINCT rollup.{dimension.key} FROM {ROLLUP_TABLE} AS rollup"  # noqa: S608
            f" LEFT JOIN {dimension.table} AS known USING ({dimension.key})"
            f" WHERE grouping_set = $1 AND known.{dimension.key} IS NULL",
            GroupingSet((dimension.name,)).number,
        )
        errors += [f"{dimension.key} {row[0]} has no label" for row in rows]
    return errors


async def _missing_partitions(connection: "asyncpg.Connection[Any]") -> list[str]:
    _, newest = await ledger.read_extent(connection)
    if newest is None:
        return []
    months = [*partitions.months_ahead(datetime.now(UTC).date()), (newest // 10000, newest // 100 % 100)]
    return [f"{name} does not exist" for name in await partitions.missing(connection, months)]


async def _version_errors(connection: "asyncpg.Connection[Any]") -> list[str]:
    [(behind, unmoved)] = await connection.fetch(_VERSIONS)
    errors = {
        "the data version is below that of a load": behind,
        "a load changed facts without a new data version": unmoved,
        "the first and last date are not those of the facts": (
            await ledger.read_extent(connection) != await ledger.measured_extent(connection)
        ),
    }
    return [error for error, found in errors.items() if found]
