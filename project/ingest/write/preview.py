"""Preview: what a load stores, from its merged records, before any fact is written."""

from typing import Any

import asyncpg

from project.catalog import DIMENSIONS, MEASURE_NAMES, MEASURES, NATURAL_KEY
from project.ingest.report import Report

FIRST_RECORDS = 2

PLATFORMS = 10
"""The largest that are added. A load with hundreds has another column in their place, and ten show that."""


async def preview(connection: "asyncpg.Connection[Any]", report: Report, *, in_order: bool) -> None:
    """Add the first records, and the sums by platform, of the table `incoming` to the report.

    `in_order` says that the table has the order of the files. Else the first are those of the first day: of a million
    records, that sort takes half a second.
    """
    order = ("", "position") if in_order else (f"ORDER BY {_KEY}", _KEY)
    report.first_records = [dict(row) for row in await connection.fetch(_FIRST.format(*order))]
    sums = await connection.fetch(_BY_PLATFORM)
    report.platforms = [
        {name: int(value) if name in _COUNTS else value for name, value in row.items()} for row in sums[:PLATFORMS]
    ]
    report.more_platforms = max(0, len(sums) - PLATFORMS)


_COUNTS = frozenset(measure.name for measure in MEASURES if not measure.decimals)
_KEY = ", ".join(NATURAL_KEY)
_LABELS = ", ".join(f"{dimension.table}.{dimension.label} AS {dimension.name}" for dimension in DIMENSIONS)
_JOINS = " ".join(f"JOIN {dimension.table} USING ({dimension.key})" for dimension in DIMENSIONS)
_FIRST = f"""\
SELECT {_LABELS}, {", ".join(MEASURE_NAMES)}
FROM (SELECT incoming.*, ctid AS position FROM incoming {{}} LIMIT {FIRST_RECORDS}) AS first {_JOINS}
ORDER BY {{}}"""  # noqa: S608

_PLATFORM = next(dimension for dimension in DIMENSIONS if dimension.name == "platform")
_SUMS = ", ".join(f"sum({name}) AS {name}" for name in MEASURE_NAMES)
_BY_PLATFORM = f"""\
SELECT {_PLATFORM.label} AS platform, {", ".join(MEASURE_NAMES)}
FROM (SELECT {_PLATFORM.key}, {_SUMS} FROM incoming GROUP BY 1) AS sums JOIN {_PLATFORM.table} USING ({_PLATFORM.key})
ORDER BY {", ".join(f"{name} DESC" for name in MEASURE_NAMES)}"""  # noqa: S608
