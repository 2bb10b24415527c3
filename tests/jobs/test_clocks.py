"""What the heartbeat does when the clock is wrong, is set right, or stands still: the table of the operations page."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest
import time_machine
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_MISSED, EVENT_JOB_SUBMITTED
from loguru import logger
from tortoise.context import TortoiseContext

from project.jobs import scheduler
from project.jobs.cron import CronSchedule
from project.jobs.heartbeat import Overdue, check_heartbeat
from project.jobs.heartbeat_log import LogLine, append_line, last_beat, last_check, last_completed_slot, save_check
from project.jobs.leader_election import leadership
from project.logs import timestamp
from project.settings import Settings
from project.store.postgres.connections import serving_config
from tests.conftest import ROOT
from tests.support.hosting import soon

LATE, NONE, REPEATED, ONCE = (
    "The slot's heartbeat is written at once.",
    "The slot has no heartbeat; the next slot has one.",
    "A `start` line is written at once. Slots that are repeated have another heartbeat.",
    "A slot that is repeated has no second heartbeat.",
)


class Case(NamedTuple):
    """What the clock says, step by step: first before the event, then after it. `+` marks a step with a heartbeat."""

    event: str
    outcome: str
    steps: str


# Slots are at 00:00, 06:00, 12:00 and 18:00.
CASES = [
    Case("It sleeps, or is set forward, to less than an hour after a slot", LATE,
         "2024-03-05T11:50 2024-03-05T12:20+ 2024-03-05T18:00+"),
    Case("It sleeps, or is set forward, to more than an hour after a slot", NONE,
         "2024-03-05T11:50 2024-03-05T13:30 2024-03-05T18:00+"),
    Case("It sleeps, or is set forward, for days", NONE,
         "2024-03-05T11:50 2024-03-08T09:00 2024-03-08T12:00+"),
    Case("It is set forward by years: it was behind", NONE,
         "2014-03-05T11:50 2024-03-05T09:00 2024-03-05T12:00+"),
    Case("It is set back by up to five minutes", ONCE,
         "2024-03-05T12:03+ 2024-03-05T11:59 2024-03-05T12:00 2024-03-05T18:00+"),
    Case("It is set back by hours", REPEATED,
         "2024-03-05T12:01+ 2024-03-05T07:00 2024-03-05T12:00+ 2024-03-05T18:00+"),
    Case("It is set back by days", REPEATED,
         "2024-03-05T12:01+ 2024-03-02T07:00 2024-03-02T12:00+"),
    Case("It is set back by years: it was ahead", REPEATED,
         "2026-03-05T12:00+ 2024-03-05T07:00 2024-03-05T12:00+"),
]  # fmt: skip


class Service:
    """The jobs of one process, on the clock that the test moves."""

    def __init__(self, traveller: Any, settings: Settings) -> None:
        self._traveller, self._settings = traveller, settings
        self._scheduler: Any = None
        self._idle: Callable[[], bool] = bool
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        starts = len(self.lines("start"))
        self._task = asyncio.create_task(scheduler.lead_for_ever(self._settings))
        await self.expect("start", starts + 1)

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def set_clock(self, moment: str) -> None:
        self._traveller.move_to(datetime.fromisoformat(moment).replace(tzinfo=UTC))

    async def move_to(self, moment: str) -> None:
        """Set the clock, and wait until the scheduler has run what is due, which includes a job every minute."""
        self.set_clock(moment)

        async def noticed() -> bool:
            return self._scheduler.get_job("every minute").next_run_time > datetime.now(UTC)

        await soon(noticed, what="the scheduler")

    def record(self, created: Any) -> Any:
        begun: list[object] = []
        ended: list[object] = []
        created.add_listener(begun.append, EVENT_JOB_SUBMITTED)
        created.add_listener(ended.append, EVENT_JOB_EXECUTED | EVENT_JOB_MISSED | EVENT_JOB_ERROR)
        self._scheduler, self._idle = created, lambda: len(begun) == len(ended)
        return created

    def lines(self, kind: str) -> list[str]:
        """Return the times of the lines of a kind, to the minute."""
        log = self._settings.heartbeat_log
        text = log.read_text() if log.exists() else ""
        return re.findall(rf"^(.{{16}}):\S+ heartbeat {kind} ", text, re.MULTILINE)

    async def expect(self, kind: str, count: int) -> None:
        async def written() -> bool:
            # A slot would be left out while the run of the one before has not ended.
            return len(self.lines(kind)) >= count and self._idle()

        await soon(written, what=f"line {count} of kind {kind}")


@pytest.fixture
def said() -> list[str]:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{level} {message}", filter=lambda record: "channel" not in record["extra"])
    yield lines
    logger.remove(sink)


@asynccontextmanager
async def service(at: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    real = scheduler.job_scheduler
    monkeypatch.setattr(scheduler, "SECONDS_BETWEEN_LOOKS", 0.02)
    async with TortoiseContext() as context:
        await context.init(config=serving_config(settings))
        with time_machine.travel(at, tick=False) as traveller:
            service = Service(traveller, settings)
            monkeypatch.setattr(scheduler, "job_scheduler", lambda *arguments: service.record(real(*arguments)))
            await service.start()
            try:
                yield service
            finally:
                await service.stop()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        heartbeat_log=tmp_path / "heartbeat.log",
        database_url="postgresql://postgres@/x?host=/nowhere",
        check_cron="0 0 1 1 *",
        # The times of files are real.
        heartbeat_rotation="",
    )


@pytest.mark.slow
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("lock", ["file", "postgres"])
@pytest.mark.parametrize("case", CASES, ids=[case.event for case in CASES])
async def test_what_happens(
    case: Case, lock: str, restarted: bool, settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch,
    said: list[str],
) -> None:  # fmt: skip
    kind = "degraded"
    if lock == "postgres":
        kind = "ok"
        settings = settings.model_copy(update={"scheduler_lock": lock, "database_url": database})
    before, event, *later = [(step.rstrip("+"), step.endswith("+")) for step in case.steps.split()]
    day, has_restarted = before[0][:11], restarted or case.outcome == REPEATED
    beats: list[str] = []

    async def step(moment: str, beat: bool) -> None:
        await running.move_to(moment)
        beats.extend([moment] * beat)
        await running.expect(kind, len(beats))

    async with service(f"{day}05:00", settings, monkeypatch) as running:
        await step(f"{day}06:00", True)
        await step(*before)
        if restarted:
            await running.stop()
            said.clear()
            running.set_clock(event[0])
            await running.start()
        else:
            await running.move_to(event[0])
            await running.expect("start", 1 + has_restarted)
        await step(*event)
        for move in later:
            await step(*move)
        assert running.lines(kind) == beats
        assert running.lines("start") == [f"{day}05:00"] + [event[0]] * has_restarted
        assert check_heartbeat(settings.heartbeat_log, datetime.now(UTC)).kind == kind
    ahead = [line for line in said if "ahead" in line or "went back" in line]
    assert bool(ahead) == (case.outcome == REPEATED)
    assert len(set(ahead)) == len(ahead) <= 3


def test_the_operations_page_has_this_table() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| (It .*?) \| (.*?) \|$", page, re.MULTILINE)
    assert rows == [(case.event, case.outcome) for case in CASES]


@pytest.mark.parametrize("years", [10, -10])
async def test_the_work_after_a_step_does_not_grow_with_it(
    years: int, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every minute of ten years would be 5 million slots, 20 s and 423 MB."""
    calls = 0
    real = CronSchedule.get_next_fire_time

    def counted(*arguments: Any) -> datetime | None:
        nonlocal calls
        calls += 1
        return real(*arguments)

    often = settings.model_copy(update={"heartbeat_cron": "* * * * *"})
    async with service("2024-03-05T05:00", often, monkeypatch) as running:
        await running.move_to("2024-03-05T05:01")
        await running.expect("degraded", 1)
        monkeypatch.setattr(CronSchedule, "get_next_fire_time", counted)
        await running.move_to(f"{2024 + years}-03-05T05:01:30")
        await running.expect("start", 1 if years > 0 else 2)
        await running.move_to(f"{2024 + years}-03-05T05:03")
        await running.expect("degraded", 2)
    # Some jobs ask for the slots of an hour, one by one.
    assert calls < 500


