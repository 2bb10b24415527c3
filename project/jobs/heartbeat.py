"""The heartbeat: a line for each slot of its schedule. It proves that the scheduler runs, and tests the database."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from loguru import logger

from project.errors import AdMetricsError, DatabaseUnavailable
from project.jobs.heartbeat_log import LogLine, future_line, last_beat
from project.logs import timestamp
from project.store.warehouse.snapshot import snapshot

GRACE = timedelta(minutes=5)
"""How late a heartbeat may be before `ad-metrics heartbeat --check` fails."""


class Overdue(AdMetricsError):
    """The newest heartbeat is too old."""


class Unwritten(AdMetricsError):
    """A heartbeat did not reach the log."""


async def heartbeat_line(kind: str, next_run: datetime | None, log: Path, *, manual: bool = False) -> LogLine:
    """Test the database and return the line to write. An unavailable database does not raise: the line says it.

    It is then `degraded` rather than `ok`.
    """
    now = datetime.now(UTC)
    facts = {"next": timestamp(next_run)} if next_run else {}
    if previous := last_beat(log):
        # The clock may have gone back by seconds.
        facts["since_last"] = f"{max(0.0, (now - previous.at).total_seconds()):.0f}s"
    facts |= await _database_facts()
    if kind == "ok" and facts["database"] != "ok":
        kind = "degraded"
    if manual:
        facts["by"] = "hand"
    return LogLine(now, kind, facts)


def check_heartbeat(log: Path, now: datetime) -> LogLine:
    """Return the newest heartbeat. Raises Overdue where there is none, or the next one is late."""
    last = last_beat(log)
    if last is None:
        if future := future_line(log):
            raise Overdue(
                f"{log} has only lines in the future, the last of {timestamp(future.at)}; is the clock right?"
            )
        raise Overdue(f"{log} has no heartbeat; is the service running?")
    if last.next is None:
        raise Overdue(f"The last heartbeat, {timestamp(last.at)}, does not say when the next one is due.")
    if now > last.next + GRACE:
        late = timedelta(seconds=int((now - last.next).total_seconds()))
        raise Overdue(f"The heartbeat due at {timestamp(last.next)} is {late} late; the last was {timestamp(last.at)}.")
    return last


async def _database_facts() -> dict[str, str]:
    started = perf_counter()
    try:
        async with snapshot(timeout=5.0, reserved=True) as current:
            newest = current.labels.last_date
    except DatabaseUnavailable as error:
        logger.warning("A heartbeat without the database: {} ({})", error, error.cause)
        return {"database": "away", "error": type(error.__cause__ or error).__name__}
    except Exception as error:
        # Whatever is wrong, the scheduler is alive.
        logger.exception("A heartbeat without the database")
        return {"database": "failed", "error": type(error).__name__}
    return {
        "database": "ok",
        "latency_ms": f"{(perf_counter() - started) * 1000:.1f}",
        "newest_date": newest.isoformat() if newest else "none",
    }
