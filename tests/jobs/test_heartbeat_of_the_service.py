"""The heartbeat inside a service, with and without its database."""

import asyncio
from pathlib import Path

from project.jobs.heartbeat_log import last_beat
from project.settings import Settings
from tests.conftest import Client
from tests.jobs.test_heartbeat import LINE, clock


async def test_a_start_is_a_beat_at_once(serving: Client, facts_database: str) -> None:
    async with serving(facts_database) as client:
        log = client.app.state.settings.heartbeat_log
        for _ in range(100):
            if last_beat(log):
                break
            await asyncio.sleep(0.02)
        line = log.read_text()
        assert LINE.fullmatch(line.rstrip("\n")), line
        assert " heartbeat start " in line


async def test_a_database_that_is_away_is_said_and_stops_nothing(serving: Client, tmp_path: Path) -> None:
    async with serving("postgresql://postgres@/x?host=/nowhere") as client:
        log = tmp_path / "heartbeat.log"
        settings = Settings(heartbeat_log=log)
        async with clock("2024-03-01T05:00:00Z", settings) as at:
            await at.move_to("2024-03-01T06:00:00Z")
            await at.move_to("2024-03-01T12:00:00Z")
        assert [line.split(" database=")[1] for line in at.lines] == ["away error=FileNotFoundError"] * 2
        ready = await client.get("/health/ready")
        assert ready.status_code == 503
