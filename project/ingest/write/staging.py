"""Stage: lines of numbers into a temporary table, by COPY. No other connection sees it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import Any

import asyncpg

from project.catalog import LABELLED_NAMES, MEASURE_NAMES, MEASURES, date_id
from project.ingest.convert.dictionary import Dictionary
from project.ingest.report import Report

_COLUMNS = ("row_hash", "day", *LABELLED_NAMES, *MEASURE_NAMES)
_CREATE = "CREATE TEMPORARY TABLE staging (row_hash bigint, day integer, {labels}, {measures}) ON COMMIT DROP".format(
    labels=", ".join(f"{name} integer" for name in LABELLED_NAMES),
    measures=", ".join(f"{measure.name} {'numeric' if measure.decimals else 'bigint'}" for measure in MEASURES),
)
_CREATE_DICTIONARY = """\
CREATE TEMPORARY TABLE staged_day (number integer, date_id integer, day date) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_label (dimension text, number integer, label text) ON COMMIT DROP"""


async def stage(
    connection: "asyncpg.Connection[Any]", lines: Iterator[bytes], dictionary: Dictionary, report: Report
) -> tuple[date, date] | None:
    """Copy blocks of lines into the temporary table `staging` of this transaction, and return their first and last day.

    `staged_day` and `staged_label` have the days and labels of their numbers. A thread makes the lines while the server
    stores those before them.
    """
    await connection.execute(_CREATE)
    await connection.execute(_CREATE_DICTIONARY)
    await connection.copy_to_table("staging", source=_in_a_thread(lines), columns=_COLUMNS, format="text")
    days = [(number, date_id(day), day) for number, day in enumerate(dictionary.days) if day]
    if report.rejected or report.left_out:
        # A day that only rejected rows have is not staged.
        used = {row[0] for row in await connection.fetch("SELECT DISTINCT day FROM staging")}
        days = [day for day in days if day[0] in used]
    await connection.copy_records_to_table("staged_day", records=days)
    labels = [
        (dimension, number, label)
        for dimension, numbers in dictionary.labels.items()
        for label, number in numbers.items()
    ]
    await connection.copy_records_to_table("staged_label", records=labels)
    await connection.execute("ANALYZE staged_day, staged_label")
    return (min(day for _, _, day in days), max(day for _, _, day in days)) if days else None


async def staged_months(connection: "asyncpg.Connection[Any]") -> list[tuple[int, int]]:
    """Return the (year, month) pairs of the staged records."""
    rows = await connection.fetch("SELECT DISTINCT date_id / 10000, date_id / 100 % 100 FROM staged_day ORDER BY 1, 2")
    return [(year, month) for year, month in rows]


async def _in_a_thread(lines: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (block := await asyncio.to_thread(next, lines, None)) is not None:
        yield block
