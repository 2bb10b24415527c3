"""Merge: staged records into dimensions, facts and rollups, inside the caller's transaction.

The statements are made of the catalogue's names only. They follow the rules that plain PostgreSQL and Citus share:
the conflict target is the natural key, SET takes only from EXCLUDED, and `date_id` is never updated.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import asyncpg

from project.catalog import (
    FACT_TABLE,
    LABELLED_DIMENSIONS,
    LABELLED_NAMES,
    MEASURE_NAMES,
    MEASURES,
    NATURAL_KEY,
    Dimension,
    Measure,
)
from project.errors import LoadRefused
from project.ingest.report import Report
from project.ingest.write.preview import preview
from project.ingest.write.removal import Span, delete_absent
from project.store.postgres import citus
from project.store.postgres.connections import Notify
from project.store.warehouse import partitions, rollups


@dataclass(frozen=True, slots=True)
class Merged:
    """What a load touched: the days (YYYYMMDD) whose facts changed, and the platforms of its rows."""

    changed_days: set[int]
    platform_ids: list[int]


async def merge(
    connection: "asyncpg.Connection[Any]",
    report: Report,
    *,
    keys_differ: bool = False,
    replace: bool = False,
    refuse_duplicates: bool = False,
    partition_months: int = 1,
    notify: Notify = print,
) -> Merged:
    """Insert new labels, upsert the facts that differ, refresh the rollups of their days, and count into the report.

    Rows with the same natural key are summed, or refused; `keys_differ` says that there are none. With `replace`, facts
    that the load lacks, of its dates and platforms, are removed. Raises LoadRefused, also where a sum is larger than
    its column.
    """
    # New tables have no statistics, and gathering them takes longer than they save: join by hashes.
    await connection.execute(
        "SET LOCAL work_mem = '128MB'; SET LOCAL jit = off;"
        " SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off"
    )
    ids = await _insert_dimensions(connection, report)
    in_order = await _make_incoming(connection, ids, keys_differ=keys_differ)
    await _count_duplicates(connection, report, refuse=refuse_duplicates)
    await preview(connection, report, in_order=in_order)
    for line in report.preview_text():
        notify(line)
    days = set(ids["day"].values())
    months = {(day // 10000, day // 100 % 100) for day in days}
    new_partitions = await partitions.new_partitions(connection, months, partition_months)
    new_months = months.intersection(month for partition in new_partitions for month in partition.months)
    spans = await _spans(connection, days)
    if new_months == months:
        # The database has none of these months: every fact is new.
        changes, changed_days = "incoming", set(days)
        report.inserted, report.unchanged = report.unchanged, 0
    else:
        await connection.execute(_CREATE_CHANGES)
        for span in spans:
            await connection.execute(_CHANGES, *span)
        changes, changed_days = "changes", await _count_changes(connection, report)
    if replace:
        changed_days |= await delete_absent(connection, report, spans)
    merged = Merged(changed_days, sorted(ids["platform"].values()))
    if report.dry_run or not changed_days:
        # A dry run has no partitions to insert into: they are made ahead, and stay.
        return merged
    order = _natural_order(ids)
    for partition in new_partitions:
        select = _OF_A_PARTITION.format(changes=changes, lower=partition.lower, upper=partition.upper, order=order)
        await partitions.fill(connection, partition, f"{_KEY}, {_NAMES}", select, partition_months)
    for first, last, _ in spans if changes == "changes" else ():
        await connection.execute(_UPSERT, first, last, [year * 100 + month for year, month in new_months])
    try:
        await rollups.refresh(connection, changed_days)
    except asyncpg.NumericValueOutOfRangeError as error:
        raise LoadRefused(f"The facts of a day add up to more than a measure can hold: {error}.") from error
    return merged


async def _insert_dimensions(connection: "asyncpg.Connection[Any]", report: Report) -> dict[str, dict[int, int]]:
    """Insert the days and labels that are new; return, by dimension, the database's id of each staged number."""
    await connection.execute(_INSERT_DATES)
    ids = {"day": dict(await connection.fetch("SELECT number, date_id FROM staged_day"))}
    for dimension in LABELLED_DIMENSIONS:
        await connection.execute(_insert_labels(dimension, only_staged=bool(report.rejected or report.left_out)))
        ids[dimension.name] = dict(await connection.fetch(_select_ids(dimension)))
    return ids


async def _make_incoming(
    connection: "asyncpg.Connection[Any]", ids: Mapping[str, Mapping[int, int]], *, keys_differ: bool
) -> bool:
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
    """Count what becomes of the facts into the report, and return the days that change."""
    counts = await connection.fetchrow(_COUNT)
    assert counts is not None  # noqa: S101 - an aggregate without GROUP BY has one row
    report.inserted, report.changed = counts["inserted"], counts["changed"]
    report.unchanged = report.unchanged - report.inserted - report.changed
    for measure in MEASURES:
        for moment, sums in (("before", report.before), ("after", report.after)):
            total = counts[f"{moment}_{measure.name}"]
            sums[measure.name] = total if measure.decimals else int(total)
    return set(counts["days"])


