"""The data version: a number that moves in each transaction that changes facts or rollups.

The one row of the table `data_version` has it, and the grouping sets that the rollups have of every day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from project.commands import typed
from project.errors import NotMigrated

_READ = "SELECT version, changed_at, sample FROM data_version"
_MOVE = "UPDATE data_version SET version = version + 1, changed_at = clock_timestamp(), sample = coalesce($1, sample)"
_WRITE_GROUPING_SETS = """\
UPDATE data_version SET grouping_sets = $1, version = version + 1, changed_at = clock_timestamp()
WHERE grouping_sets <> $1"""


@dataclass(frozen=True, slots=True)
class DataVersion:
    """One state of the data. Equal versions mean equal facts and labels.

    `number` is 0 until something is loaded. `sample` says that the facts are sample data.
    """

    number: int
    changed_at: datetime
    sample: bool

    @property
    def token(self) -> str:
        """The version as a part of an ETag; the time distinguishes databases that reached the same number."""
        return f"{self.number}-{int(self.changed_at.timestamp() * 1_000_000):x}"


async def read(connection: "asyncpg.Connection[Any]") -> DataVersion:
    """Return the version that this connection sees. Raises NotMigrated."""
    row = await connection.fetchrow(_READ)
    if row is None:
        raise NotMigrated(f"The table data_version is empty; run `{typed('ad-metrics db upgrade')}`.")
    return DataVersion(*row)


async def move(connection: "asyncpg.Connection[Any]", *, sample: bool | None = None) -> None:
    """Move the version, in the caller's transaction. `sample` says whether the facts are now sample data."""
    await connection.execute(_MOVE, sample)


async def read_grouping_sets(connection: "asyncpg.Connection[Any]") -> frozenset[int]:
    """Return the numbers of the grouping sets that the rollups have of every day."""
    return frozenset(await connection.fetchval("SELECT grouping_sets FROM data_version"))


async def write_grouping_sets(connection: "asyncpg.Connection[Any]", numbers: Iterable[int]) -> None:
    """Record these numbers, and move the version where they differ from the recorded ones."""
    await connection.execute(_WRITE_GROUPING_SETS, sorted(numbers))
