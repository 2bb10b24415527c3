"""The heartbeat, with a fake clock."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import time_machine

from project.jobs.cron import cron_schedule
from project.jobs.heartbeat import Overdue, check_heartbeat, heartbeat_line
from project.jobs.heartbeat_log import LogLine, append_line, last_beat, save_check
from project.jobs.leader_election import HostLeader
from project.jobs.scheduler import job_scheduler
from project.settings import Settings
from tests.support.model import FACTS

LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z heartbeat (ok|start) next=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z"
    r"( since_last=\d+s)? (database=ok latency_ms=[\d.]+ newest_date=\d{4}-\d\d-\d\d|database=away error=\w+)"
)


class Clock:
    """A clock that the test moves, and a scheduler that follows it."""

    def __init__(self, traveller: Any, settings: Settings) -> None:
        self.lines: list[str] = []
        self.checks: list[str] = []
        self._traveller = traveller
        self._settings = settings
        self.scheduler = job_scheduler(settings, self.write, HostLeader(settings.heartbeat_log))

    def write(self, line: LogLine) -> None:
        (self.lines if line.job == "heartbeat" else self.checks).append(str(line))
        append_line(self._settings.heartbeat_log, line)

    async def move_to(self, moment: str) -> None:
        self._traveller.move_to(moment)
        self.scheduler.wakeup()
        for _ in range(10):
            await asyncio.sleep(0.005)

    @property
    def beats(self) -> list[str]:
        return [line.split(".")[0] for line in self.lines]


@asynccontextmanager
async def clock(start: str, settings: Settings) -> AsyncIterator[Clock]:
    with time_machine.travel(start, tick=False) as traveller:
        clock = Clock(traveller, settings)
        clock.scheduler.start()
        try:
            yield clock
        finally:
            clock.scheduler.shutdown(wait=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    # The jobs that write must not reach the developer's database.
    return Settings(heartbeat_log=tmp_path / "heartbeat.log", database_url="postgresql://postgres@/x?host=/nowhere")


@pytest.mark.slow
@pytest.mark.usefixtures("client")
async def test_a_heartbeat_is_written_at_00_06_12_and_18(settings: Settings) -> None:
    async with clock("2024-03-01T03:17:00Z", settings) as at:
        for hour in range(4, 52):
            moment = datetime(2024, 3, 1, tzinfo=UTC) + timedelta(hours=hour)
            await at.move_to((moment - timedelta(seconds=1)).isoformat())
            await at.move_to(moment.isoformat())
    assert at.beats == [
        f"2024-03-0{day}T{hour}:00:00" for day, hour in
        [(1, "06"), (1, "12"), (1, "18"), (2, "00"), (2, "06"), (2, "12"), (2, "18"), (3, "00")]
    ]  # fmt: skip
    for line in at.lines:
        assert LINE.fullmatch(line), line
    # The daily check runs once a day, after 04:30; here the clock jumps by hours.
    assert [line[:13] for line in at.checks] == ["2024-03-01T04", "2024-03-02T04"]
    assert "next=2024-03-01T12:00:00.000Z" in at.lines[0]
    assert "since_last=21600s" in at.lines[1]
    assert f"newest_date={FACTS[-1]['date']}" in at.lines[0]


@pytest.mark.usefixtures("client")
async def test_missed_slots_get_one_heartbeat(settings: Settings) -> None:
    often = settings.model_copy(update={"heartbeat_cron": "*/10 * * * *"})
    async with clock("2024-03-01T03:01:00Z", often) as at:
        await at.move_to("2024-03-01T03:45:00Z")
        assert at.beats == ["2024-03-01T03:45:00"]
        await at.move_to("2024-03-01T03:50:00Z")
        assert at.beats == ["2024-03-01T03:45:00", "2024-03-01T03:50:00"]


@pytest.mark.usefixtures("client")
async def test_a_slot_without_a_leader_gets_its_heartbeat_from_the_next_one(settings: Settings) -> None:
    append_line(
        settings.heartbeat_log, "2024-03-01T00:00:00.001Z heartbeat ok next=2024-03-01T06:00:00.000Z database=ok"
    )
    async with clock("2024-03-01T06:00:02Z", settings) as at:
        await at.move_to("2024-03-01T06:00:03Z")
        await at.move_to("2024-03-01T06:00:05Z")
    assert len(at.beats) == 1
    async with clock("2024-03-01T06:00:09Z", settings) as second:
        await second.move_to("2024-03-01T06:00:10Z")
    assert second.beats == []


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(("last", "runs"), [("2024-03-01T04:30:00Z", 1), ("2024-03-02T04:30:00Z", 0), (None, 0)])
async def test_a_daily_check_without_a_leader_is_run_by_the_next_one(
    settings: Settings, last: str | None, runs: int
) -> None:
    if last:
        save_check(settings.heartbeat_log, LogLine(datetime.fromisoformat(last), "ok", {}, "check"))
    async with clock("2024-03-02T04:40:00Z", settings) as at:
        await at.move_to("2024-03-02T04:40:01Z")
        await at.move_to("2024-03-02T04:40:02Z")
    assert len(at.checks) == runs


@pytest.mark.usefixtures("client")
async def test_a_manual_heartbeat_completes_no_slot(settings: Settings) -> None:
    append_line(
        settings.heartbeat_log, "2024-03-01T00:00:00.001Z heartbeat ok next=2024-03-01T06:00:00.000Z database=ok"
    )
    append_line(
        settings.heartbeat_log,
        "2024-03-01T06:00:01.000Z heartbeat ok by=hand next=2024-03-01T12:00:00.000Z database=ok",
    )
    async with clock("2024-03-01T06:00:02Z", settings) as at:
        await at.move_to("2024-03-01T06:00:03Z")
    assert len(at.beats) == 1


@pytest.mark.usefixtures("client")
async def test_a_slot_of_yesterday_gets_no_heartbeat(settings: Settings) -> None:
    append_line(
        settings.heartbeat_log, "2024-03-01T00:00:00.001Z heartbeat ok next=2024-03-01T06:00:00.000Z database=ok"
    )
    async with clock("2024-03-02T07:00:00Z", settings) as at:
        await at.move_to("2024-03-02T07:00:01Z")
        assert at.beats == []
        await at.move_to("2024-03-02T12:00:00Z")
        assert at.beats == ["2024-03-02T12:00:00"]


def test_the_check_fails_five_minutes_after_the_slot(tmp_path: Path) -> None:
    log = tmp_path / "heartbeat.log"
    with pytest.raises(Overdue, match="has no heartbeat; is the service running"):
        check_heartbeat(log, datetime.now(UTC))
    append_line(log, "2024-03-01T00:00:00.001Z heartbeat ok next=2024-03-01T06:00:00.000Z database=ok")
    assert check_heartbeat(log, datetime(2024, 3, 1, 6, 4, tzinfo=UTC)).kind == "ok"
    with pytest.raises(Overdue, match=r"due at 2024-03-01T06:00:00\.000Z is 0:05:01 late"):
        check_heartbeat(log, datetime(2024, 3, 1, 6, 5, 1, tzinfo=UTC))


async def test_a_heartbeat_reads_back_as_it_was_written(client: httpx.AsyncClient, tmp_path: Path) -> None:
    log = tmp_path / "heartbeat.log"
    written = await heartbeat_line("ok", datetime(2024, 3, 1, 6, tzinfo=UTC), log)
    append_line(log, "half a li")
    append_line(log, written)
    append_line(log, "\x00\x00")
    read = last_beat(log)
    assert read is not None
    assert read.facts == written.facts
    assert abs(read.at - written.at) < timedelta(milliseconds=1)


def test_an_invalid_cron_expression_names_the_setting() -> None:
    with pytest.raises(
        ValueError, match=r"HEARTBEAT_CRON 'every day' is not a cron expression such as '0 \*/6 \* \* \*'"
    ):
        cron_schedule("every day")
