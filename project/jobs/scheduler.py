"""The scheduler: which jobs run when, in the one process of the host that leads."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from loguru import logger

from project.errors import DatabaseUnavailable
from project.jobs import partition_maintenance
from project.jobs.consistency_check import daily_check
from project.jobs.heartbeat import beat
from project.jobs.heartbeat_log import keep_check, line_of, open_log
from project.jobs.leader_election import SECONDS_BETWEEN_TRIES, Leader, leadership
from project.settings import Settings

MISFIRE_GRACE_SECONDS = 3600
"""How long after its slot a beat that was missed is still made up for."""

SECONDS_BETWEEN_FAILURES = 10


@asynccontextmanager
async def running_jobs(settings: Settings) -> AsyncIterator[None]:
    """Run the jobs for as long as the block lasts, whenever this process is the leader.

    Raises ValueError or OSError at once where a setting of the heartbeat, or its directory, cannot be.
    """
    cron_trigger(settings.heartbeat_cron)
    cron_trigger(settings.check_cron, "CHECK_CRON")
    with open_log(settings):
        """It opens no file before its first line, so any process may find out whether the settings can be."""
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


def next_beat(trigger: CronTrigger, now: datetime) -> datetime | None:
    """Return the first slot after now; one that is now has come."""
    due: datetime | None = trigger.get_next_fire_time(now, now)
    return due


def heartbeat_scheduler(settings: Settings, write: Callable[[str], None], leader: Leader) -> AsyncIOScheduler:
    """Return the scheduler of all jobs, not started; `write` takes the lines of the heartbeat log."""
    trigger = cron_trigger(settings.heartbeat_cron)
    scheduler = AsyncIOScheduler(
        timezone=UTC,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": MISFIRE_GRACE_SECONDS},
    )
    scheduler.add_job(
        _beat_of_slot,
        trigger,
        args=(settings, trigger, write, leader),
        id="heartbeat",
        next_run_time=_first_run(leader.last_completed_slot, trigger),
    )
    check_trigger = cron_trigger(settings.check_cron, "CHECK_CRON")
    scheduler.add_job(_check, check_trigger, args=(settings, check_trigger, write), id="check")
    for job in (partition_maintenance.make_partitions, partition_maintenance.drop_old_facts):
        scheduler.add_job(job, cron_trigger(partition_maintenance.CRON), args=(settings,), id=job.__name__)
    # Timers are monotonic and stand still while the machine sleeps; waking up often sets them right.
    scheduler.add_job(_nothing, "interval", minutes=1, id="clock")
    return scheduler


async def lead_for_ever(settings: Settings) -> None:
    """Run the jobs whenever this process is the leader, until cancelled."""
    said = False
    while True:
        try:
            await _lead(settings)
            said = False
        except DatabaseUnavailable as error:
            if not said:
                logger.warning("Across hosts, nobody leads while the database is away: {}", error)
            said = True
            await asyncio.sleep(SECONDS_BETWEEN_TRIES)
        except Exception:
            logger.exception("The scheduled jobs stopped; trying again in {} s.", SECONDS_BETWEEN_FAILURES)
            await asyncio.sleep(SECONDS_BETWEEN_FAILURES)


async def _lead(settings: Settings) -> None:
    async with leadership(settings) as leader:
        logger.info("This process leads: it runs the scheduled jobs and writes {}.", settings.heartbeat_log.name)
        # Closing the log waits for its writer thread, which may be compressing.
        with open_log(settings) as write:
            scheduler = heartbeat_scheduler(settings, write, leader)
            write(await _line("start", settings, cron_trigger(settings.heartbeat_cron)))
            scheduler.start()
            try:
                await leader.lost()
            finally:
                scheduler.shutdown(wait=False)


def _first_run(last_completed_slot: datetime | None, trigger: CronTrigger) -> datetime | None:
    """Return the first slot to fill: one that came due while leadership changed hands, else the next."""
    now = datetime.now(UTC)
    missed = last_completed_slot and next_beat(trigger, last_completed_slot)
    if missed and (now - missed).total_seconds() < MISFIRE_GRACE_SECONDS:
        return missed
    return next_beat(trigger, now)


def _newest_slot(trigger: CronTrigger, now: datetime) -> datetime:
    slot = next_beat(trigger, now - timedelta(seconds=MISFIRE_GRACE_SECONDS)) or now
    while (later := next_beat(trigger, slot)) and later <= now:
        slot = later
    return slot


async def _beat_of_slot(settings: Settings, trigger: CronTrigger, write: Callable[[str], None], leader: Leader) -> None:
    slot = _newest_slot(trigger, datetime.now(UTC))
    line = await _line("ok", settings, trigger)
    async with leader.claim_slot(slot) as nobody_has:
        if nobody_has:
            write(line)
            # The writer has a thread of its own; the slot is filled when the line is on disk.
            await asyncio.to_thread(logger.complete)


async def _line(kind: str, settings: Settings, trigger: CronTrigger) -> str:
    return line_of(await beat(kind, next_beat(trigger, datetime.now(UTC)), settings.heartbeat_log))


async def _check(settings: Settings, trigger: CronTrigger, write: Callable[[str], None]) -> None:
    line = await daily_check(settings, next_beat(trigger, datetime.now(UTC)))
    write(line_of(line))
    keep_check(settings.heartbeat_log, line)


async def _nothing() -> None:
    pass
