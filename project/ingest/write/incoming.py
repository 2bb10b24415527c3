"""Incoming: the temporary table of a load's records by the database's ids, one of each key."""

from collections.abc import Mapping
from typing import Any

import asyncpg
import pyarrow as pa

from project.catalog import LABELLED_NAMES, MEASURE_NAMES, MEASURES, NATURAL_KEY, Measure
from project.errors import LoadRefused
from project.ingest.report import Report
from project.ingest.write.in_memory import lines_of
from project.ingest.write.labels import Ids, by_number
from project.store.postgres.copied_lines import copy_lines


async def make_incoming(connection: "asyncpg.Connection[Any]", ids: Ids, *, keys_differ: bool) -> bool:
    """Make the table `incoming`: the staged records by the database's ids, those of one key summed.

    Return whether none were, so that it has the order of the files.
    """
    # Two spellings may be one label, and two texts one day.
    keys_differ = keys_differ and all(len(set(of_numbers.values())) == len(of_numbers) for of_numbers in ids.values())
    arrays = {name: _array(of_numbers) for name, of_numbers in ids.items()}
    try:
        await connection.execute(_INCOMING.format(**arrays, **(_AS_THEY_ARE if keys_differ else _SUMMED)))
    except asyncpg.NumericValueOutOfRangeError as error:
        raise LoadRefused(f"Rows of the same key add up to more than a measure can hold: {error}.") from error
    return keys_differ


async def count_duplicates(connection: "asyncpg.Connection[Any]", report: Report, *, refuse: bool) -> None:
    """Count the records of `incoming`, and the rows that they sum. Raises LoadRefused where `refuse` forbids that."""
    facts, rows = await connection.fetchrow("SELECT count(*), coalesce(sum(rows), 0)::bigint FROM incoming") or (0, 0)
    report.unchanged, report.summed = facts, rows - facts
    if report.summed:
        report.repeated = await connection.fetchval(_REPEATED)
    if report.summed and refuse:
        raise LoadRefused(
            f"{report.summed:,} rows have the natural key of another row, and --on-duplicate error refuses that; "
            "--on-duplicate sum adds them up."
        )


async def copy_incoming(connection: "asyncpg.Connection[Any]", records: pa.Table) -> None:
    """Make the table of records in memory."""
    await connection.execute(_CREATE)
    await copy_records(connection, "incoming", records)


async def copy_records(connection: "asyncpg.Connection[Any]", table: str, records: pa.Table) -> None:
    """Copy records in memory to a table of the database that has their columns."""
    await copy_lines(connection, table, lines_of(records), records.column_names, null="")


def type_of(measure: Measure) -> str:
    """Return the SQL type of a measure."""
    return f"numeric(18, {measure.decimals})" if measure.decimals else "bigint"


def _array(ids: Mapping[int, int]) -> str:
    """Return `by_number` as an array literal."""
    return "{" + ",".join("NULL" if id_ is None else str(id_) for id_ in by_number(ids)) + "}"


_KEY = ", ".join(NATURAL_KEY)
_NAMES = ", ".join(MEASURE_NAMES)
_CREATE = "CREATE TEMPORARY TABLE incoming ({keys}, rows bigint DEFAULT 1, {measures}) ON COMMIT DROP".format(
    keys=", ".join(f"{key} integer" for key in NATURAL_KEY),
    measures=", ".join(f"{measure.name} {type_of(measure)}" for measure in MEASURES),
)

# A number of the staging is an index in an array: joins of eight tables took three times as long.
_INCOMING = """\
CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS
SELECT {ids}, {{rows}}::bigint AS rows, {measures}
FROM staging {{grouped}}""".format(
    ids=", ".join(
        f"('{{{column}}}'::integer[])[{column} + 1] AS {key}"
        for column, key in zip(("day", *LABELLED_NAMES), NATURAL_KEY, strict=True)
    ),
    measures=", ".join(f"{{sum}}({measure.name})::{type_of(measure)} AS {measure.name}" for measure in MEASURES),
)
_SUMMED = {"rows": "count(*)", "sum": "sum", "grouped": f"GROUP BY {_KEY}"}
# Where all keys differ there is nothing to sum: a quarter of the time.
_AS_THEY_ARE = {"rows": "1", "sum": "", "grouped": ""}

_REPEATED = f"""\
SELECT coalesce(sum(rows - 1), 0)::bigint FROM (
    SELECT count(*) AS rows FROM staging
    GROUP BY row_hash, day, {", ".join(LABELLED_NAMES)}, {_NAMES}
    HAVING count(*) > 1
) AS equal"""  # noqa: S608
