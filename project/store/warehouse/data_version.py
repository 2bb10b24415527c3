"""The data version: a number that moves in each transaction that changes facts or rollups.

The one row of the table `data_version` has it, and the grouping sets that the rollups have of every day.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from project.commands import typed
from project.errors import Fault, InvalidRequest, NotMigrated

_IN_TAGS = re.compile(r'"(\d{1,18})-[\da-f]+-', re.ASCII)
READ = "SELECT version, changed_at, sample FROM data_version"
_WITH_VERSION = """\
SELECT answer.*, data_version.version, date_part('epoch', data_version.changed_at) AS changed_at
FROM data_version LEFT JOIN (
{}
) AS answer ON true"""
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

    def is_of(self, row: asyncpg.Record) -> bool:
        """Whether a row of `with_version` is of this version."""
        return tuple(row)[-2:] == (self.number, self.changed_at.timestamp())


def with_version(sql: str) -> str:
    """Return a statement that adds two columns, the version, to the rows of this one, and keeps their order.

    Without rows it gives one, whose other columns are null. The join has no condition and one row on its left, so it is
    always a nested loop, which keeps the order of the rows on its right.
    """
    # Two numbers: to make one text of them took PostgreSQL 0.15 ms to plan.
    return _WITH_VERSION.format(sql)


def version_of(rows: Sequence[asyncpg.Record]) -> DataVersion:
    """Return the version that READ has read. Raises NotMigrated."""
    if not rows:
        raise NotMigrated(f"The table data_version is empty; run `{typed('ad-metrics db upgrade')}`.")
    return DataVersion(*rows[0])


def number_in(tags: str) -> int:
    """Return the highest version among ETags that `token` is a part of; 0 where there is none."""
    return max((int(number) for number in _IN_TAGS.findall(tags)), default=0)


def not_there_yet(parameter: str, number: int, newest: int) -> InvalidRequest:
    """Return the error of a parameter that asks for a version above the newest."""
    detail = f"There is no data version {number} yet; the newest is {newest}."
    return InvalidRequest([Fault(parameter, "out_of_range", detail, str(number), (str(newest),))])


async def read(connection: "asyncpg.Connection[Any]") -> DataVersion:
    """Return the version that this connection sees. Raises NotMigrated."""
    return version_of(await connection.fetch(READ))


async def move(connection: "asyncpg.Connection[Any]", *, sample: bool | None = None) -> None:
    """Move the version, in the caller's transaction. `sample` says whether the facts are now sample data."""
    await connection.execute(_MOVE, sample)


async def read_grouping_sets(connection: "asyncpg.Connection[Any]") -> frozenset[int]:
    """Return the numbers of the grouping sets that the rollups have of every day."""
    return frozenset(await connection.fetchval("SELECT grouping_sets FROM data_version"))


async def write_grouping_sets(connection: "asyncpg.Connection[Any]", numbers: Iterable[int]) -> None:
    """Record these numbers, and move the version where they differ from the recorded ones."""
    await connection.execute(_WRITE_GROUPING_SETS, sorted(numbers))
