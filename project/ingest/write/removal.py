"""Removal: facts that a load replaces are deleted, inside the caller's transaction.

Citus deletes by a list of ids, and not by a join of facts with a temporary table.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg
import pyarrow as pa

from project.catalog import DIMENSIONS, FACT_TABLE, NATURAL_KEY, ROLLUP_TABLE
from project.ingest.report import Report
from project.ingest.write.incoming import copy_records
from project.store.postgres.citus import ONE_BY_ONE

Span = tuple[int, int, Sequence[int]]
"""Days (YYYYMMDD) that one statement merges or deletes: the first, the last, and all of them."""


async def delete_absent(
    connection: "asyncpg.Connection[Any]",
    report: Report,
    spans: Iterable[Span],
    removals_in_memory: pa.Table | None = None,
) -> set[int]:
    """Delete the facts of the dates and platforms of `incoming` that it lacks, count them, and return their days.

    Those in memory are not sought.
    """
    await connection.execute(_CREATE_REMOVALS)
    if removals_in_memory is not None:
        await copy_records(connection, "removals", removals_in_memory.select(["id", "date_id"]))
    for span in spans if removals_in_memory is None else ():
        await connection.execute(_REMOVALS, *span)
    removals = await connection.fetch("SELECT date_id, count(*) FROM removals GROUP BY date_id")
    report.removed = sum(facts for _, facts in removals)
    for span in spans if removals else ():
        await connection.execute(_DELETE, *span)
    return {day for day, _ in removals}


async def delete_all(connection: "asyncpg.Connection[Any]") -> int:
    """Delete all facts, rollups and labels, and return how many facts there were.

    The labels of platforms stay, since the ledger names them.
    """
    await connection.execute(ONE_BY_ONE)
    status = await connection.execute(f"DELETE FROM {FACT_TABLE}")  # noqa: S608
    for table in (ROLLUP_TABLE, *(dimension.table for dimension in DIMENSIONS if dimension.name != "platform")):
        await connection.execute(f"DELETE FROM {table}")  # noqa: S608
    return int(status.split()[-1])


_CREATE_REMOVALS = "CREATE TEMPORARY TABLE removals (id bigint, date_id integer) ON COMMIT DROP"
_REMOVALS = f"""\
INSERT INTO removals
SELECT facts.id, facts.date_id FROM {FACT_TABLE} AS facts
LEFT JOIN incoming ON {" AND ".join(f"facts.{key} = incoming.{key}" for key in NATURAL_KEY)}
WHERE facts.date_id >= $1 AND facts.date_id <= $2 AND facts.date_id = ANY($3) AND incoming.date_id IS NULL
    AND facts.platform_id IN (SELECT platform_id FROM incoming)"""  # noqa: S608
_DELETE = f"""\
DELETE FROM {FACT_TABLE}
WHERE date_id >= $1 AND date_id <= $2 AND date_id = ANY($3) AND id IN (SELECT id FROM removals)"""  # noqa: S608
