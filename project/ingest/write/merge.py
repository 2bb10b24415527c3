"""Merge: staged records into dimensions, facts and rollups, inside the caller's transaction.

The statements are made of the catalogue's names only. They follow the rules that plain PostgreSQL and Citus share:
the conflict target is the natural key, SET takes only from EXCLUDED, and `date_id` is never updated.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import asyncpg

from project.catalog import FACT_TABLE, LABELLED_DIMENSIONS, MEASURES, NATURAL_KEY, ROLLUP_TABLE, Measure
from project.errors import LoadRefused
from project.ingest.report import Report
from project.store.warehouse import partitions, rollups


def _type(measure: Measure) -> str:
    return f"numeric(18, {measure.decimals})" if measure.decimals else "bigint"


_KEY = ", ".join(NATURAL_KEY)
_NAMES = ", ".join(measure.name for measure in MEASURES)
_DATES = "INSERT INTO dim_date (date_id, date_value) SELECT date_id, day FROM staged_day ON CONFLICT DO NOTHING"

# A number of the staging is a place in an array: joins of eight tables took three times as long.
_INCOMING = """\
CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS
SELECT ('{{days}}'::integer[])[day + 1] AS date_id, {keys}, {{rows}}::bigint AS rows, {measures}
FROM staging {{grouped}}""".format(
    keys=", ".join(
        f"('{{{dimension.name}}}'::integer[])[{dimension.name} + 1] AS {dimension.key}"
        for dimension in LABELLED_DIMENSIONS
    ),
    measures=", ".join(f"{{sum}}({measure.name})::{_type(measure)} AS {measure.name}" for measure in MEASURES),
)
_SUMMED = {"rows": "count(*)", "sum": "sum", "grouped": f"GROUP BY {_KEY}"}
# Where all keys differ there is nothing to sum: a quarter of the time.
_AS_THEY_ARE = {"rows": "1", "sum": "", "grouped": ""}
_BITS = 62
_STAGED_DAYS = "SELECT number, date_id FROM staged_day"
_REPEATED = f"""\
SELECT coalesce(sum(rows - 1), 0)::bigint FROM (
    SELECT count(*) AS rows FROM staging
    GROUP BY row_hash, day, {", ".join(dimension.name for dimension in LABELLED_DIMENSIONS)}, {_NAMES}
    HAVING count(*) > 1
) AS equal"""  # noqa: S608

_OLD = ", ".join(f"facts.{measure.name}" for measure in MEASURES)
_NEW = ", ".join(f"incoming.{measure.name}" for measure in MEASURES)
# Only what is new or differs is written: of a file loaded again, nothing.
_CHANGES = """\
CREATE TEMPORARY TABLE changes ON COMMIT DROP AS
SELECT incoming.*, facts.id IS NOT NULL AS known, {olds}
FROM incoming LEFT JOIN {table} AS facts
    ON {same_key} AND facts.date_id >= {{first}} AND facts.date_id <= {{last}}
WHERE facts.id IS NULL OR ({old}) IS DISTINCT FROM ({new})""".format(
    olds=", ".join(f"facts.{measure.name} AS old_{measure.name}" for measure in MEASURES),
    table=FACT_TABLE,
    same_key=" AND ".join(f"facts.{key} = incoming.{key}" for key in NATURAL_KEY),
    old=_OLD,
    new=_NEW,
)
_COUNT = f"""\
SELECT count(*) FILTER (WHERE NOT known) AS inserted,
       count(*) FILTER (WHERE known) AS changed,
       coalesce(array_agg(DISTINCT date_id), '{{}}') AS touched,
       {", ".join(f"coalesce(sum(old_{m.name}) FILTER (WHERE known), 0) AS before_{m.name}" for m in MEASURES)},
       {", ".join(f"coalesce(sum({m.name}) FILTER (WHERE known), 0) AS after_{m.name}" for m in MEASURES)}
