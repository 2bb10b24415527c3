"""Leader election: one process runs the scheduled jobs.

On one host, the leader holds a lock on a file beside the heartbeat log. The kernel releases it when its process dies,
it needs no database, and it guarantees that the log has one writer. Across hosts (`SCHEDULER_LOCK=postgres`) the leader
also holds an advisory lock of the database, which ends with its connection, and records completed slots in the
database, since each host has its own log.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from filelock import FileLock, Timeout
from loguru import logger

from project.errors import SettingsError
from project.jobs.clock import in_future
from project.jobs.cron import MISFIRE_GRACE
from project.jobs.heartbeat_log import future_line, last_completed_slot
from project.jobs.log_location import log_file
from project.logs import timestamp
from project.settings import Settings
from project.store.postgres.connections import INSTALLATION, cannot_write, is_standby, write_connection

SECONDS_BETWEEN_TRIES = 1.0

_LOCK = 0x0AD1EAD  # any number; only leaders take it

_TIMEOUT = 3.0
"""Seconds without an answer from the database after which a leader steps down."""

_KEEPALIVE = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "1", "tcp_keepalives_count": "4"}
"""The server releases the lock after 9 s without a sign of the leader, which has stepped down by then."""

_TRY_LOCK = f"SELECT pg_try_advisory_lock($1, {INSTALLATION})"
_SET_BACK = "UPDATE job_slot SET slot = $1 WHERE job = 'heartbeat'"
_LAST_SLOT = "SELECT slot FROM job_slot WHERE job = 'heartbeat'"
_CLAIM = """\
INSERT INTO job_slot AS completed (job, slot) VALUES ('heartbeat', $1)
ON CONFLICT (job) DO UPDATE SET slot = EXCLUDED.slot WHERE completed.slot < EXCLUDED.slot
RETURNING true"""


@asynccontextmanager
async def leadership(settings: Settings) -> AsyncIterator["Leader"]:
    """Wait until this process is the leader, and lead inside the block. Raises DatabaseUnavailable."""
    log = log_file(settings)
    async with _host_lock(log):
        if future := future_line(log):
            message = "{} ends with a line of {}: the clock was ahead. Lines in the future are ignored."
            logger.warning(message, log.name, timestamp(future.at))
        if settings.scheduler_lock == "file":
            yield HostLeader(log)
            return
        async with write_connection(settings, "leader", direct=True, **_KEEPALIVE) as connection:
            if is_standby(connection):
                # It would lock, for itself alone.
                raise cannot_write(connection)
            # It polls: a blocking wait would not notice that the network is gone.
            while not await connection.fetchval(_TRY_LOCK, _LOCK, timeout=_TIMEOUT):  # noqa: ASYNC110
                await asyncio.sleep(SECONDS_BETWEEN_TRIES)
            yield DatabaseLeader(connection, await _believed_slot(connection))


def lock_for(log: Path) -> FileLock:
    """Return the lock of the one writer of this log, not yet acquired. Raises OSError."""
    path = log.resolve().with_name(f".{log.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # FileLock would wait for a file that cannot be created as if another process had the lock.
    path.touch(mode=0o600)
    return FileLock(path, timeout=0, mode=0o600)


def check_lock(log: Path) -> None:
    """Raise SettingsError where no process could ever get the lock of this log."""
    try:
        with suppress(Timeout), lock_for(log):
            pass
    except OSError as error:
        raise SettingsError(
            f"The lock of HEARTBEAT_LOG={log} cannot be acquired: {error.strerror or error}: "
            f"{error.filename or log.parent}. Name a log on a local disk that this account may write to."
        ) from error


class HostLeader:
    """The leader among the processes of one host: its log has the completed slots."""

    def __init__(self, log: Path) -> None:
        self.last_completed_slot = last_completed_slot(log)

    @asynccontextmanager
    async def claim_slot(self, _slot: datetime) -> AsyncIterator[bool]:
        """Hold a slot while its heartbeat is written. Yield True: the log has no other writer."""
        yield True

    async def lost(self) -> None:
        """Return when this process is no longer the leader: never, since the lock ends with the process."""
        await asyncio.Event().wait()


class DatabaseLeader:
    """The leader among hosts: the database has the completed slots."""

    def __init__(self, connection: "asyncpg.Connection[Any]", last_slot: datetime | None) -> None:
        self.last_completed_slot = last_slot
        self._connection = connection
        self._connection_lock = asyncio.Lock()

    @asynccontextmanager
    async def claim_slot(self, slot: datetime) -> AsyncIterator[bool]:
        """Hold a slot while its heartbeat is written. Yield False where another leader has completed it."""
        async with self._connection_lock, self._connection.transaction():
            yield bool(await self._connection.fetchval(_CLAIM, slot))

    async def lost(self) -> None:
        """Return when this process is no longer the leader: it tests the connection with the lock every second."""
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_TRIES)
            try:
                async with asyncio.timeout(_TIMEOUT), self._connection_lock:
                    await self._connection.fetchval("SELECT 1")
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                logger.warning("This process is no longer the leader: the database is away ({}).", type(error).__name__)
                self._connection.terminate()
                return


Leader = HostLeader | DatabaseLeader


async def _believed_slot(connection: "asyncpg.Connection[Any]") -> datetime | None:
    """Return the last completed slot. One in the future, which would silence all hosts, is set back."""
    slot: datetime | None = await connection.fetchval(_LAST_SLOT, timeout=_TIMEOUT)
    if slot is None or not in_future(slot):
        return slot
    # Slots that are older are not repeated.
    believed = datetime.now(UTC) - MISFIRE_GRACE
    logger.warning("The last completed slot, {}, is in the future: a clock was ahead. It is set back.", timestamp(slot))
    await connection.execute(_SET_BACK, believed, timeout=_TIMEOUT)
    return believed


@asynccontextmanager
async def _host_lock(log: Path) -> AsyncIterator[None]:
    lock = lock_for(log)
    while True:
        try:
            lock.acquire()
            break
        except Timeout:
            await asyncio.sleep(SECONDS_BETWEEN_TRIES)
    try:
        yield
    finally:
        lock.release()
