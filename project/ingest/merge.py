"""Merge: staged records into dimensions, facts and rollups, inside the caller's transaction.

The statements are made of the catalogue's names only. They follow the rules that plain PostgreSQL and Citus share:
the conflict target is the natural key, SET takes only from EXCLUDED, and `date_id` is never updated.
"""

from decimal import Decimal
from typing import Any

import asyncpg

from project.catalog import LABELLED_DIMENSIONS, MEASURES, NATURAL_KEY, Measure
from project.errors import LoadRefused
from project.ingest.report import Report
from project.store import rollups
from project.store.rollups import FACTS

_KEY = ", ".join(NATURAL_KEY)
_NAMES = ", ".join(measure.name for measure in MEASURES)
_DATES = """\
INSERT INTO dim_date (date_id, date_value)
SELECT DISTINCT to_char(day, 'YYYYMMDD')::integer, day FROM staging ON CONFLICT DO NOTHING"""

_INCOMING = """\
CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS
SELECT to_char(staging.day, 'YYYYMMDD')::integer AS date_id, {keys}, count(*) AS rows, {sums}
FROM staging {joins}
GROUP BY {positions}""".format(
    keys=", ".join(f"{dimension.table}.{dimension.key}" for dimension in LABELLED_DIMENSIONS),
    sums=", ".join(
        f"sum({measure.name})::{f'numeric(18, {measure.decimals})' if measure.decimals else 'bigint'} AS {measure.name}"
        for measure in MEASURES
    ),
    joins=" ".join(
        f'JOIN {dimension.table} ON lower({dimension.table}.{dimension.label} COLLATE "default")'
        f' = lower(staging.{dimension.name} COLLATE "default")'
        for dimension in LABELLED_DIMENSIONS
    ),
    positions=", ".join(str(position + 1) for position in range(len(NATURAL_KEY))),
)

_OLD = ", ".join(f"facts.{measure.name}" for measure in MEASURES)
_NEW = ", ".join(f"incoming.{measure.name}" for measure in MEASURES)
_COMPARE = f"""\
SELECT count(*) FILTER (WHERE facts.id IS NULL) AS inserted,
       count(*) FILTER (WHERE changed) AS changed,
       count(*) FILTER (WHERE NOT changed) AS unchanged,
       coalesce(sum(rows - 1), 0)::bigint AS summed,
       coalesce(array_agg(DISTINCT date_id) FILTER (WHERE changed IS NOT FALSE), '{{}}') AS touched,
       {", ".join(f"coalesce(sum(facts.{m.name}) FILTER (WHERE changed), 0) AS before_{m.name}" for m in MEASURES)},
       {", ".join(f"coalesce(sum(incoming.{m.name}) FILTER (WHERE changed), 0) AS after_{m.name}" for m in MEASURES)}
FROM incoming LEFT JOIN {FACTS} AS facts USING ({_KEY})
CROSS JOIN LATERAL (
    SELECT CASE WHEN facts.id IS NOT NULL THEN ({_OLD}) IS DISTINCT FROM ({_NEW}) END AS changed
) AS comparison"""  # noqa: S608

_UPSERT = f"""\
INSERT INTO {FACTS} AS facts ({_KEY}, {_NAMES})
SELECT {_KEY}, {_NAMES} FROM incoming ORDER BY {_KEY}
ON CONFLICT ({_KEY}) DO UPDATE SET {", ".join(f"{m.name} = EXCLUDED.{m.name}" for m in MEASURES)}
WHERE ({_OLD}) IS DISTINCT FROM ({", ".join(f"EXCLUDED.{m.name}" for m in MEASURES)})"""  # noqa: S608


async def merge(connection: "asyncpg.Connection[Any]", report: Report) -> None:
    """Create the labels that are new, upsert the facts that differ, sum their days anew, and count it into the report.

    Rows with the same natural key are summed. Raises LoadRefused where a sum is larger than its column.
    """
    await connection.execute(_DATES)
    for dimension in LABELLED_DIMENSIONS:
        await connection.execute(_new_labels(dimension.name, dimension.table, dimension.label))
    try:
        await connection.execute(_INCOMING)
    except asyncpg.NumericValueOutOfRangeError as error:
        raise LoadRefused(f"Rows of the same key add up to more than a measure can hold: {error}.") from error
    await connection.execute("ANALYZE incoming")
    counts = await connection.fetchrow(_COMPARE)
    assert counts is not None  # noqa: S101 - an aggregate without GROUP BY has one row
    report.inserted, report.changed = counts["inserted"], counts["changed"]
    report.unchanged, report.summed = counts["unchanged"], counts["summed"]
    report.before = {measure.name: _as_stored(measure, counts[f"before_{measure.name}"]) for measure in MEASURES}
    report.after = {measure.name: _as_stored(measure, counts[f"after_{measure.name}"]) for measure in MEASURES}
    if not report.dry_run and (report.inserted or report.changed):
        # A dry run has no partitions to insert into: they are made ahead, and stay.
        await connection.execute(_UPSERT)
        try:
            await rollups.refresh(connection, counts["touched"])
        except asyncpg.NumericValueOutOfRangeError as error:
            raise LoadRefused(f"The facts of a day add up to more than a measure can hold: {error}.") from error


async def remove_all(connection: "asyncpg.Connection[Any]") -> int:
    """Delete all facts, rollups and labels, and return how many facts there were."""
    done = await connection.execute(f"DELETE FROM {FACTS}")  # noqa: S608
    for table in (rollups.ROLLUP, "dim_date", *(dimension.table for dimension in LABELLED_DIMENSIONS)):
        await connection.execute(f"DELETE FROM {table}")  # noqa: S608
    return int(done.split()[-1])


def _as_stored(measure: Measure, total: Decimal) -> int | Decimal:
    return total if measure.decimals else int(total)


def _new_labels(name: str, table: str, label: str) -> str:
    # The first spelling in the load stays; numbers follow the order of first appearance.
    return f"""\
INSERT INTO {table} ({label})
SELECT spelling FROM (
    SELECT DISTINCT ON (lower({name} COLLATE "default")) {name} AS spelling, position
    FROM staging ORDER BY lower({name} COLLATE "default"), position
) AS staged
WHERE NOT EXISTS (
    SELECT FROM {table} WHERE lower({label} COLLATE "default") = lower(staged.spelling COLLATE "default")
)
ORDER BY position"""  # noqa: S608