FROM changes"""  # noqa: S608
_UPSERT = f"""\
INSERT INTO {FACT_TABLE} AS facts ({_KEY}, {_NAMES})
SELECT {_KEY}, {_NAMES} FROM changes WHERE NOT date_id / 100 = ANY($1::integer[]) ORDER BY {_KEY}
ON CONFLICT ({_KEY}) DO UPDATE SET {", ".join(f"{m.name} = EXCLUDED.{m.name}" for m in MEASURES)}
WHERE ({_OLD}) IS DISTINCT FROM ({", ".join(f"EXCLUDED.{m.name}" for m in MEASURES)})"""  # noqa: S608
_OF_A_MONTH = f"SELECT {_KEY}, {_NAMES} FROM {{changes}} WHERE date_id / 100 = {{month}} ORDER BY {{order}}"  # noqa: S608
_REMOVE = f"""\
WITH removed AS (
    DELETE FROM {FACT_TABLE} AS facts
    WHERE date_id >= $1 AND date_id <= $2 AND date_id IN (SELECT date_id FROM incoming)
        AND platform_id IN (SELECT platform_id FROM incoming)
        AND NOT EXISTS (
            SELECT FROM incoming WHERE {" AND ".join(f"incoming.{key} = facts.{key}" for key in NATURAL_KEY)}
        )
    RETURNING date_id
)
SELECT date_id, count(*) AS facts FROM removed GROUP BY date_id"""  # noqa: S608


async def merge(
    connection: "asyncpg.Connection[Any]",
    report: Report,
    *,
    keys_differ: bool = False,
    replace: bool = False,
    refuse_duplicates: bool = False,
) -> None:
    """Create the labels that are new, upsert the facts that differ, sum their days anew, and count it into the report.

    Rows with the same natural key are summed, or refused; `keys_differ` says that none have. With `replace`, facts that
    the load does not have, of its dates and platforms, are removed. Raises LoadRefused, also where a sum is larger than
    its column.
    """
    # New tables have no statistics, and to gather them takes longer than what they are good for: to join by hashes.
    await connection.execute(
        "SET LOCAL work_mem = '128MB'; SET LOCAL jit = off;"
        " SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off"
    )
    await connection.execute(_DATES)
    numbers = {"days": await _numbers(connection, _STAGED_DAYS)}
    for dimension in LABELLED_DIMENSIONS:
        # A label of rejected rows only is none.
        used = f"AND number IN (SELECT {dimension.name} FROM staging)" if report.rejected or report.left_out else ""  # noqa: S608
        await connection.execute(_new_labels(dimension.name, dimension.table, dimension.label, used))
        known = _known_labels(dimension.name, dimension.table, dimension.key, dimension.label)
        numbers[dimension.name] = await _numbers(connection, known)
    # Two spellings may be one label, and two ways to write a date one day.
    keys_differ = keys_differ and all(len(set(found.values())) == len(found) for found in numbers.values())
    places = {name: _by_place(found) for name, found in numbers.items()}
    try:
        await connection.execute(_INCOMING.format(**places, **(_AS_THEY_ARE if keys_differ else _SUMMED)))
    except asyncpg.NumericValueOutOfRangeError as error:
        raise LoadRefused(f"Rows of the same key add up to more than a measure can hold: {error}.") from error
    await _count_duplicates(connection, report, refuse=refuse_duplicates)
    days = numbers["days"].values()
    first, last = min(days), max(days)
    new_months = await partitions.new_months(connection, {(day // 10000, day // 100 % 100) for day in days})
    if len(new_months) == len({day // 100 for day in days}):
        # Nothing is known of these months: all of it is new.
        changes, touched = "incoming", set(days)
        report.inserted, report.unchanged = report.unchanged, 0
    else:
        await connection.execute(_CHANGES.format(first=first, last=last))
        changes, touched = "changes", await _count_changes(connection, report)
    if replace:
        removed = await connection.fetch(_REMOVE, first, last)
        report.removed = sum(row["facts"] for row in removed)
        touched |= {row["date_id"] for row in removed}
    if report.dry_run or not touched:
        # A dry run has no partitions to insert into: they are made ahead, and stay.
        return
    order = _natural_order(numbers)
    for year, month in new_months:
        select = _OF_A_MONTH.format(changes=changes, month=year * 100 + month, order=order)
        await partitions.fill(connection, (year, month), f"{_KEY}, {_NAMES}", select)
    if changes == "changes":
        await connection.execute(_UPSERT, [year * 100 + month for year, month in new_months])
    try:
        await rollups.refresh(connection, touched)
    except asyncpg.NumericValueOutOfRangeError as error:
        raise LoadRefused(f"The facts of a day add up to more than a measure can hold: {error}.") from error


async def remove_all(connection: "asyncpg.Connection[Any]") -> int:
    """Delete all facts, rollups and labels, and return how many facts there were."""
    done = await connection.execute(f"DELETE FROM {FACT_TABLE}")  # noqa: S608
    for table in (ROLLUP_TABLE, "dim_date", *(dimension.table for dimension in LABELLED_DIMENSIONS)):
        await connection.execute(f"DELETE FROM {table}")  # noqa: S608
    return int(done.split()[-1])


async def _count_duplicates(connection: "asyncpg.Connection[Any]", report: Report, *, refuse: bool) -> None:
    facts, rows = await connection.fetchrow("SELECT count(*), coalesce(sum(rows), 0)::bigint FROM incoming") or (0, 0)
    report.unchanged, report.summed = facts, rows - facts
    if report.summed:
        report.repeated = await connection.fetchval(_REPEATED)
    if report.summed and refuse:
        raise LoadRefused(
            f"{report.summed:,} rows have the natural key of another row, and --on-duplicate error refuses that; "
            "--on-duplicate sum adds them up."
        )


async def _count_changes(connection: "asyncpg.Connection[Any]", report: Report) -> set[int]:
    """Count into the report what becomes of the facts, and return the days that change."""
    counts = await connection.fetchrow(_COUNT)
    assert counts is not None  # noqa: S101 - an aggregate without GROUP BY has one row
    report.inserted, report.changed = counts["inserted"], counts["changed"]
    report.unchanged = report.unchanged - report.inserted - report.changed
    report.before = {measure.name: _as_stored(measure, counts[f"before_{measure.name}"]) for measure in MEASURES}
    report.after = {measure.name: _as_stored(measure, counts[f"after_{measure.name}"]) for measure in MEASURES}
    return set(counts["touched"])


def _as_stored(measure: Measure, total: Decimal) -> int | Decimal:
    return total if measure.decimals else int(total)


def _new_labels(name: str, table: str, label: str, used: str) -> str:
    # The first spelling in the load stays; numbers follow the order of first appearance.
    return f"""\
