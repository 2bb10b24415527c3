"""The daily check: what `ad-metrics check` checks, for the days that loads still change."""

from datetime import UTC, datetime
from time import perf_counter

from loguru import logger

from project.errors import DatabaseUnavailable
from project.jobs.heartbeat_log import LogLine
from project.logs import timestamp
from project.settings import Settings
from project.store.postgres.connections import write_connection
from project.store.warehouse import consistency

DAYS = 35
"""How many days it checks, the newest with facts: the 28 that platforms restate, and a week in case nobody looks."""


async def daily_check(settings: Settings, next_run: datetime | None = None) -> LogLine:
    """Check, log each finding, and return the line to write. It never raises: an error is in the line."""
    now, started = datetime.now(UTC), perf_counter()
    due = {"next": timestamp(next_run)} if next_run else {}
    try:
        async with (
            # Outside the pool: requests need its connections.
            write_connection(settings, "check") as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            findings = await consistency.check(connection, await consistency.newest_days(connection, DAYS))
    except DatabaseUnavailable as error:
        logger.error("The daily check failed: {} ({})", error, error.cause)
        return LogLine(now, "failed", due | {"error": type(error.__cause__ or error).__name__}, "check")
    except Exception as error:
        logger.exception("The daily check failed.")
        return LogLine(now, "failed", due | {"error": type(error).__name__}, "check")
    for check, messages in findings.by_check.items():
        for message in messages:
            logger.error("The daily check of {} found: {}", check, message)
    facts = {check: f"{len(messages)}_wrong" if messages else "ok" for check, messages in findings.by_check.items()}
    facts = due | facts | {"days": str(findings.days), "seconds": f"{perf_counter() - started:.1f}"}
    return LogLine(now, "ok" if findings.ok else "failed", facts, "check")
