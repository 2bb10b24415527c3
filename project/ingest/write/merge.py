"""Merge: staged records into dimensions, facts and rollups, inside the caller's transaction.

The statements are made of the catalogue's names only. They follow the rules that plain PostgreSQL and Citus share:
the conflict target is the natural key, SET takes only from EXCLUDED, and `date_id` is never updated.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

import asyncpg
import pyarrow as pa

from project.catalog import FACT_TABLE, MEASURE_NAMES, MEASURES, NATURAL_KEY
from project.errors import LoadRefused
from project.ingest.report import Report
from project.ingest.write.in_memory import (
    KEY_BITS,
    absent,
    between,
    by_ids,
    changes,
    facts_beside,
    keys_differ,
    known_facts,
    lines_of,
    of_days,
)
from project.ingest.write.incoming import copy_incoming, copy_records, count_duplicates, make_incoming, type_of
from project.ingest.write.labels import Ids, insert_labels
from project.ingest.write.preview import preview, preview_records
from project.ingest.write.removal import Span, delete_absent
from project.ingest.write.rollup_sums import rollup_rows
from project.ingest.write.staging import Staged
from project.store.postgres import citus
from project.store.postgres.connections import Notify
from project.store.warehouse import partitions, rollups


@dataclass(frozen=True, slots=True)
class Compared:
    """What a load in memory changes, as the table `changes` has it, and the facts with which it was compared."""

    changes: pa.Table
    known: pa.Table


@dataclass(frozen=True, slots=True)
class Merged:
    """What a load touched: the days (YYYYMMDD) whose facts changed, and the platforms of its rows."""

    changed_days: set[int]
    platform_ids: list[int]


async def merge(
    connection: "asyncpg.Connection[Any]",
    report: Report,
    staged: Staged,
    *,
    rows_differ: Callable[[], bool] = lambda: False,
    replace: bool = False,
    refuse_duplicates: bool = False,
    partition_months: int = 1,
    notify: Notify = print,
) -> Merged:
    """Insert new labels, upsert the facts that differ, refresh the rollups of their days, and count into the report.

    Rows with the same natural key are summed, or refused; `rows_differ` tells whether there are none. With `replace`,
    facts that the load lacks, of its dates and platforms, are removed. Raises LoadRefused, also where a sum is larger
    than its column.
    """
    # New tables have no statistics, and gathering them takes longer than they save: join by hashes.
    await connection.execute(
        "SET LOCAL work_mem = '128MB'; SET LOCAL jit = off;"
        " SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off"
    )
    only_staged = staged.table is None and bool(report.rejected or report.left_out)
    ids = await insert_labels(connection, only_staged=only_staged)
    records = await _records(connection, report, staged, ids)
    if records is None:
        await staged.copy(connection)
        in_file_order = await make_incoming(connection, ids, keys_differ=rows_differ())
        await count_duplicates(connection, report, refuse=refuse_duplicates)
        await preview(connection, report, in_order=in_file_order)
    for line in report.preview_text():
        notify(line)
    days = set(ids["day"].values())
    months = {(day // 10000, day // 100 % 100) for day in days}
    new_partitions = await partitions.new_partitions(connection, months, partition_months)
    new_months = months.intersection(month for partition in new_partitions for month in partition.months)
    spans = await _spans(connection, days)
    all_new = new_months == months
    compared = None
    if all_new:
        # The database has none of these months.
        changed_days = days
        report.inserted, report.unchanged = report.unchanged, 0
    else:
        compared = None if records is None else await _compare(connection, records)
        changed_days = await _find_changes(connection, report, spans, compared)
        if replace:
            removals = absent(records, compared.known) if records is not None and compared else None
            changed_days |= await delete_absent(connection, report, spans, removals)
    merged = Merged(changed_days, sorted(ids["platform"].values()))
    if report.dry_run or not changed_days:
        # A dry run has no partitions to insert into: they are made ahead, and stay.
        return merged
    facts = records if all_new else await _facts_after(connection, records, compared, changed_days, replace=replace)
    compared = None  # Its facts are of no more use.
    # A thread sums while the server writes.
    summing = None if facts is None else asyncio.create_task(asyncio.to_thread(rollup_rows, facts))
    select = partial(_OF_A_PARTITION.format, table="incoming" if all_new else "changes", order=_natural_order(ids))
    try:
        for partition in new_partitions:
            bounds = {"lower": partition.lower, "upper": partition.upper}
            rows = select(**bounds) if records is None or not all_new else lines_of(between(records, **bounds))
            await partitions.fill(connection, partition, (*NATURAL_KEY, *MEASURE_NAMES), rows, partition_months)
        for first, last, _ in () if all_new or not (report.inserted or report.changed) else spans:
            await connection.execute(_UPSERT, first, last, [year * 100 + month for year, month in new_months])
        sums = await summing if summing else None
    finally:
        if summing:
            summing.cancel()
    try:
        await rollups.refresh(connection, changed_days, None if sums is None else lines_of(sums))
    except asyncpg.NumericValueOutOfRangeError as error:
        raise LoadRefused(f"The facts of a day add up to more than a measure can hold: {error}.") from error
    return merged


async def _records(connection: "asyncpg.Connection[Any]", report: Report, staged: Staged, ids: Ids) -> pa.Table | None:
    """Return the records in memory, counted and previewed.

    None where they are not in memory, or where two have one key: the database sums them.
    """
    if staged.table is None:
        return None
    records = by_ids(staged.table, ids)
    if not keys_differ(records):
        return None
    report.unchanged = records.num_rows
    await preview_records(connection, report, records)
    return records


async def _compare(connection: "asyncpg.Connection[Any]", records: pa.Table) -> Compared | None:
    """Compare records with the facts; None where those are too many for memory, and the table `incoming` is made."""
    known = await known_facts(connection, records)
    changed = None if known is None else changes(records, known)
    if known is None or changed is None:
        await copy_incoming(connection, records)
        return None
    return Compared(changed, known)


async def _facts_after(
    connection: "asyncpg.Connection[Any]",
    records: pa.Table | None,
    compared: Compared | None,
    days: set[int],
    *,
    replace: bool,
) -> pa.Table | None:
    """Return the facts that these days will have; None where they are not in memory, or too many."""
    if records is None or compared is None:
        return None
    beside = await facts_beside(connection, records, days)
    if beside is None:
        return None
    after = [records, beside] if replace else [records, beside, absent(records, compared.known)]
    return of_days(pa.concat_tables([facts.select(records.column_names) for facts in after]), days)


async def _find_changes(
    connection: "asyncpg.Connection[Any]",
    report: Report,
    spans: Iterable[Span],
    compared: Compared | None,
) -> set[int]:
    """Make the table `changes`, count what becomes of the facts into the report, and return the days that change."""
    if compared and not compared.changes.num_rows:
        return set()
    await connection.execute(_CREATE_CHANGES)
    if compared:
        await copy_records(connection, "changes", compared.changes)
    for span in () if compared else spans:
        await connection.execute(_CHANGES, *span)
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


def _natural_order(ids: Ids) -> str:
    """Return the ORDER BY of the natural key: one number made of all ids, where they have KEY_BITS together.

    That takes a fifth of the time of sorting by the columns themselves.
    """
    widths = [max(of_numbers.values(), default=0).bit_length() for of_numbers in ids.values()]
    if sum(widths) > KEY_BITS:
        return _KEY
    packed = NATURAL_KEY[0] + "::bigint"
    for key, width in zip(NATURAL_KEY[1:], widths[1:], strict=True):
        packed = f"({packed} << {width} | {key})"
    return packed


def _listed(template: str, names: Iterable[str] = MEASURE_NAMES, separator: str = ", ") -> str:
    """Return the template for each name, as a list of SQL."""
    return separator.join(template.format(name) for name in names)


_KEY = ", ".join(NATURAL_KEY)
_NAMES = ", ".join(MEASURE_NAMES)
_SAME_KEY = _listed("facts.{0} = incoming.{0}", NATURAL_KEY, " AND ")

# Only facts that are new or differ are written: of a file that is loaded twice, none.
_CREATE_CHANGES = (
    f"CREATE TEMPORARY TABLE changes ({_listed('{0} integer', NATURAL_KEY)}, "
    + ", ".join(f"{measure.name} {type_of(measure)}" for measure in MEASURES)
    + ", known boolean, "
    + ", ".join(f"old_{measure.name} {type_of(measure)}" for measure in MEASURES)
    + ") ON COMMIT DROP"
)
_CHANGES = f"""\
INSERT INTO changes
SELECT {_listed("incoming.{}", (*NATURAL_KEY, *MEASURE_NAMES))}, facts.id IS NOT NULL, {_listed("facts.{0} AS old_{0}")}
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
SELECT {_KEY}, {_NAMES} FROM {{table}} WHERE date_id >= {{lower}} AND date_id < {{upper}} ORDER BY {{order}}"""  # noqa: S608
