"""Records in memory: by the database's ids, in the order of their keys, and compared with the facts that it has.

What the database has already needs no staging, no join and no write. Each of its facts is compared, measure by measure,
under the lock of the load, so that nothing but an equal fact is left out: not a day by a hash, which may be wrong.
"""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

import asyncpg
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from project.catalog import DATE, FACT_TABLE, KEYS, LABELLED_NAMES, MEASURE_NAMES, MEASURES, NATURAL_KEY
from project.ingest.convert.converter import MEASURE_TYPES
from project.ingest.write.labels import Ids, by_number

MOST_RECORDS = 500_000
"""How many records memory holds, of 84 bytes each; a load that has more is staged."""

MOST_FACTS = 50_000
"""How many of the database's facts are compared in memory; twice as many as there are records, if that is more."""

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


def file_between(records: pa.Table, lower: int, upper: int) -> BytesIO:
    """Return the records from the day `lower` to before `upper` (YYYYMMDD) as COPY reads them, in the order of keys."""
    days = records[NATURAL_KEY[0]]
    return BytesIO(to_lines(in_order(records.filter(pc.and_(pc.greater_equal(days, lower), pc.less(days, upper))))))


def by_ids(staged: pa.Table, ids: Ids) -> pa.Table:
    """Return staged records with the database's ids instead of their numbers."""
    columns = {}
    for name, key in zip(("day", *LABELLED_NAMES), NATURAL_KEY, strict=True):
        columns[key] = pa.array(by_number(ids[name]), pa.int32()).take(staged[name].combine_chunks())
    return pa.table(columns | {name: staged[name] for name in MEASURE_NAMES})


def keys_differ(records: pa.Table) -> bool:
    """Tell whether no two records have one key; also False where keys are too large to be compared."""
    keys = _keys(records)
    return keys is not None and pc.count_distinct(keys[0]).as_py() == records.num_rows


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
    connection: "asyncpg.Connection[Any]", records: pa.Table, days: Iterable[int], of_platforms: str
) -> pa.Table | None:
    days, platforms = sorted(days), pc.unique(records[KEYS["platform"]]).to_pylist()
    most = max(MOST_FACTS, 2 * records.num_rows)
    select = (
        f"SELECT {', '.join(_FACTS)} FROM {FACT_TABLE} WHERE date_id >= {days[0]} AND date_id <= {days[-1]}"  # noqa: S608
        f" AND date_id IN ({', '.join(map(str, days))})"
        f" AND platform_id {of_platforms} ({', '.join(map(str, sorted(platforms)))}) LIMIT {most + 1}"
    )
    lines = BytesIO()

    async def keep(block: bytes) -> None:
        lines.write(block)

    await connection.copy_from_query(select, output=keep, format="csv")
    if not lines.tell():
        return pa.schema(_FACTS).empty_table()
    known = arrow_csv.read_csv(
        pa.BufferReader(lines.getvalue()),
        read_options=arrow_csv.ReadOptions(column_names=list(_FACTS)),
        convert_options=arrow_csv.ConvertOptions(column_types=_FACTS),
    )
    return known if known.num_rows <= most else None


def changes(records: pa.Table, known: pa.Table) -> pa.Table | None:
    """Return the records that are no known fact with the same measures, and of each whether its key is known.

    `old_` measures are those of the known fact, null where there is none. None where keys cannot be compared.
    """
    keys = _keys(records, known)
    if keys is None:
        return None
    matches = pc.index_in(keys[0], value_set=keys[1])
    old = {name: known[name].take(matches) for name in MEASURE_NAMES}
    equal = pc.is_valid(matches)
    for name in MEASURE_NAMES:
        equal = pc.and_(equal, pc.fill_null(pc.equal(records[name], old[name]), False))
    columns = {name: records[name] for name in records.column_names}
    columns |= {"known": pc.is_valid(matches)} | {f"old_{name}": old[name] for name in MEASURE_NAMES}
    return pa.table(columns).filter(pc.invert(equal))


def absent(records: pa.Table, known: pa.Table) -> pa.Table:
    """Return the known facts whose keys no record has. `changes` has compared them before."""
    keys = _keys(records, known) or ()
    return known.filter(pc.invert(pc.is_in(keys[1], value_set=keys[0])))


def of_days(facts: pa.Table, days: Iterable[int]) -> pa.Table:
    """Return the facts of these days."""
    return facts.filter(pc.is_in(facts[DATE.key], value_set=pa.array(days, pa.int32())))


def sums_by_platform(records: pa.Table) -> pa.Table:
    """Return the sum of each measure by platform."""
    # Sums of int64 would wrap around.
    wide = pa.table(
        {KEYS["platform"]: records[KEYS["platform"]]}
        | {m.name: records[m.name].cast(pa.decimal128(38, m.decimals)) for m in MEASURES}
    )
    sums = wide.group_by(KEYS["platform"]).aggregate([(name, "sum") for name in MEASURE_NAMES])
    return sums.rename_columns({f"{name}_sum": name for name in MEASURE_NAMES})


def _keys(*tables: pa.Table) -> Sequence[pa.Array] | None:
    """Return a number for the key of each row, in the order of keys; None where the ids have too many bits."""
    columns = [[table[key].combine_chunks().cast(pa.int64()) for table in tables] for key in NATURAL_KEY]
    first_day = min((pc.min(days).as_py() for days in columns[0] if len(days)), default=0)
    columns[0] = [pc.subtract(days, first_day) for days in columns[0]]
    widths = [max((pc.max(ids).as_py() for ids in of_key if len(ids)), default=0).bit_length() for of_key in columns]
    if sum(widths) > KEY_BITS:
        return None
    keys = columns[0]
    for of_key, width in zip(columns[1:], widths[1:], strict=True):
        keys = [pc.bit_wise_or(pc.shift_left(key, width), ids) for key, ids in zip(keys, of_key, strict=True)]
    return keys
