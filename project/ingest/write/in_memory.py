"""Records in memory: by the database's ids, in the order of their keys, and compared with the facts that it has.

What the database has already needs no staging, no join and no write. Each of its facts is compared, measure by measure,
under the lock of the load, so that nothing but an equal fact is left out: not a day by a hash, which may be wrong.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Literal

import asyncpg
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from project.catalog import DATE, FACT_TABLE, KEYS, LABELLED_NAMES, MEASURE_NAMES, MEASURES, NATURAL_KEY
from project.ingest.convert.converter import MEASURE_TYPES
from project.ingest.read.table import ROWS
from project.ingest.write.labels import Ids, by_number
from project.store.postgres.copied_rows import copied_rows
from project.store.postgres.statement_cache import Statement

MOST_RECORDS = 500_000
"""How many records memory holds, of 84 bytes each; a load that has more is staged."""

MOST_FACTS = 50_000
"""How many of the database's facts are compared in memory; twice as many as there are records, if that is more.

As many facts of other platforms on these days are summed there."""

BLOCK_BYTES = 1 << 20
"""How much text of facts is parsed at a time: Arrow takes half as long again for blocks of 128 kB."""

KEY_BITS = 62
"""How many bits the ids of a key may have together, to be compared and sorted as one number."""

_FACTS = {"id": pa.int64()} | dict.fromkeys(NATURAL_KEY, pa.int32()) | MEASURE_TYPES
_TEXT = arrow_csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")


def to_lines(table: pa.Table) -> bytes:
    """Return a table as lines that COPY takes."""
    lines = pa.BufferOutputStream()
    # Of a chunk without rows, Arrow writes whatever its buffer has.
    for batch in table.to_batches():
        if batch.num_rows:
            arrow_csv.write_csv(batch, lines, _TEXT)
    return bytes(lines.getvalue())


async def lines_of(table: pa.Table) -> AsyncIterator[bytes]:
    """Yield a table as lines that COPY takes, some thousands at a time: the server stores those before meanwhile."""
    for start in range(0, table.num_rows, ROWS):
        yield to_lines(table.slice(start, ROWS))


def between(records: pa.Table, lower: int, upper: int) -> pa.Table:
    """Return the records from the day `lower` to before `upper` (YYYYMMDD), in the order of their keys."""
    days = records[NATURAL_KEY[0]]
    return in_order(records.filter(pc.and_(pc.greater_equal(days, lower), pc.less(days, upper))))


def by_ids(staged: pa.Table, ids: Ids) -> pa.Table:
    """Return staged records with the database's ids instead of their numbers."""
    columns = {}
    for name, key in zip(("day", *LABELLED_NAMES), NATURAL_KEY, strict=True):
        columns[key] = pa.array(by_number(ids[name]), pa.int32()).take(staged[name].combine_chunks())
    return pa.table(columns | {name: staged[name] for name in MEASURE_NAMES})


def keys_differ(records: pa.Table) -> bool:
    """Tell whether no two records have one key; also False where keys are too large to be compared."""
    keys = _keys(records)
    if keys is None:
        return False
    # Counting the different keys takes longer, and 100 MB.
    ordered = keys[0].take(pc.sort_indices(keys[0]))
    return not pc.any(pc.equal(ordered[1:], ordered[:-1])).as_py()


def in_order(records: pa.Table) -> pa.Table:
    """Return the records in the order of their keys, which `keys_differ` has compared."""
    return records.take(pc.sort_indices((_keys(records) or ())[0]))


async def known_facts(connection: "asyncpg.Connection[Any]", records: pa.Table) -> pa.Table | None:
    """Return the facts of the records' days and platforms, with their ids; None where they are too many."""
    return await _facts(connection, records, pc.unique(records[DATE.key]).to_pylist(), "IN")


async def facts_beside(
    connection: "asyncpg.Connection[Any]", records: pa.Table, days: Iterable[int]
) -> pa.Table | None:
    """Return the facts of these days that are of other platforms than the records; None where they are too many."""
    return await _facts(connection, records, days, "NOT IN")


