"""The daily jobs that keep partitions."""

from pathlib import Path

import asyncpg
import pytest
import time_machine
from loguru import logger

from project.jobs import partition_maintenance
from project.settings import Settings
from project.store.warehouse.consistency import check
from tests.conftest import Client
from tests.ingest.test_load import ONE, facts, loaded, write


@pytest.fixture
def log() -> list[str]:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}")
    yield lines
    logger.remove(sink)


async def test_partitions_are_made_three_months_ahead(
    database: str, connection: asyncpg.Connection, log: list[str]
) -> None:
    settings = Settings(database_url=database)
    with time_machine.travel("2024-11-05T03:10:00Z", tick=False):
        for made in ("fact_ad_metrics_daily_2024_11, fact_ad_metrics_daily_2024_12, fact_ad_metrics_daily_2025_01, fact_ad_metrics_daily_2025_02, rollup", "none."):  # fmt: skip
            await partition_maintenance.make_partitions(settings)
            assert log[-1].startswith(f"INFO Partitions are there 3 months ahead; made: {made}")
    assert await connection.fetchval("SELECT count(*) FROM pg_inherits") > 8


async def test_old_months_are_dropped(
    database: str, connection: asyncpg.Connection, serving: Client, tmp_path: Path
) -> None:
    rows = [(day, *ONE[1:]) for day in ("2023-12-31", "2024-01-31", "2024-02-01", "2024-03-01")]
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
    assert (await check(connection, [20240201, 20240301])).rollups == ()


async def test_what_was_dropped_is_said(database: str, tmp_path: Path, log: list[str]) -> None:
    await loaded(database, write(tmp_path / "a.csv", [ONE, ("2024-01-31", *ONE[1:])]))
    with time_machine.travel("2024-03-15T03:10:00Z", tick=False):
        for dropped in ("fact_ad_metrics_daily_2024_01, rollup_ad_metrics_daily_2024_01", "none"):
            await partition_maintenance.drop_old_facts(Settings(database_url=database, retention_months=1))
            assert log[-1] == f"INFO Facts before 2024-02-01 are dropped; partitions: {dropped}.\n"


async def test_a_reader_is_not_kept_waiting(
    database: str, connection: asyncpg.Connection, tmp_path: Path, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await loaded(database, write(tmp_path / "a.csv", [ONE]))
    monkeypatch.setattr(partition_maintenance, "_SECONDS_TO_LOCK", 1)
    async with connection.transaction():
        await connection.fetch("SELECT * FROM fact_ad_metrics_daily")
        await partition_maintenance.drop_old_facts(Settings(database_url=database, retention_months=1))
        assert log[-1].startswith("WARNING Old facts could not be dropped: others were reading for 1 s")
    assert len(await facts(connection)) == 1


async def test_a_database_that_is_away_is_said(log: list[str]) -> None:
    settings = Settings(database_url="postgresql://postgres@/x?host=/nowhere", retention_months=1)
    await partition_maintenance.make_partitions(settings)
    assert log[-1].startswith("ERROR Partitions could not be made ahead")
    await partition_maintenance.drop_old_facts(settings)
    assert log[-1].startswith("ERROR Old facts could not be dropped")
