"""The scheduler: which jobs run when, in the process that is the leader."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from loguru import logger

from project.errors import DatabaseUnavailable
from project.jobs.consistency_check import daily_check
from project.jobs.heartbeat import heartbeat_line
from project.jobs.heartbeat_log import LogLine, open_log, save_check
from project.jobs.leader_election import SECONDS_BETWEEN_TRIES, Leader, leadership
from project.jobs.partition_maintenance import CRON, create_partitions, drop_old_facts
from project.settings import Settings

MISFIRE_GRACE_SECONDS = 3600
"""How long after its slot a missed heartbeat is still written."""

SECONDS_BETWEEN_FAILURES = 10

Write = Callable[[LogLine], None]


@asynccontextmanager
async def running_jobs(settings: Settings) -> AsyncIterator[None]:
    """Run the jobs inside the block, whenever this process is the leader.

    Raises ValueError or OSError at once where a setting of the jobs, or the log's directory, is invalid.
    """
    cron_trigger(settings.heartbeat_cron)
    cron_trigger(settings.check_cron, "CHECK_CRON")
    with open_log(settings):
        pass  # This validates the settings and opens no file, so it needs no lock.
    task = asyncio.create_task(lead_for_ever(settings), name="jobs")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def cron_trigger(cron: str, setting: str = "HEARTBEAT_CRON") -> CronTrigger:
    """Return the trigger of a five-field cron expression, in UTC. Raises ValueError, which names the setting."""
    try:
        return CronTrigger.from_crontab(cron, timezone=UTC)
    except ValueError as error:
        raise ValueError(f"{setting} {cron!r} is not a cron expression such as '0 */6 * * *': {error}") from error


def next_slot(trigger: CronTrigger, now: datetime) -> datetime | None:
    """Return the first slot after `now`."""
    slot: datetime | None = trigger.get_next_fire_time(now, now)
    return slot


def job_scheduler(settings: Settings, write: Write, leader: Leader) -> AsyncIOScheduler:
    """Return the scheduler of all jobs, not started; `write` writes a line of the heartbeat log."""
    heartbeat, check = cron_trigger(settings.heartbeat_cron), cron_trigger(settings.check_cron, "CHECK_CRON")
    scheduler = AsyncIOScheduler(
        timezone=UTC,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": MISFIRE_GRACE_SECONDS},
    )
    first = _first_slot(leader.last_completed_slot, heartbeat)
    scheduler.add_job(_heartbeat, heartbeat, args=(settings, heartbeat, write, leader), next_run_time=first)
    scheduler.add_job(_check, check, args=(settings, check, write))
    scheduler.add_job(create_partitions, cron_trigger(CRON), args=(settings,))
    scheduler.add_job(drop_old_facts, cron_trigger(CRON), args=(settings,))
    # Timers are monotonic and stop while the machine sleeps; a frequent wake-up corrects them.
    scheduler.add_job(_wake_up, "interval", minutes=1)
    return scheduler


async def lead_for_ever(settings: Settings) -> None:
    """Run the jobs whenever this process is the leader, until cancelled."""
    warned = False
    while True:
        try:
            await _lead(settings)
            warned = False
        except DatabaseUnavailable as error:
            if not warned:
                logger.warning("No host leads while the database is away: {}", error)
            warned = True
            await asyncio.sleep(SECONDS_BETWEEN_TRIES)
        except Exception:
            logger.exception("The scheduled jobs stopped; they restart in {} s.", SECONDS_BETWEEN_FAILURES)
            await asyncio.sleep(SECONDS_BETWEEN_FAILURES)


async def _lead(settings: Settings) -> None:
    async with leadership(settings) as leader:
        logger.info("This process leads: it runs the scheduled jobs and writes {}.", settings.heartbeat_log.name)
        # Closing the log waits for its writer thread, which may be compressing.
        with open_log(settings) as write:
            scheduler = job_scheduler(settings, write, leader)
            write(await _line("start", settings, cron_trigger(settings.heartbeat_cron)))
            scheduler.start()
            try:
                await leader.lost()
            finally:
                scheduler.shutdown(wait=False)


def _first_slot(last_completed_slot: datetime | None, trigger: CronTrigger) -> datetime | None:
    """Return a slot that came due while leadership changed, else the next one."""
    now = datetime.now(UTC)
    missed = last_completed_slot and next_slot(trigger, last_completed_slot)
    if missed and (now - missed).total_seconds() < MISFIRE_GRACE_SECONDS:
        return missed
    return next_slot(trigger, now)


def _newest_slot(trigger: CronTrigger, now: datetime) -> datetime:
    slot = next_slot(trigger, now - timedelta(seconds=MISFIRE_GRACE_SECONDS)) or now
    while (later := next_slot(trigger, slot)) and later <= now:
        slot = later
    return slot


async def _heartbeat(settings: Settings, trigger: CronTrigger, write: Write, leader: Leader) -> None:
    slot = _newest_slot(trigger, datetime.now(UTC))
    line = await _line("ok", settings, trigger)
    async with leader.claim_slot(slot) as claimed:
        if claimed:
            write(line)
            # The log has a writer thread; the slot is complete when the line is on disk.
            await asyncio.to_thread(logger.complete)


async def _line(kind: str, settings: Settings, trigger: CronTrigger) -> LogLine:
    return await heartbeat_line(kind, next_slot(trigger, datetime.now(UTC)), settings.heartbeat_log)


async def _check(settings: Settings, trigger: CronTrigger, write: Write) -> None:
    line = await daily_check(settings, next_slot(trigger, datetime.now(UTC)))
    write(line)
    save_check(settings.heartbeat_log, line)


async def _wake_up() -> None:
    pass