async def _facts(
    connection: "asyncpg.Connection[Any]", records: pa.Table, days: Iterable[int], membership: Literal["IN", "NOT IN"]
) -> pa.Table | None:
    days, platforms = sorted(days), pc.unique(records[KEYS["platform"]]).to_pylist()
    most = max(MOST_FACTS, 2 * records.num_rows)
    select = (
        f"SELECT {', '.join(_FACTS)} FROM {FACT_TABLE} WHERE date_id >= {days[0]} AND date_id <= {days[-1]}"  # noqa: S608
        f" AND date_id IN ({', '.join(map(str, days))})"
        f" AND platform_id {membership} ({', '.join(map(str, sorted(platforms)))}) LIMIT {most + 1}"
    )
    # Each block is parsed while the server makes the next one.
    blocks = [_parsed(block) async for block in copied_rows(connection, Statement(select, ()), BLOCK_BYTES)]
    known = pa.concat_tables([pa.schema(_FACTS).empty_table(), *blocks])
    return known if known.num_rows <= most else None


def changes(records: pa.Table, known: pa.Table) -> pa.Table | None:
    """Return the records that are no known fact with the same measures, and of each whether its key is known.

    `old_` measures are those of the known fact, null where there is none. None where keys cannot be compared.
    """
    keys = _keys(records, known)
    if keys is None:
        return None
    matches = pc.index_in(keys[0], value_set=keys[1])
    equal = pc.is_valid(matches)
    for name in MEASURE_NAMES:
        equal = pc.and_(equal, pc.fill_null(pc.equal(records[name], known[name].take(matches)), False))
    differs = pc.invert(equal)
    changed, matches = records.filter(differs), matches.filter(differs.combine_chunks())
    old = {f"old_{name}": known[name].take(matches) for name in MEASURE_NAMES}
    return pa.table({name: changed[name] for name in changed.column_names} | {"known": pc.is_valid(matches)} | old)


def absent(records: pa.Table, known: pa.Table) -> pa.Table:
    """Return the known facts whose keys no record has. `changes` has compared them before."""
    keys = _keys(records, known) or ()
    return known.filter(pc.invert(pc.is_in(keys[1], value_set=keys[0])))


def of_days(facts: pa.Table, days: Iterable[int]) -> pa.Table:
    """Return the facts of these days."""
    is_of_days = pc.is_in(facts[DATE.key], value_set=pa.array(days, pa.int32()))
    return facts if pc.all(is_of_days).as_py() else facts.filter(is_of_days)


def sums_by_platform(records: pa.Table) -> pa.Table:
    """Return the sum of each measure by platform."""
    # Sums of int64 would wrap around.
    wide = pa.table(
        {KEYS["platform"]: records[KEYS["platform"]]}
        | {m.name: records[m.name].cast(pa.decimal128(38, m.decimals)) for m in MEASURES}
    )
    sums = wide.group_by(KEYS["platform"]).aggregate([(name, "sum") for name in MEASURE_NAMES])
    return sums.rename_columns({f"{name}_sum": name for name in MEASURE_NAMES})


def _parsed(lines: bytes) -> pa.Table:
    return arrow_csv.read_csv(
        pa.BufferReader(lines),
        read_options=arrow_csv.ReadOptions(column_names=list(_FACTS), use_threads=False),
        convert_options=arrow_csv.ConvertOptions(column_types=_FACTS),
    )


def _keys(*tables: pa.Table) -> Sequence[pa.Array] | None:
    """Return a number for the key of each row, in the order of keys; None where the ids have too many bits."""
    extremes = [[pc.min_max(table[key]).as_py() for table in tables if table.num_rows] for key in NATURAL_KEY]
    first_day = min((one["min"] for one in extremes[0]), default=0)
    largest = [max((one["max"] for one in of_key), default=0) for of_key in extremes]
    widths = [number.bit_length() for number in (max(0, largest[0] - first_day), *largest[1:])]
    if sum(widths) > KEY_BITS:
        return None
    keys = [pc.subtract(_numbers(table, NATURAL_KEY[0]), first_day) for table in tables]
    for name, width in zip(NATURAL_KEY[1:], widths[1:], strict=True):
        shifted = [pc.shift_left(key, width) for key in keys]
        keys = [pc.bit_wise_or(key, _numbers(table, name)) for key, table in zip(shifted, tables, strict=True)]
    return keys


def _numbers(table: pa.Table, name: str) -> pa.Array:
    return table[name].combine_chunks().cast(pa.int64())
