"""The daily check: the same as `ad-metrics check`, of the days that loads still change."""

from datetime import UTC, datetime
from time import perf_counter

from loguru import logger

from project.errors import DatabaseUnavailable
from project.jobs.heartbeat_log import Beat
from project.logs import timestamp
from project.settings import Settings
from project.store.postgres.connections import write_connection
from project.store.warehouse import consistency

DAYS = 35
"""How many days it sums anew, the newest with facts: the 28 that platforms restate, and a week of nobody looking."""


async def daily_check(settings: Settings, next_run: datetime | None = None) -> Beat:
    """Check, and return the line to write. It never raises: what went wrong is in the line.

    What it finds goes to the service's log, in words. `next_run` is when the one after is due.
    """
    now, started = datetime.now(UTC), perf_counter()
    due = {"next": timestamp(next_run)} if next_run else {}
    try:
        async with (
            # Not one of those that requests wait for.
            write_connection(settings, "check") as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            findings = await consistency.check(connection, await consistency.newest_days(connection, DAYS))
    except DatabaseUnavailable as error:
        logger.error("The daily check could not be made: {}", error)
        return Beat(now, "failed", due | {"error": type(error.__cause__ or error).__name__}, "check")
    except Exception as error:
        logger.exception("The daily check could not be made.")
        return Beat(now, "failed", due | {"error": type(error).__name__}, "check")
    for name, found in findings.by_check.items():
        for finding in found:
            logger.error("The daily check of {} found: {}", name, finding)
    facts = {name: f"{len(found)}_wrong" if found else "ok" for name, found in findings.by_check.items()}
    facts = due | facts | {"days": str(findings.days), "seconds": f"{perf_counter() - started:.1f}"}
    return Beat(now, "ok" if findings.ok else "failed", facts, "check")
