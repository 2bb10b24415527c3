"""The scheduler: which jobs run when, in the process that is the leader."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from loguru import logger

from project.errors import DatabaseUnavailable
from project.jobs.clock import CLOCK_TOLERANCE
from project.jobs.consistency_check import daily_check
from project.jobs.cron import MISFIRE_GRACE, CronSchedule, cron_schedule, newest_slot, next_slot
from project.jobs.heartbeat import heartbeat_line
from project.jobs.heartbeat_log import LogLine, last_check, open_log, save_check
from project.jobs.leader_election import SECONDS_BETWEEN_TRIES, Leader, check_lock, leadership
from project.jobs.log_location import log_file
from project.jobs.partition_maintenance import CRON, create_partitions, drop_old_facts
from project.settings import Settings

SECONDS_BETWEEN_FAILURES = 10

SECONDS_BETWEEN_LOOKS = 10
"""How often the leader compares its schedule with the clock: timers stand still while the machine sleeps."""

_EVERY_MINUTE = "every minute"

_MOST_RUNS = 10
"""How many runs of a job of each minute may overlap: one that waits for a slow server does not delay the next."""

Write = Callable[[LogLine], None]
Job = Callable[[], Awaitable[None]]


@asynccontextmanager
async def running_jobs(settings: Settings, *each_minute: Job) -> AsyncIterator[None]:
    """Run the jobs inside the block, also those of each minute, whenever this process is the leader.

    Raises SettingsError at once where the jobs could never run.
    """
    check_job_settings(settings)
    task = asyncio.create_task(lead_for_ever(settings, *each_minute), name="jobs")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def check_job_settings(settings: Settings) -> None:
    """Raise SettingsError where a cron expression, the log's settings, its location or its lock are unusable."""
    cron_schedule(settings.heartbeat_cron)
    cron_schedule(settings.check_cron, "CHECK_CRON")
    with open_log(settings):
        pass  # This opens no file, so it needs no lock.
    check_lock(log_file(settings))


def job_scheduler(settings: Settings, write: Write, leader: Leader, *each_minute: Job) -> AsyncIOScheduler:
    """Return the scheduler of all jobs, not started; `write` writes a line of the heartbeat log."""
    heartbeat, check = cron_schedule(settings.heartbeat_cron), cron_schedule(settings.check_cron, "CHECK_CRON")
    grace = int(MISFIRE_GRACE.total_seconds())
    scheduler = AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": grace}
    )
    first = _first_slot(leader.last_completed_slot, heartbeat)
    scheduler.add_job(_heartbeat, heartbeat, args=(settings, heartbeat, write, leader), next_run_time=first)
    last = last_check(log_file(settings))
    first = _first_slot(last.at if last else None, check)
    scheduler.add_job(_check, check, args=(settings, check, write), next_run_time=first)
    scheduler.add_job(create_partitions, cron_schedule(CRON), args=(settings,))
    scheduler.add_job(drop_old_facts, cron_schedule(CRON), args=(settings,))
    for job in each_minute:
        scheduler.add_job(job, cron_schedule("* * * * *"), max_instances=_MOST_RUNS)
    # It does nothing; the time of its next run shows whether the clock went back.
    scheduler.add_job(_every_minute, cron_schedule("* * * * *"), id=_EVERY_MINUTE)
    return scheduler


async def lead_for_ever(settings: Settings, *each_minute: Job) -> None:
    """Run the jobs whenever this process is the leader, until cancelled."""
    warned = False
    while True:
        try:
            await _lead(settings, *each_minute)
            warned = False
        except DatabaseUnavailable as error:
            if not warned:
                logger.warning("No host leads while the database is away: {} ({})", error, error.cause)
            warned = True
            await asyncio.sleep(SECONDS_BETWEEN_TRIES)
        except Exception:
            logger.exception("The scheduled jobs stopped; they restart in {} s.", SECONDS_BETWEEN_FAILURES)
            await asyncio.sleep(SECONDS_BETWEEN_FAILURES)


async def _lead(settings: Settings, *each_minute: Job) -> None:
    async with leadership(settings) as leader:
        logger.info("This process leads: it runs the scheduled jobs and writes {}.", settings.heartbeat_log.name)
        # Closing the log waits for its writer thread, which may be compressing.
        with open_log(settings) as write:
            scheduler = job_scheduler(settings, write, leader, *each_minute)
            write(await _line("start", settings, cron_schedule(settings.heartbeat_cron)))
            scheduler.start()
            try:
                await _lead_until_over(leader, scheduler, log_file(settings))
            finally:
                scheduler.shutdown(wait=False)


async def _lead_until_over(leader: Leader, scheduler: AsyncIOScheduler, log: Path) -> None:
    """Return when this process is no longer the leader, or must restart the jobs."""
    await asyncio.to_thread(logger.complete)
    has_lines = _has_lines(log)
    lost = asyncio.create_task(leader.lost())
    try:
        while not lost.done():
            if scheduler.get_job(_EVERY_MINUTE).next_run_time > datetime.now(UTC) + CLOCK_TOLERANCE:
                logger.warning("The clock went back. The scheduled jobs restart with the time that it has now.")
                return
            if has_lines and not _has_lines(log):
                logger.info("{} was renamed, deleted or emptied; a new one begins.", log.name)
                return
            scheduler.wakeup()
            await asyncio.wait({lost}, timeout=SECONDS_BETWEEN_LOOKS)
        await lost
    finally:
        lost.cancel()
        await asyncio.wait({lost})


def _has_lines(log: Path) -> bool:
    with suppress(OSError):
        return log.stat().st_size > 0
    return False


def _first_slot(last_completed: datetime | None, schedule: CronSchedule) -> datetime | None:
    """Return a slot that came due while leadership changed, else the next one."""
    now = datetime.now(UTC)
    return next_slot(schedule, max(last_completed, now - MISFIRE_GRACE) if last_completed else now)


async def _heartbeat(settings: Settings, schedule: CronSchedule, write: Write, leader: Leader) -> None:
    slot = newest_slot(schedule, datetime.now(UTC))
    line = await _line("ok", settings, schedule)
    async with leader.claim_slot(slot) as claimed:
        if claimed:
            write(line)
            # The log has a writer thread; the slot is complete when the line is on disk.
            await asyncio.to_thread(logger.complete)


async def _line(kind: str, settings: Settings, schedule: CronSchedule) -> LogLine:
    return await heartbeat_line(kind, next_slot(schedule, datetime.now(UTC)), log_file(settings))


async def _check(settings: Settings, schedule: CronSchedule, write: Write) -> None:
    line = await daily_check(settings, next_slot(schedule, datetime.now(UTC)))
    write(line)
    save_check(log_file(settings), line)


async def _every_minute() -> None:
    pass
