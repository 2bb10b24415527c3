"""What is merged and summed in memory, and what statements merge and sum, is the same."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.catalog import GROUPING_SETS, KEYS, NATURAL_KEY
from project.ingest.convert.converter import MEASURE_TYPES
from project.ingest.report import Report
from project.ingest.write.in_memory import changes, in_order, keys_differ, to_lines
from project.ingest.write.rollup_sums import rollup_rows
from project.store.warehouse.consistency import check, days_between
from tests.ingest.test_load import facts
from tests.support.model import TABLES
from tests.support.records import loaded, record, write

DAYS = ("2024-02-29", "2024-03-01", "2024-03-02")
BEFORE = [
    record(date=day, platform=platform, region=region, clicks=7)
    for day in DAYS[1:]
    for platform, regions in (("instagram", "abcdefgh"), ("tiktok", "ax"))
    for region in regions
]
AFTER = [
    record(date=DAYS[1], region="A", clicks=7),  # as it was, but for the spelling
    record(date=DAYS[1], region="b", clicks=8),
    record(date=DAYS[1], region="c", clicks=7, cost="18.400001"),
    record(date=DAYS[2], region="z", clicks=7),
    record(date=DAYS[0], region="a", clicks=7),  # of a month that the database has not
]


def told(report: Report) -> dict[str, Any]:
    """Return what a report says, but for times, and for the first records, which sums have in another order."""
    others = ("started_at", "finished_at", "first_records")
    return {name: value for name, value in asdict(report).items() if name not in others}


async def checked(connection: asyncpg.Connection) -> bool:
    """Tell whether all rollups are the sums of the facts, as PostgreSQL sums them."""
    return (await check(connection, await days_between(connection, date.min, date.max))).ok


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize(
    "limit", [{"staging.MOST_RECORDS": 0}, {"in_memory.MOST_FACTS": 0}], ids=["staged records", "too many facts"]
)
async def test_memory_and_statements_give_the_same(
    database: str, connection: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    limit: dict[str, int], replace: bool,
) -> None:  # fmt: skip
    await loaded(database, write(tmp_path / "before.csv", BEFORE))
    after = write(tmp_path / "after.csv", AFTER)
    in_memory = await loaded(database, after, replace=replace, dry_run=True)
    assert (in_memory.inserted, in_memory.changed, in_memory.unchanged) == (2, 2, 1)
    assert await checked(connection)
    assert in_memory.removed == (13 if replace else 0)
    with monkeypatch.context() as limited:
        for name, value in limit.items():
            limited.setattr(f"project.ingest.write.{name}", value)
        by_statements = await loaded(database, after, replace=replace, dry_run=True)
        assert told(by_statements) == told(in_memory)
        await loaded(database, after, replace=replace)
    of_statements = await facts(connection)
    assert await checked(connection)
    assert (await loaded(database, after, replace=replace)).unchanged == 5
    assert await facts(connection) == of_statements


@pytest.mark.parametrize("replace", [False, True])
async def test_rollups_that_memory_sums_are_those_of_all_facts(
    database: str, connection: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replace: bool
) -> None:
    # Also of facts that the load has not: those of another platform, and with `replace` none of its own.
    monkeypatch.setattr("project.store.warehouse.rollups._INSERT", "PostgreSQL sums nothing")
    for name, rows in (("before.csv", BEFORE), ("after.csv", AFTER), ("last.csv", BEFORE[:1])):
        await loaded(database, write(tmp_path / name, rows), replace=replace)
        assert await checked(connection)
    tiktok = {key[0].isoformat() for key in await facts(connection) if "tiktok" in key}
    assert tiktok == {*DAYS[1:]}


TYPES = dict.fromkeys(NATURAL_KEY, pa.int32()) | MEASURE_TYPES
KEY = st.tuples(st.integers(20240101, 20240131), *[st.integers(1, 2)] * 6)
MEASURES = st.tuples(
    st.integers(2**63 - 2, 2**63 - 1), st.integers(0, 1), st.decimals(0, 1, places=6), st.just(0), st.just(0)
)


def table(rows: Iterable[tuple[Any, ...]]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(TYPES, row, strict=True)) for row in rows], pa.schema(TYPES))


@given(
    st.lists(st.tuples(KEY, MEASURES), min_size=1, max_size=12), st.dictionaries(KEY, MEASURES, max_size=3), st.data()
)
def test_changes_are_the_records_that_no_fact_equals(
    rows: list[Any], others: dict[Any, Any], data: st.DataObject
) -> None:
    known = others | dict(data.draw(st.lists(st.sampled_from(rows), max_size=6)))
    known |= {key: data.draw(MEASURES) for key, _ in data.draw(st.lists(st.sampled_from(rows), max_size=2))}
    changed = changes(table(key + measures for key, measures in rows), table(k + m for k, m in known.items()))
    assert changed is not None
    assert [(tuple(row.values())[:7], row["known"]) for row in changed.to_pylist()] == [
        (key, key in known) for key, measures in rows if known.get(key) != measures
    ]
    keys = [key for key, _ in rows]
    records = table(key + measures for key, measures in rows)
    assert keys_differ(records) == (len(set(keys)) == len(keys))
    assert [tuple(row.values())[:7] for row in in_order(records).to_pylist()] == sorted(keys)


@given(st.dictionaries(KEY, MEASURES.map(lambda row: (row[0] >> 8, *row[1:])), min_size=1, max_size=20))
def test_the_rollups_of_facts_are_their_sums(facts: dict[Any, Any]) -> None:
    sums: dict[Any, list[Any]] = defaultdict(lambda: [0] * 6)
    for key, measures in facts.items():
        for grouping_set in GROUPING_SETS:
            kept = {"date_id", *(KEYS[name] for name in grouping_set.dimensions)}
            group = [id_ if name in kept else 0 for name, id_ in zip(NATURAL_KEY, key, strict=True)]
            group_sums = sums[grouping_set.number, *group]
            for index, value in enumerate((*measures, 1)):
                group_sums[index] += value
    rows = rollup_rows(table(key + measures for key, measures in facts.items()))
    assert rows is not None
    assert [list(row.values()) for row in rows.to_pylist()] == [[*group, *sums[group]] for group in sorted(sums)]


def test_a_sum_that_may_not_fit_is_left_to_postgresql() -> None:
    keys = [(20240101, *[1] * 5, device) for device in (1, 2)]
    fits = [(2**62 - 1, 0, Decimal("499999999999.999999"), 0, 0)] * 2
    assert rollup_rows(table(key + measures for key, measures in zip(keys, fits, strict=True)))
    for measures in ((2**62, 0, Decimal(0), 0, 0), (0, 0, Decimal(500_000_000_000), 0, 0)):
        assert rollup_rows(table(key + measures for key in keys)) is None


def test_a_chunk_without_rows_is_no_line() -> None:
    rows = pa.table({name: pa.array([1, 2], pa.int32()) for name in TABLES})
    chunked = pa.concat_tables([rows.slice(0, 0), rows, rows.slice(0, 0)])
    assert to_lines(chunked) == b"\t".join([b"1"] * 6) + b"\n" + b"\t".join([b"2"] * 6) + b"\n"
