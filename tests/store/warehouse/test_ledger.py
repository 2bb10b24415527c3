"""The ledger, against a plain-Python model that keeps the facts of every data version."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from runpy import run_path
from typing import Any

import asyncpg
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from project.catalog import date_id, date_of
from project.ingest.sample import load_sample
from project.jobs.partition_maintenance import drop_old_facts
from project.settings import Settings
from project.store.warehouse import ledger, rollups
from project.store.warehouse.consistency import check, days_between
from project.store.warehouse.rebuild import rebuild
from tests.conftest import ROOT
from tests.support.records import Record, loaded, record, write

SUMS = ("facts", "impressions", "clicks", "cost", "conversions", "likes")
Known = dict[tuple[date, str], tuple[Any, ...]]
"""What is known of each day and platform: how many facts, and their sums."""

_ROWS = st.lists(
    st.builds(
        record,
        date=st.sampled_from(["2024-02-28", "2024-02-29", "2024-03-01", "2024-05-01"]),
        platform=st.sampled_from(["tiktok", "facebook"]),
        region=st.sampled_from(["Texas", "California"]),
        cost=st.sampled_from(["0", "0.000001", "18.4"]),
        clicks=st.integers(0, 3),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda row: (row["date"], row["platform"], row["region"]),
)
LOADS = st.lists(st.tuples(_ROWS, st.booleans()), min_size=1, max_size=5)


class Model:
    """The facts, as loads change them."""

    def __init__(self) -> None:
        self.facts: dict[tuple[str, str, str], Record] = {}

    def load(self, rows: list[Record], replace: bool) -> None:
        if replace:
            days, platforms = {row["date"] for row in rows}, {row["platform"] for row in rows}
            for key in [key for key in self.facts if key[0] in days and key[1] in platforms]:
                del self.facts[key]
        self.facts |= {(row["date"], row["platform"], row["region"]): row for row in rows}

    def known(self) -> Known:
        sums: dict[Any, list[Any]] = defaultdict(lambda: [0] * len(SUMS))
        for (day, platform, _), row in self.facts.items():
            values = (1, row["impressions"], row["clicks"], Decimal(row["cost"]), row["conversions"], row["likes"])
            total = sums[date.fromisoformat(day), platform]
            total[:] = [a + b for a, b in zip(total, values, strict=True)]
        return {key: tuple(total) for key, total in sums.items()}


async def known_at(connection: asyncpg.Connection, version: int) -> Known:
    """Sum the entries of the ledger up to a version, in plain Python."""
    sums: dict[Any, list[Any]] = defaultdict(lambda: [0] * len(SUMS))
    for row in await connection.fetch(
        f"SELECT to_date(date_id::text, 'YYYYMMDD') AS day, platform_name, {', '.join(SUMS)} FROM fact_ledger"
        " JOIN dim_platform USING (platform_id) WHERE data_version <= $1",
        version,
    ):
        total = sums[row["day"], row["platform_name"]]
        total[:] = [a + b for a, b in zip(total, tuple(row)[2:], strict=True)]
    return {key: tuple(total) for key, total in sums.items() if any(total)}


async def version(connection: asyncpg.Connection) -> int:
    number: int = await connection.fetchval("SELECT version FROM data_version")
    return number


async def is_consistent(connection: asyncpg.Connection) -> bool:
    findings = await check(connection, await days_between(connection, date.min, date.max))
    return not findings.by_check["ledger"]


@pytest.mark.slow
@settings(max_examples=25)
@given(loads=LOADS)
async def test_the_ledger_has_what_was_known_at_each_version(
    new_database: Callable[[], Awaitable[str]],
    tmp_path_factory: pytest.TempPathFactory,
    loads: list[tuple[list[Record], bool]],
) -> None:
    url, file = await new_database(), tmp_path_factory.mktemp("ledger") / "a.csv"
    model, history = Model(), {}
    connection = await asyncpg.connect(url)
    try:
        for rows, replace in loads:
            await loaded(url, write(file, rows), replace=replace)
            model.load(rows, replace)
            history[await version(connection)] = model.known()
            loaded_days = sorted(date_id(date.fromisoformat(day)) for day, _, _ in model.facts)
            assert await ledger.read_extent(connection) == (loaded_days[0], loaded_days[-1])
        for number, known in history.items():
            assert await known_at(connection, number) == known
        assert await is_consistent(connection)
    finally:
        await connection.close()


async def test_a_load_appends_only_what_changed(database: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    rows = [record(), record(platform="tiktok"), record(date="2024-03-02")]
    await loaded(database, write(tmp_path / "a.csv", rows))
    await loaded(database, write(tmp_path / "a.csv", rows))
    await loaded(database, write(tmp_path / "a.csv", [*rows[:2], record(date="2024-03-02", clicks=30, cost="20.4")]))
    changes = await connection.fetch(
        "SELECT data_version, cause, first_date_id, last_date_id FROM data_change ORDER BY 1"
    )
    assert [tuple(row) for row in changes] == [(1, "load", 20240301, 20240302), (2, "load", 20240301, 20240302)]
    entries = await connection.fetch(f"SELECT date_id, {', '.join(SUMS)} FROM fact_ledger WHERE data_version = 2")
    assert [tuple(row) for row in entries] == [(20240302, 0, 0, -1, Decimal(2), 0, 0)]


async def test_the_first_and_last_date_are_those_that_have_facts(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    days = [20240229, 20240301, 20240303, 20240502]
    await loaded(database, write(tmp_path / "a.csv", [record(date=str(date_of(day))) for day in days]))
    assert await ledger.read_extent(connection) == (days[0], days[-1])
    for gone, expected in ((20240301, (20240229, 20240502)), (20240229, (20240303, 20240502)),
                           (20240502, (20240303, 20240303)), (20240303, (None, None))):  # fmt: skip
        await connection.execute("DELETE FROM fact_ad_metrics_daily WHERE date_id = $1", gone)
        async with connection.transaction():
            await rollups.refresh(connection, [gone])
            await ledger.record_change(connection, "load", [gone])
        assert await ledger.read_extent(connection) == expected
        assert await ledger.measured_extent(connection) == expected


async def test_the_removal_of_sample_data_is_in_the_ledger(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await load_sample(Settings(database_url=database), date(2024, 3, 5), days=3, notify=lambda _: None)
    sample = await known_at(connection, 1)
    assert {day for day, _ in sample} == {date(2024, 3, 3), date(2024, 3, 4), date(2024, 3, 5)}
    await loaded(database, write(tmp_path / "a.csv", [record(platform="bing")]))
    assert set(await known_at(connection, await version(connection))) == {(date(2024, 3, 1), "bing")}
    assert await known_at(connection, 1) == sample
    assert await is_consistent(connection)


async def test_retention_is_in_the_ledger(database: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await loaded(database, write(tmp_path / "a.csv", [record(date="2024-01-31"), record(date="2024-03-01")]))
    before = await known_at(connection, 1)
    with time_machine.travel(datetime(2024, 3, 20, tzinfo=UTC), tick=False):
        await drop_old_facts(Settings(database_url=database, retention_months=1))
    assert await connection.fetchval("SELECT cause FROM data_change WHERE data_version = 2") == "retention"
    assert {day for day, _ in await known_at(connection, 2)} == {date(2024, 3, 1)}
    assert await known_at(connection, 1) == before
    assert await is_consistent(connection)


async def test_a_check_finds_damage_and_a_rebuild_repairs_the_ledger(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await loaded(database, write(tmp_path / "a.csv", [record(), record(date="2024-03-02")]))
    await connection.execute("UPDATE fact_ledger SET likes = likes + 1 WHERE date_id = 20240302")
    findings = await check(connection, await days_between(connection, date.min, date.max))
    assert findings.by_check["ledger"] == ["2024-03-02, instagram: the ledger does not sum to the facts"]
    day = date(2024, 3, 2)
    await rebuild(Settings(database_url=database), day, day, notify=lambda _: None)
    assert await is_consistent(connection)


async def test_a_migration_begins_the_ledger_and_keeps_it(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    migration = run_path(str(next((ROOT / "migrations" / "models").glob("6_*_fact_ledger.py"))))
    await loaded(database, write(tmp_path / "a.csv", [record(), record(platform="tiktok", cost="0.000001")]))
    whole = await known_at(connection, 1)
    for grouping_sets in ("grouping_sets", "'{}'"):
        # From rollups, and from facts.
        await connection.execute("DROP TABLE fact_ledger, data_change; ALTER TABLE ingest_log DROP COLUMN platform_ids")
        stored = await connection.fetchval("SELECT grouping_sets FROM data_version")
        await connection.execute(f"UPDATE data_version SET grouping_sets = {grouping_sets}")
        await connection.execute(await migration["upgrade"](None))
        await connection.execute("UPDATE data_version SET grouping_sets = $1", stored)
        assert await known_at(connection, 1) == whole
        changes = await connection.fetch("SELECT data_version, cause, last_date_id FROM data_change")
        assert [tuple(row) for row in changes] == [(1, "upgrade", 20240301)]
    # An older release loads, and knows no ledger.
    history = await connection.fetch("SELECT * FROM fact_ledger")
    await loaded(database, write(tmp_path / "b.csv", [record(clicks=30)]))
    await connection.execute(await migration["downgrade"](None))
    await connection.execute("DELETE FROM fact_ledger WHERE data_version = 2")
    await connection.execute("DELETE FROM data_change WHERE data_version = 2")
    await connection.execute(await migration["upgrade"](None))
    assert await connection.fetch("SELECT * FROM fact_ledger WHERE data_version = 1") == history
    assert await known_at(connection, 1) == whole
    assert (await known_at(connection, 2))[date(2024, 3, 1), "instagram"][2] == 30
    assert await is_consistent(connection)
