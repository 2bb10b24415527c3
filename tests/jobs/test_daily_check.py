"""The daily check: its line, and what readiness says of it."""

from pathlib import Path

import asyncpg

from project.jobs.daily_check import daily_check
from project.jobs.heartbeat_log import append_line, last_beat, last_check, line_of
from tests.conftest import Client
from tests.ingest.test_load import ONE, loaded, write


async def test_its_line_and_readiness(
    serving: Client, database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await loaded(database, write(tmp_path / "a.csv", [ONE]))
    async with serving(database) as client:
        log = client.app.state.settings.heartbeat_log
        assert "daily_check" not in (await client.get("/health/ready")).json()["checks"]
        line = await daily_check()
        assert (line.job, line.kind) == ("check", "ok")
        assert line.facts.items() >= {"rollups": "ok", "labels": "ok", "partitions": "ok", "versions": "ok", "days": "1"}.items()  # fmt: skip
        append_line(log, line_of(line))
        checks = (await client.get("/health/ready")).json()["checks"]
        assert checks["daily_check"]["result"] == "ok"
        await connection.execute("UPDATE rollup_ad_metrics_daily SET likes = likes + 1 WHERE grouping_set = 63")
        line = await daily_check()
        assert (line.kind, line.facts["rollups"], line.facts["labels"]) == ("failed", "1_wrong", "ok")
        append_line(log, line_of(line))
        ready = await client.get("/health/ready")
        # Answers are doubtful, but there are answers: a load balancer keeps the process.
        assert (ready.status_code, ready.json()["checks"]["daily_check"]["result"]) == (200, "failed")
        assert last_check(log).facts["rollups"] == "1_wrong"
        assert last_beat(log).kind == "start"


async def test_it_looks_at_35_days_back_from_the_newest(
    serving: Client, database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    rows = [("2024-01-27", *ONE[1:]), ("2024-01-26", *ONE[1:]), ONE]
    await loaded(database, write(tmp_path / "a.csv", rows))
    await connection.execute("UPDATE rollup_ad_metrics_daily SET likes = likes + 1 WHERE date_id = 20240126")
    async with serving(database):
        line = await daily_check()
        assert (line.kind, line.facts["days"]) == ("ok", "2")


async def test_a_database_that_is_away_is_said(serving: Client) -> None:
    async with serving("postgresql://postgres@/x?host=/nowhere"):
        line = await daily_check()
        assert (line.kind, line.facts) == ("failed", {"error": "FileNotFoundError"})