async def _spans(connection: "asyncpg.Connection[Any]", days: Iterable[int]) -> list[Span]:
    """Return first day, last day and days of what one statement merges: on Citus those of each month, else all.

    There, an intermediate result may not be larger than `citus.max_intermediate_result_size`, 1 GB by default.
    """
    ordered = sorted(days)
    if not await citus.installed(connection):
        return [(ordered[0], ordered[-1], ordered)]
    months = [list(month) for _, month in groupby(ordered, key=lambda day: day // 100)]
    return [(month[0], month[-1], month) for month in months]


def _natural_order(ids: Mapping[str, Mapping[int, int]]) -> str:
    """Return the ORDER BY of the natural key: one number made of all ids, where they have 62 bits together.

    That takes a fifth of the time of sorting by the columns themselves.
    """
    widths = [max(of_numbers.values(), default=0).bit_length() for of_numbers in ids.values()]
    if sum(widths) > _BITS:
        return _KEY
    packed = NATURAL_KEY[0] + "::bigint"
    for key, width in zip(NATURAL_KEY[1:], widths[1:], strict=True):
        packed = f"({packed} << {width} | {key})"
    return packed


def _array(ids: Mapping[int, int]) -> str:
    """Return an array literal that has, at the index of each staged number, the database's id."""
    return "{" + ",".join(str(ids.get(number, "NULL")) for number in range(max(ids, default=-1) + 1)) + "}"


def _insert_labels(dimension: Dimension, *, only_staged: bool) -> str:
    table, label = dimension.table, dimension.label
    # A label that only rejected rows have is not inserted.
    staged = f"AND number IN (SELECT {dimension.name} FROM staging)" if only_staged else ""  # noqa: S608
    # The first spelling in the load stays; ids follow the order of first appearance.
    return f"""\
INSERT INTO {table} ({label})
SELECT spelling FROM (
    SELECT DISTINCT ON (lower(staged.label COLLATE "default")) staged.label AS spelling, number
    FROM staged_label AS staged LEFT JOIN {table} AS known
        ON lower(known.{label} COLLATE "default") = lower(staged.label COLLATE "default")
    WHERE dimension = '{dimension.name}' AND known.{dimension.key} IS NULL {staged}
    ORDER BY lower(staged.label COLLATE "default"), number
) AS new
ORDER BY number"""  # noqa: S608


def _select_ids(dimension: Dimension) -> str:
    return f"""\
SELECT number, {dimension.key} FROM staged_label
JOIN {dimension.table} AS known
    ON lower(known.{dimension.label} COLLATE "default") = lower(staged_label.label COLLATE "default")
WHERE dimension = '{dimension.name}'"""  # noqa: S608


def _type(measure: Measure) -> str:
    return f"numeric(18, {measure.decimals})" if measure.decimals else "bigint"


def _listed(template: str, names: Iterable[str] = MEASURE_NAMES, separator: str = ", ") -> str:
    """Return the template for each name, as a list of SQL."""
    return separator.join(template.format(name) for name in names)


_BITS = 62
_KEY = ", ".join(NATURAL_KEY)
_NAMES = ", ".join(MEASURE_NAMES)
_SAME_KEY = _listed("facts.{0} = incoming.{0}", NATURAL_KEY, " AND ")

_INSERT_DATES = "INSERT INTO dim_date (date_id, date_value) SELECT date_id, day FROM staged_day ON CONFLICT DO NOTHING"

# A number of the staging is an index in an array: joins of eight tables took three times as long.
_INCOMING = """\
CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS
SELECT {ids}, {{rows}}::bigint AS rows, {measures}
FROM staging {{grouped}}""".format(
    ids=", ".join(
        f"('{{{column}}}'::integer[])[{column} + 1] AS {key}"
        for column, key in zip(("day", *LABELLED_NAMES), NATURAL_KEY, strict=True)
    ),
    measures=", ".join(f"{{sum}}({measure.name})::{_type(measure)} AS {measure.name}" for measure in MEASURES),
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

# Only facts that are new or differ are written: of a file that is loaded twice, none.
_CREATE_CHANGES = (
    "CREATE TEMPORARY TABLE changes (LIKE incoming, known boolean, "
    + ", ".join(f"old_{measure.name} {_type(measure)}" for measure in MEASURES)
    + ") ON COMMIT DROP"
)
_CHANGES = f"""\
INSERT INTO changes
SELECT incoming.*, facts.id IS NOT NULL AS known, {_listed("facts.{0} AS old_{0}")}
FROM incoming LEFT JOIN {FACT_TABLE} AS facts
    ON {_SAME_KEY} AND facts.date_id >= $1 AND facts.date_id <= $2 AND facts.date_id = ANY($3)
WHERE incoming.date_id >= $1 AND incoming.date_id <= $2
    AND (facts.id IS NULL OR ({_listed("facts.{}")}) IS DISTINCT FROM ({_listed("incoming.{}")}))"""  # noqa: S608
_COUNT = f"""\
SELECT count(*) FILTER (WHERE NOT known) AS inserted,
       count(*) FILTER (WHERE known) AS changed,
       coalesce(array_agg(DISTINCT date_id), '{{}}') AS days,
       {_listed("coalesce(sum(old_{0}) FILTER (WHERE known), 0) AS before_{0}")},
       {_listed("coalesce(sum({0}) FILTER (WHERE known), 0) AS after_{0}")}
FROM changes"""  # noqa: S608
_UPSERT = f"""\
INSERT INTO {FACT_TABLE} AS facts ({_KEY}, {_NAMES})
SELECT {_KEY}, {_NAMES} FROM changes
WHERE date_id >= $1 AND date_id <= $2 AND NOT date_id / 100 = ANY($3::integer[]) ORDER BY {_KEY}
ON CONFLICT ({_KEY}) DO UPDATE SET {_listed("{0} = EXCLUDED.{0}")}
WHERE ({_listed("facts.{}")}) IS DISTINCT FROM ({_listed("EXCLUDED.{}")})"""  # noqa: S608
_OF_A_PARTITION = f"""\
SELECT {_KEY}, {_NAMES} FROM {{changes}} WHERE date_id >= {{lower}} AND date_id < {{upper}} ORDER BY {{order}}"""  # noqa: S608
