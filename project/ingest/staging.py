"""Stage: records into a temporary table, by COPY. Nothing that anybody else sees is touched."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, cast

import asyncpg

from project.catalog import LABELLED_DIMENSIONS, MEASURES
from project.ingest.records import Record

_COLUMNS = (
    "position",
    "day",
    *(dimension.name for dimension in LABELLED_DIMENSIONS),
    *(measure.name for measure in MEASURES),
)
_CREATE = "CREATE TEMPORARY TABLE staging (position bigint, day date, {labels}, {measures})".format(
    labels=", ".join(f"{dimension.name} text" for dimension in LABELLED_DIMENSIONS),
    measures=", ".join(f"{measure.name} {'numeric' if measure.decimals else 'bigint'}" for measure in MEASURES),
)


async def stage(connection: "asyncpg.Connection[Any]", records: Iterable[Record]) -> tuple[date, date] | None:
    """Copy the records into the new temporary table `staging`, and return their first and last day.

    `position` is a record's place in the load.
    """
    await connection.execute(_CREATE)
    await connection.copy_records_to_table("staging", records=_tuples(records), columns=_COLUMNS)
    await connection.execute("ANALYZE staging")
    first, last = cast("asyncpg.Record", await connection.fetchrow("SELECT min(day), max(day) FROM staging"))
    return None if first is None else (first, last)


async def staged_months(connection: "asyncpg.Connection[Any]") -> list[tuple[int, int]]:
    """Return the (year, month) pairs that the staged records are of."""
    rows = await connection.fetch(
        "SELECT DISTINCT extract(year FROM day)::int, extract(month FROM day)::int FROM staging ORDER BY 1, 2"
    )
    return [(year, month) for year, month in rows]


def _tuples(records: Iterable[Record]) -> Iterator[tuple[Any, ...]]:
    for position, record in enumerate(records):
        yield position, record.day, *record.labels, *record.measures
