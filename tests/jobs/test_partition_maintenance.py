"""The daily jobs that create and drop partitions."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
import time_machine
from loguru import logger

from project.jobs import partition_maintenance
from project.settings import Settings
from project.store.warehouse.consistency import check
from tests.conftest import Client
from tests.support.records import facts, loaded, record, write


@pytest.fixture
def log() -> list[str]:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}")
    yield lines
    logger.remove(sink)


async def test_partitions_are_created_three_months_ahead(
    database: str, connection: asyncpg.Connection, log: list[str]
) -> None:
    settings = Settings(database_url=database)
    with time_machine.travel("2024-11-05T03:10:00Z", tick=False):
        for created in ("fact_ad_metrics_daily_2024_11, fact_ad_metrics_daily_2024_12, fact_ad_metrics_daily_2025_01, fact_ad_metrics_daily_2025_02, rollup", "none."):  # fmt: skip
            await partition_maintenance.create_partitions(settings)
            assert log[-1].startswith(f"INFO Partitions exist 3 months ahead; created: {created}")
    assert await connection.fetchval("SELECT count(*) FROM pg_inherits") > 8


async def test_old_months_are_dropped(
    database: str, connection: asyncpg.Connection, serving: Client, tmp_path: Path
) -> None:
    rows = [record(date=day) for day in ("2023-12-31", "2024-01-31", "2024-02-01", "2024-03-01")]
    await loaded(database, write(tmp_path / "a.csv", rows))
    with time_machine.travel("2024-03-15T03:10:00Z", tick=False):
        await partition_maintenance.drop_old_facts(Settings(database_url=database))
        assert len(await facts(connection)) == 4
        async with serving(database) as client:
            before = await client.get("/v1/reports?metrics=clicks")
            await partition_maintenance.drop_old_facts(Settings(database_url=database, retention_months=1))
            after = await client.get("/v1/reports?metrics=clicks", headers={"If-None-Match": before.headers["etag"]})
            assert (before.json()["data"], after.json()["data"]) == ([{"clicks": 124}], [{"clicks": 62}])
            assert after.json()["meta"]["date_from"] == "2024-02-01"
    assert sorted(str(key[0]) for key in await facts(connection)) == ["2024-02-01", "2024-03-01"]
    assert (await check(connection, [20240201, 20240301])).by_check["rollups"] == []


async def test_a_clock_that_is_ahead_drops_nothing(
    database: str, connection: asyncpg.Connection, tmp_path: Path, log: list[str]
) -> None:
    await loaded(database, write(tmp_path / "a.csv", [record()]))
    with time_machine.travel(datetime.now(UTC) + timedelta(days=730), tick=False):
        await partition_maintenance.drop_old_facts(Settings(database_url=database, retention_months=1))
    assert log[-1] == "ERROR Old facts are not dropped: the clock of this host is ahead of the database's.\n"
    assert len(await facts(connection)) == 1


async def test_the_log_names_the_dropped_partitions(database: str, tmp_path: Path, log: list[str]) -> None:
    await loaded(database, write(tmp_path / "a.csv", [record(), record(date="2024-01-31")]))
    with time_machine.travel("2024-03-15T03:10:00Z", tick=False):
        for dropped in ("fact_ad_metrics_daily_2024_01, rollup_ad_metrics_daily_2024_01", "none"):
            await partition_maintenance.drop_old_facts(Settings(database_url=database, retention_months=1))
            assert log[-1] == f"INFO Facts before 2024-02-01 are dropped; partitions: {dropped}.\n"


async def test_a_job_gives_up_rather_than_block_readers(
    database: str, connection: asyncpg.Connection, tmp_path: Path, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await loaded(database, write(tmp_path / "a.csv", [record()]))
    monkeypatch.setattr(partition_maintenance, "_LOCK_TIMEOUT_SECONDS", 1)
    async with connection.transaction():
        await connection.fetch("SELECT * FROM fact_ad_metrics_daily")
        await partition_maintenance.drop_old_facts(Settings(database_url=database, retention_months=1))
        assert log[-1].startswith("WARNING Old facts could not be dropped: queries read them for 1 s")
    assert len(await facts(connection)) == 1


async def test_an_unavailable_database_is_logged(log: list[str]) -> None:
    settings = Settings(database_url="postgresql://postgres@/x?host=/nowhere", retention_months=1)
    await partition_maintenance.create_partitions(settings)
    assert log[-1].startswith("ERROR Partitions could not be created")
    await partition_maintenance.drop_old_facts(settings)
    assert log[-1].startswith("ERROR Old facts could not be dropped")