def beat(at: datetime, kind: str = "ok", job: str = "heartbeat") -> LogLine:
    return LogLine(at, kind, {"next": timestamp(at + timedelta(hours=6))}, job)


def test_lines_of_the_future_are_not_believed(tmp_path: Path) -> None:
    log, now = tmp_path / "heartbeat.log", datetime.now(UTC)
    future = beat(now + timedelta(days=730))
    append_line(log, future)
    save_check(log, beat(now + timedelta(days=730), job="check"))
    assert last_beat(log) is last_completed_slot(log) is last_check(log) is None
    with pytest.raises(
        Overdue, match=f"only lines in the future, the last of {timestamp(future.at)}; is the clock right"
    ):
        check_heartbeat(log, now)
    log.unlink()
    append_line(log, beat(now - timedelta(hours=7)))
    append_line(log, future)
    assert str(last_beat(log)) == str(beat(now - timedelta(hours=7)))
    with pytest.raises(Overdue, match="is 1:00:00 late"):
        check_heartbeat(log, now)
    # The clocks of two hosts differ by seconds.
    append_line(log, beat(now + timedelta(minutes=4)))
    assert check_heartbeat(log, now).at > now


async def test_a_slot_of_the_future_silences_no_host(
    database: str, connection: asyncpg.Connection, settings: Settings, said: list[str]
) -> None:
    now = datetime.now(UTC)
    several = settings.model_copy(update={"scheduler_lock": "postgres", "database_url": database})
    await connection.execute(
        "INSERT INTO job_slot (job, slot) VALUES ('heartbeat', $1)", datetime(2199, 1, 1, tzinfo=UTC)
    )
    for expected in (True, False):
        async with leadership(several) as leader, leader.claim_slot(now) as claimed:
            assert claimed == expected
    assert said == [
        "WARNING The last completed slot, 2199-01-01T00:00:00.000Z, is in the future: a clock was ahead. It is set back.\n"
    ]
    assert await connection.fetchval("SELECT slot FROM job_slot") == now
