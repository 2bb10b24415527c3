"""One leader among the processes that could run the scheduled jobs.

On one host it is whoever holds the lock on a file: the kernel gives it back when its holder dies, however it dies, it
works with the database down, and there is only ever one writer of the heartbeat log. Across hosts
(`SCHEDULER_LOCK=postgres`) the candidate of each host also needs an advisory lock of the database, which ends with the
connection that holds it; the slots that were filled are written down there, since each host has a log of its own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from filelock import FileLock, Timeout
from loguru import logger

from project.jobs.heartbeat_log import last_completed_slot
from project.settings import Settings
from project.store.postgres.connections import write_connection

SECONDS_BETWEEN_TRIES = 1.0

_LOCK = 0x0AD1EAD  # any number; only leaders take it
_JOB = "heartbeat"

_PATIENCE = 3.0
"""Seconds without an answer from the database after which a leader steps down."""

_KEEPALIVE = {"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "1", "tcp_keepalives_count": "4"}
"""After 9 s without a sign of a leader the server gives its lock back; by then it has stepped down."""

_FILLED = "SELECT slot FROM job_slot WHERE job = $1"
_FILL = """\
INSERT INTO job_slot AS filled (job, slot) VALUES ($1, $2)
ON CONFLICT (job) DO UPDATE SET slot = EXCLUDED.slot WHERE filled.slot < EXCLUDED.slot
RETURNING true"""


class Leader(Protocol):
    """What the process that leads knows and may do."""

    @property
    def last_completed_slot(self) -> datetime | None:
        """The moment up to which every slot has its heartbeat; None where there was none yet."""

    def claim_slot(self, slot: datetime) -> AbstractAsyncContextManager[bool]:
        """Hold a slot while its heartbeat is written; False where it has one already."""

    async def lost(self) -> None:
        """Return when this process leads no more."""


@asynccontextmanager
async def leadership(settings: Settings) -> AsyncIterator[Leader]:
    """Wait until this process is the leader, and be it inside the block."""
    async with _first_on_host(settings.heartbeat_log), AsyncExitStack() as stack:
        if settings.scheduler_lock == "file":
            yield LeaderOnHost(settings.heartbeat_log)
        else:
            yield await _first_in_database(settings, stack)


def lock_for(log: Path) -> FileLock:
    """Return the lock that the one writer of this log holds, not yet taken."""
    path = log.resolve().with_name(f".{log.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FileLock(path, timeout=0, mode=0o600)


class LeaderOnHost:
    """A leader among the processes of a host: the log itself says what has been written."""

    def __init__(self, log: Path) -> None:
        self._log = log

    @property
    def last_completed_slot(self) -> datetime | None:
        """The moment of the newest heartbeat."""
        return last_completed_slot(self._log)

    @asynccontextmanager
    async def claim_slot(self, _slot: datetime) -> AsyncIterator[bool]:
        """Nobody else writes."""
        yield True

    async def lost(self) -> None:
        """Only death takes the lock away."""
        await asyncio.Event().wait()


class LeaderInDatabase:
    """A leader among hosts."""

    def __init__(self, connection: "asyncpg.Connection[Any]", filled: datetime | None) -> None:
        self.last_completed_slot = filled
        self._connection = connection
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def claim_slot(self, slot: datetime) -> AsyncIterator[bool]:
        """Write the slot down, for good when the block has ended."""
        async with self._one_at_a_time, self._connection.transaction():
            yield bool(await self._connection.fetchval(_FILL, _JOB, slot))

    async def lost(self) -> None:
        """Ask every second whether the connection that holds the lock is still there."""
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_TRIES)
            try:
                async with asyncio.timeout(_PATIENCE), self._one_at_a_time:
                    await self._connection.fetchval("SELECT 1")
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                logger.warning("This process leads no more: the database is away ({}).", type(error).__name__)
                self._connection.terminate()
                return


@asynccontextmanager
async def _first_on_host(log: Path) -> AsyncIterator[None]:
    lock = lock_for(log)
    while True:
        try:
            lock.acquire()
        except Timeout:
            await asyncio.sleep(SECONDS_BETWEEN_TRIES)
        else:
            break
    try:
        yield
    finally:
        lock.release()


async def _first_in_database(settings: Settings, stack: AsyncExitStack) -> LeaderInDatabase:
    """Return when this process has the lock. Raises DatabaseUnavailable."""
    connection = await stack.enter_async_context(write_connection(settings, "leader", **_KEEPALIVE))
    # Asked again and again, rather than waited for: a wait would not notice that the network is gone.
    while not await connection.fetchval(  # noqa: ASYNC110
        "SELECT pg_try_advisory_lock($1)", _LOCK, timeout=_PATIENCE
    ):
        await asyncio.sleep(SECONDS_BETWEEN_TRIES)
    return LeaderInDatabase(connection, await connection.fetchval(_FILLED, _JOB, timeout=_PATIENCE))
