"""The heartbeat of a service, with and without its database."""

import asyncio
from pathlib import Path

import pytest
from filelock import FileLock

from project.jobs import leader_election
from project.jobs.heartbeat_log import last_beat
from project.settings import Settings
from tests.conftest import Client
from tests.jobs.test_heartbeat import LINE, clock


async def test_a_service_writes_a_heartbeat_when_it_starts(serving: Client, facts_database: str) -> None:
    async with serving(facts_database) as client:
        log = client.app.state.ad_metrics.settings.heartbeat_log
        for _ in range(100):
            if last_beat(log):
                break
            await asyncio.sleep(0.02)
        line = log.read_text()
        assert LINE.fullmatch(line.rstrip("\n")), line
        assert " heartbeat start " in line


@pytest.mark.parametrize(
    "changes",
    [
        {"heartbeat_cron": "every day"},
        {"heartbeat_rotation": "30 dayz"},
        {"heartbeat_retention": "for ever"},
        {"heartbeat_compression": "rar5"},
    ],
)
async def test_an_invalid_setting_of_the_heartbeat_stops_the_service_at_once(
    serving: Client, facts_database: str, changes: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match=next(iter(changes.values()))):
        async with serving(facts_database, **changes):
            pass


async def test_a_log_that_becomes_writable_gets_its_heartbeat(
    serving: Client, facts_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("project.jobs.scheduler.SECONDS_BETWEEN_FAILURES", 0.05)
    broken = False
    real = leader_election.lock_for

    def lock_for(log: Path) -> FileLock:
        nonlocal broken
        if broken:
            raise PermissionError("not yours")
        # It breaks after the look at the start, which would refuse it.
        broken = log not in looked
        looked.add(log)
        return real(log)

    looked: set[Path] = set()
    monkeypatch.setattr("project.jobs.leader_election.lock_for", lock_for)
    async with serving(facts_database) as client:
        log = client.app.state.ad_metrics.settings.heartbeat_log
        await asyncio.sleep(0.2)
        assert (await client.get("/v1/ad-metrics")).status_code == 200
        assert last_beat(log) is None
        broken = False
        for _ in range(100):
            if last_beat(log):
                break
            await asyncio.sleep(0.02)
        assert last_beat(log).kind == "start"


async def test_heartbeats_continue_while_the_database_is_away(serving: Client, tmp_path: Path) -> None:
    async with serving("postgresql://postgres@/x?host=/nowhere") as client:
        log = tmp_path / "heartbeat.log"
        settings = Settings(heartbeat_log=log)
        async with clock("2024-03-01T05:00:00Z", settings) as at:
            await at.move_to("2024-03-01T06:00:00Z")
            await at.move_to("2024-03-01T12:00:00Z")
        # Whoever looks for `ok` is not told that all is well.
        assert [line.split()[2] for line in at.lines] == ["degraded"] * 2
        assert [line.split(" database=")[1] for line in at.lines] == ["away error=FileNotFoundError"] * 2
        ready = await client.get("/health/ready")
        assert ready.status_code == 503
