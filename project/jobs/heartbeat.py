"""The heartbeat: one line every slot that proves the scheduler alive, and says how the database is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from project.errors import AdMetricsError, DatabaseUnavailable
from project.jobs.heartbeat_log import Beat, last_beat
from project.logs import timestamp
from project.store.warehouse.snapshot import snapshot

GRACE = timedelta(minutes=5)
"""How late a beat may be before `heartbeat --check` complains."""


PATIENCE = 5.0
"""Seconds that a beat waits for the database."""


class Overdue(AdMetricsError):
    """The last beat is older than it may be."""


class Unwritten(AdMetricsError):
    """A beat did not reach the log."""


async def beat(kind: str, next_run: datetime | None, log: Path, *, by_hand: bool = False) -> Beat:
    """Look around and return the beat to write. Never raises for a database that is away: that is in the beat.

    `next_run` is when the one after is due; `kind` is `ok`, and `start` when the scheduler starts.
    """
    now = datetime.now(UTC)
    facts = {}
    if next_run:
        facts["next"] = timestamp(next_run)
    if previous := last_beat(log):
        facts["since_last"] = f"{(now - previous.at).total_seconds():.0f}s"
    facts |= await _database()
    if by_hand:
        facts["by"] = "hand"
    return Beat(now, kind, facts)


def check(log: Path, now: datetime) -> Beat:
    """Return the last beat; raises Overdue where there is none, or the one after it should have come by now."""
    last = last_beat(log)
    if last is None:
        raise Overdue(f"{log} has no heartbeat; is the service running?")
    if last.next is None:
        raise Overdue(f"The last heartbeat, {timestamp(last.at)}, does not say when the next one is due.")
    if now > last.next + GRACE:
        late = timedelta(seconds=int((now - last.next).total_seconds()))
        raise Overdue(f"The heartbeat due at {timestamp(last.next)} is {late} late; the last was {timestamp(last.at)}.")
    return last


async def _database() -> dict[str, str]:
    started = perf_counter()
    try:
        async with snapshot(timeout=PATIENCE, reserved=True) as seen:
            newest = seen.labels.last_date
    except DatabaseUnavailable as error:
        return {"database": "away", "error": type(error.__cause__ or error).__name__}
    latency = (perf_counter() - started) * 1000
    return {
        "database": "ok",
        "latency_ms": f"{latency:.1f}",
        "newest_date": newest.isoformat() if newest else "none",
    }
