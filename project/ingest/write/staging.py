"""Stage: records into memory, or where they are many into a temporary table, by COPY."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import asyncpg
import pyarrow as pa
import pyarrow.compute as pc

from project.catalog import LABELLED_NAMES, MEASURE_NAMES, MEASURES, date_id
from project.ingest.convert.converter import STAGED_TYPES
from project.ingest.convert.dictionary import Dictionary
from project.ingest.report import Report
from project.ingest.write.in_memory import MOST_RECORDS, lines_of, to_lines
from project.store.postgres.copied_lines import copy_lines

_FEW = 1000
_COLUMNS = ("row_hash", "day", *LABELLED_NAMES, *MEASURE_NAMES)
_CREATE = "CREATE TEMPORARY TABLE staging (row_hash bigint, day integer, {labels}, {measures}) ON COMMIT DROP".format(
    labels=", ".join(f"{name} integer" for name in LABELLED_NAMES),
    measures=", ".join(f"{measure.name} {'numeric' if measure.decimals else 'bigint'}" for measure in MEASURES),
)
_CREATE_DICTIONARY = """\
CREATE TEMPORARY TABLE staged_day (number integer, date_id integer, day date) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_label (dimension text, number integer, label text) ON COMMIT DROP"""


@dataclass(frozen=True, slots=True)
class Staged:
    """Staged records: their first and last day, and their table, None where they are in the database's `staging`."""

    first_day: date
    last_day: date
    table: pa.Table | None

    async def copy(self, connection: "asyncpg.Connection[Any]") -> None:
        """Copy the table into that of the database."""
        if self.table is not None:
            await _copy(connection, lines_of(self.table))


async def stage(
    connection: "asyncpg.Connection[Any]", blocks: Iterator[pa.Table], dictionary: Dictionary, report: Report
) -> Staged | None:
    """Take blocks of records, as many as `in_memory.MOST_RECORDS` into memory, more into the temporary table `staging`.

    `staged_day` and `staged_label` have the days and labels of their numbers. A thread makes the blocks while the
    server stores those before them. Return None where there is no record.
    """
    coming = _in_a_thread(blocks)
    table = pa.schema(STAGED_TYPES).empty_table()
    async for block in coming:
        table = pa.concat_tables([table, block])
        if table.num_rows > MOST_RECORDS:
            break
    in_memory = table.num_rows <= MOST_RECORDS
    if not in_memory:
        await _copy(connection, _lines(table, coming))
    await connection.execute(_CREATE_DICTIONARY)
    days = [(number, date_id(day), day) for number, day in enumerate(dictionary.days) if day]
    labels = [
        (dimension, number, label)
        for dimension, numbers in dictionary.labels.items()
        for label, number in numbers.items()
    ]
    if report.rejected or report.left_out:
        # A day or label that only rejected rows have is not staged.
        if in_memory:
            used = {name: set(pc.unique(table[name]).to_pylist()) for name in ("day", *LABELLED_NAMES)}
            labels = [label for label in labels if label[1] in used[label[0]]]
        else:
            used = {"day": {row[0] for row in await connection.fetch("SELECT DISTINCT day FROM staging")}}
        days = [day for day in days if day[0] in used["day"]]
    if not days:
        return None
    await connection.copy_records_to_table("staged_day", records=days)
    await connection.copy_records_to_table("staged_label", records=labels)
    if len(labels) > _FEW:
        await connection.execute("ANALYZE staged_day, staged_label")
    return Staged(min(day for _, _, day in days), max(day for _, _, day in days), table if in_memory else None)


async def staged_months(connection: "asyncpg.Connection[Any]") -> list[tuple[int, int]]:
    """Return the (year, month) pairs of the staged records."""
    rows = await connection.fetch("SELECT DISTINCT date_id / 10000, date_id / 100 % 100 FROM staged_day ORDER BY 1, 2")
    return [(year, month) for year, month in rows]


async def _copy(connection: "asyncpg.Connection[Any]", source: AsyncIterator[bytes]) -> None:
    await connection.execute(_CREATE)
    await copy_lines(connection, "staging", source, _COLUMNS)


async def _lines(first: pa.Table, then: AsyncIterator[pa.Table]) -> AsyncIterator[bytes]:
    async for lines in lines_of(first):
        yield lines
    async for block in then:
        yield to_lines(block)


async def _in_a_thread(blocks: Iterator[pa.Table]) -> AsyncIterator[pa.Table]:
    while (block := await asyncio.to_thread(next, blocks, None)) is not None:
        yield block