INSERT INTO {table} ({label})
SELECT spelling FROM (
    SELECT DISTINCT ON (lower(label COLLATE "default")) label AS spelling, number
    FROM staged_label WHERE dimension = '{name}' {used}
    ORDER BY lower(label COLLATE "default"), number
) AS staged
WHERE NOT EXISTS (
    SELECT FROM {table} WHERE lower({label} COLLATE "default") = lower(staged.spelling COLLATE "default")
)
ORDER BY number"""  # noqa: S608


def _known_labels(name: str, table: str, key: str, label: str) -> str:
    return f"""\
SELECT number, {key} FROM staged_label
JOIN {table} ON lower({table}.{label} COLLATE "default") = lower(staged_label.label COLLATE "default")
WHERE dimension = '{name}'"""  # noqa: S608


async def _numbers(connection: "asyncpg.Connection[Any]", sql: str) -> dict[int, int]:
    return dict(await connection.fetch(sql))


def _natural_order(numbers: Mapping[str, Mapping[int, int]]) -> str:
    """Return what sorts as the natural key does: one number made of all keys, where they have 62 bits together.

    That takes a fifth of the time of sorting by the columns themselves.
    """
    widths = [max(found.values(), default=0).bit_length() for found in numbers.values()]
    if sum(widths) > _BITS:
        return _KEY
    packed = NATURAL_KEY[0] + "::bigint"
    for key, width in zip(NATURAL_KEY[1:], widths[1:], strict=True):
        packed = f"({packed} << {width} | {key})"
    return packed


def _by_place(numbers: Mapping[int, int]) -> str:
    """Return an array literal that has, at each staged number, the database's own."""
    return "{" + ",".join(str(numbers.get(number, "NULL")) for number in range(max(numbers, default=-1) + 1)) + "}"
