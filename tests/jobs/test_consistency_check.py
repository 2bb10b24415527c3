"""The daily check: its line, and its result in `/health/ready`."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg

from project.jobs.consistency_check import daily_check
from project.jobs.heartbeat_log import last_beat, last_check, save_check
from tests.conftest import Client
from tests.support.records import loaded, record, write


async def test_the_line_and_readiness_have_the_result(
    serving: Client, database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await loaded(database, write(tmp_path / "a.csv", [record()]))
    async with serving(database) as client:
        log = client.app.state.ad_metrics.settings.heartbeat_log
        assert "daily_check" not in (await client.get("/health/ready")).json()["checks"]
        line = await daily_check(client.app.state.ad_metrics.settings)
        assert (line.job, line.kind) == ("check", "ok")
        assert line.facts.items() >= {"rollups": "ok", "labels": "ok", "partitions": "ok", "versions": "ok", "days": "1"}.items()  # fmt: skip
        save_check(log, line)
        checks = (await client.get("/health/ready")).json()["checks"]
        assert checks["daily_check"]["result"] == "ok"
        await connection.execute("UPDATE rollup_ad_metrics_daily SET likes = likes + 1 WHERE grouping_set = 0")
        line = await daily_check(client.app.state.ad_metrics.settings)
        assert (line.kind, line.facts["rollups"], line.facts["labels"]) == ("failed", "1_wrong", "ok")
        save_check(log, line)
        ready = await client.get("/health/ready")
        # Answers may be wrong, but the process answers: a load balancer must not remove it.
        assert (ready.status_code, ready.json()["checks"]["daily_check"]["result"]) == (200, "failed")
        assert last_check(log).facts["rollups"] == "1_wrong"
        assert last_beat(log).kind == "start"


async def test_the_35_newest_days_are_checked(
    serving: Client, database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    first = date(2024, 1, 1)
    days = [first + timedelta(days=count) for count in range(35)] + [date(2099, 12, 31)]
    await loaded(database, write(tmp_path / "a.csv", [record(date=str(day)) for day in days]))
    async with serving(database) as client:
        await connection.execute("UPDATE rollup_ad_metrics_daily SET likes = likes + 1 WHERE date_id = 20240101")
        line = await daily_check(client.app.state.ad_metrics.settings)
        assert (line.kind, line.facts["days"]) == ("ok", "35")
        # A mistyped year counts as one of the days.
        await connection.execute("UPDATE rollup_ad_metrics_daily SET likes = likes + 1 WHERE date_id = 20240102")
        assert (await daily_check(client.app.state.ad_metrics.settings)).kind == "failed"


async def test_readiness_says_when_a_check_is_overdue(serving: Client, database: str) -> None:
    async with serving(database) as client:
        log = client.app.state.ad_metrics.settings.heartbeat_log
        now = datetime.now(UTC)
        for due, overdue in ((now + timedelta(hours=1), False), (now - timedelta(hours=2), True)):
            save_check(log, await daily_check(client.app.state.ad_metrics.settings, due))
            checks = (await client.get("/health/ready")).json()["checks"]
            assert (checks["daily_check"]["overdue"], checks["daily_check"]["result"]) == (overdue, "ok")


async def test_the_line_says_when_the_database_is_away(serving: Client) -> None:
    async with serving("postgresql://postgres@/x?host=/nowhere") as client:
        line = await daily_check(client.app.state.ad_metrics.settings)
        assert (line.kind, line.facts) == ("failed", {"error": "FileNotFoundError"})
