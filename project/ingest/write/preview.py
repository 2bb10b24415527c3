"""Preview: what a load stores, from its merged records, before any fact is written."""

from decimal import Decimal
from typing import Any

import asyncpg
import pyarrow as pa

from project.catalog import DIMENSIONS, MEASURE_NAMES, MEASURES, NATURAL_KEY
from project.ingest.report import Report
from project.ingest.write.in_memory import sums_by_platform

FIRST_RECORDS = 2

PLATFORMS = 10
"""The largest that are added. A load with hundreds has another column in their place, and ten show that."""


async def preview(connection: "asyncpg.Connection[Any]", report: Report, *, in_order: bool) -> None:
    """Add the first records, and the sums by platform, of the table `incoming` to the report.

    `in_order` says that the table has the order of the files. Else the first are those of the first day: of a million
    records, that sort takes half a second.
    """
    order = ("", "position") if in_order else (f"ORDER BY {_KEY}", _KEY)
    first = f"SELECT incoming.*, ctid AS position FROM incoming {order[0]} LIMIT {FIRST_RECORDS}"  # noqa: S608
    await _preview(connection, report, first, order[1], _SUMS_OF_INCOMING)


async def preview_records(connection: "asyncpg.Connection[Any]", report: Report, records: pa.Table) -> None:
    """Add the same of records in memory, which have the order of the files."""
    first = records.slice(0, FIRST_RECORDS)
    first = first.append_column("position", pa.array(range(len(first))))
    await _preview(connection, report, _select(first), "position", _select(sums_by_platform(records)))


async def _preview(
    connection: "asyncpg.Connection[Any]", report: Report, first: str, order: str, sums_by_platform: str
) -> None:
    report.first_records = [dict(row) for row in await connection.fetch(_FIRST.format(first, order))]
    sums = await connection.fetch(_BY_PLATFORM.format(sums_by_platform))
    report.platforms = [
        {name: int(value) if name in _COUNTS else value for name, value in row.items()} for row in sums[:PLATFORMS]
    ]
    report.more_platforms = max(0, len(sums) - PLATFORMS)


def _select(records: pa.Table) -> str:
    """Return a SELECT of records, which are numbers."""
    rows = (
        ", ".join(format(value, "f") if isinstance(value, Decimal) else str(value) for value in row.values())
        for row in records.to_pylist()
    )
    values = ", ".join(f"({row})" for row in rows)
    return f"SELECT * FROM (VALUES {values}) AS records ({', '.join(records.column_names)})"  # noqa: S608 - numbers


_COUNTS = frozenset(measure.name for measure in MEASURES if not measure.decimals)
_KEY = ", ".join(NATURAL_KEY)
_LABELS = ", ".join(f"{dimension.table}.{dimension.label} AS {dimension.name}" for dimension in DIMENSIONS)
_JOINS = " ".join(f"JOIN {dimension.table} USING ({dimension.key})" for dimension in DIMENSIONS)
_FIRST = f"""\
SELECT {_LABELS}, {", ".join(MEASURE_NAMES)}
FROM ({{}}) AS first {_JOINS}
ORDER BY {{}}"""  # noqa: S608

_PLATFORM = next(dimension for dimension in DIMENSIONS if dimension.name == "platform")
_SUMS = ", ".join(f"sum({name}) AS {name}" for name in MEASURE_NAMES)
_SUMS_OF_INCOMING = f"SELECT {_PLATFORM.key}, {_SUMS} FROM incoming GROUP BY 1"  # noqa: S608
_BY_PLATFORM = f"""\
SELECT {_PLATFORM.label} AS platform, {", ".join(MEASURE_NAMES)}
FROM ({{}}) AS sums JOIN {_PLATFORM.table} USING ({_PLATFORM.key})
ORDER BY {", ".join(f"{name} DESC" for name in MEASURE_NAMES)}"""  # noqa: S608
