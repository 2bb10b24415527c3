"""The daily check: its line, and what readiness says of it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg

from project.jobs.consistency_check import daily_check
from project.jobs.heartbeat_log import keep_check, last_beat, last_check
from tests.conftest import Client
from tests.ingest.test_load import ONE, loaded, write


async def test_its_line_and_readiness(
    serving: Client, database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await loaded(database, write(tmp_path / "a.csv", [ONE]))
    async with serving(database) as client:
        log = client.app.state.ad_metrics.settings.heartbeat_log
        assert "daily_check" not in (await client.get("/health/ready")).json()["checks"]
        line = await daily_check(client.app.state.ad_metrics.settings)
        assert (line.job, line.kind) == ("check", "ok")
        assert line.facts.items() >= {"rollups": "ok", "labels": "ok", "partitions": "ok", "versions": "ok", "days": "1"}.items()  # fmt: skip
        keep_check(log, line)
        checks = (await client.get("/health/ready")).json()["checks"]
        assert checks["daily_check"]["result"] == "ok"
        await connection.execute("UPDATE rollup_ad_metrics_daily SET likes = likes + 1 WHERE grouping_set = 0")
        line = await daily_check(client.app.state.ad_metrics.settings)
        assert (line.kind, line.facts["rollups"], line.facts["labels"]) == ("failed", "1_wrong", "ok")
        keep_check(log, line)
        ready = await client.get("/health/ready")
        # Answers are doubtful, but there are answers: a load balancer keeps the process.
        assert (ready.status_code, ready.json()["checks"]["daily_check"]["result"]) == (200, "failed")
        assert last_check(log).facts["rollups"] == "1_wrong"
        assert last_beat(log).kind == "start"


async def test_it_looks_at_the_35_newest_days(
    serving: Client, database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    first = date(2024, 1, 1)
    days = [first + timedelta(days=count) for count in range(35)] + [date(2099, 12, 31)]
    await loaded(database, write(tmp_path / "a.csv", [(str(day), *ONE[1:]) for day in days]))
    async with serving(database) as client:
        await connection.execute("UPDATE rollup_ad_metrics_daily SET likes = likes + 1 WHERE date_id = 20240101")
        line = await daily_check(client.app.state.ad_metrics.settings)
        assert (line.kind, line.facts["days"]) == ("ok", "35")
        # A mistyped year is one day of them.
        await connection.execute("UPDATE rollup_ad_metrics_daily SET likes = likes + 1 WHERE date_id = 20240102")
        assert (await daily_check(client.app.state.ad_metrics.settings)).kind == "failed"


async def test_a_check_that_is_overdue_is_said(serving: Client, database: str) -> None:
    async with serving(database) as client:
        log = client.app.state.ad_metrics.settings.heartbeat_log
        now = datetime.now(UTC)
        for due, overdue in ((now + timedelta(hours=1), False), (now - timedelta(hours=2), True)):
            keep_check(log, await daily_check(client.app.state.ad_metrics.settings, due))
            checks = (await client.get("/health/ready")).json()["checks"]
            assert (checks["daily_check"]["overdue"], checks["daily_check"]["result"]) == (overdue, "ok")


async def test_a_database_that_is_away_is_said(serving: Client) -> None:
    async with serving("postgresql://postgres@/x?host=/nowhere") as client:
        line = await daily_check(client.app.state.ad_metrics.settings)
        assert (line.kind, line.facts) == ("failed", {"error": "FileNotFoundError"})
