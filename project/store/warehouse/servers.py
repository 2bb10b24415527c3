"""The servers that one process reads from: the standbys of `DATABASE_READ_URL`, then the primary.

Standbys replay what the primary did, each with a delay of its own. So that no client sees time run backwards, a
process never answers below the highest data version that it has answered (its floor), nor below the one that a request
wants. A server that is behind is asked again for a moment; then the next one is asked. Only the primary can lower the
floor: it lacks versions after a backup was restored, or a standby promoted that had not received everything.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from contextvars import Context, ContextVar
from dataclasses import dataclass
from time import monotonic
from typing import Any

import asyncpg
from loguru import logger

from project.errors import DatabaseUnavailable, Interrupted, NotMigrated, QueryTooSlow
from project.store.postgres.connections import fetch_alone, is_standby, read_only_transaction
from project.store.postgres.engine import DsnClient
from project.store.postgres.errors import database_errors
from project.store.warehouse import data_version
from project.store.warehouse.data_version import DataVersion

_RETRY_SECONDS = 0.25
"""Seconds for which a standby that is behind is asked again: most replay a load within some milliseconds."""
_PAUSE = 0.02
_SECONDS_BETWEEN_RETRIES = 1.0
"""How often a standby that is left out is tried again."""
_TIMEOUT = 2.0

_WENT_BACK = (
    "The primary has data version {}, and {} was there before: was a backup restored, or a standby promoted that "
    "lacked the last loads?"
)
# A standby that has replayed all that it receives is at the primary's time, as long as it is connected.
_DELAY = """\
SELECT CASE
    WHEN NOT pg_is_in_recovery() THEN 0
    WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0
    ELSE extract(epoch FROM clock_timestamp() - coalesce(pg_last_xact_replay_timestamp(), pg_postmaster_start_time()))
END::float8"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The data version that a request wants at least: its client has `held`, and asks for `asked`."""

    held: int = 0
    asked: int = 0


_ANY = Wanted()

wanted: ContextVar[Wanted] = ContextVar("wanted", default=_ANY)
"""What the current request wants."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a server is behind the primary: in seconds, and in data versions; None where it is not known.

    `error` says why it does not answer.
    """

    name: str
    seconds: float | None = None
    versions: int | None = None
    error: str = ""


Begun = tuple["asyncpg.Connection[Any]", DataVersion]


class Servers:
    """The servers of one process, and its floor: the highest data version that it has answered."""

    def __init__(self, primary: DsnClient) -> None:
        self.floor = 0
        self._primary = primary
        self._standbys = [_Standby(name, client, self) for name, client in primary.replicas.items()]

    @property
    def minimum(self) -> int:
        """The lowest data version that the current request may be answered with."""
        request = wanted.get()
        return max(self.floor, request.held, request.asked)

    async def fetch(self, sql: str, *values: Any) -> Sequence[asyncpg.Record]:
        """Run one statement that reads, without a transaction, on the first server, whatever its data version.

        Return nothing where that is a standby that fails. Raises DatabaseUnavailable, and the driver's errors.
        """
        standby = next((standby for standby in self._standbys if not standby.left_out), None)
        if standby is None:
            return await fetch_alone(self._primary, sql, *values)
        try:
            with database_errors():
                return await fetch_alone(standby.client, sql, *values)
        except QueryTooSlow:
            raise
        except DatabaseUnavailable as error:
            standby.leave_out(f"{error} ({error.cause})")
            return ()

    async def look(self) -> DataVersion:
        """Return the newest data version, whatever a request wants, with one statement where that is not too old."""
        wanted.set(_ANY)
        rows = await self.fetch(data_version.READ)
        if rows and (version := data_version.version_of(rows)).number >= self.floor:
            self.floor = version.number
            return version
        async with self.transaction() as (_, version):
            return version

    @asynccontextmanager
    async def transaction(self, *, primary: bool = False) -> AsyncIterator[Begun]:
        """Begin a read-only transaction that sees the wanted data version or a newer one; with `primary`, only there.

        Raises InvalidRequest where the primary lacks the version that is asked for, DatabaseUnavailable, and the
        driver's errors.
        """
        async with AsyncExitStack() as stack:
            standby, opened = await self._begin(stack, () if primary else self._standbys)
            self.floor = max(self.floor, opened[1].number)
            try:
                with database_errors():
                    yield opened
            except (Interrupted, NotMigrated) as error:
                if standby is None:
                    raise
                # A conflict with what it replays, its end, or a migration that it lacks: the next server may answer.
                standby.leave_out(f"a query failed ({error.cause})")
                raise Interrupted(str(error)) from error.__cause__

    @asynccontextmanager
    async def newest(self) -> AsyncIterator["asyncpg.Connection[Any]"]:
        """Begin a read-only transaction on the primary; while it is away, on a standby, whatever its data version."""
        async with AsyncExitStack() as stack:
            try:
                with database_errors():
                    connection = await stack.enter_async_context(read_only_transaction(self._primary))
            except DatabaseUnavailable:
                for standby in self._standbys:
                    if opened := await standby.begin(stack, 0):
                        connection = opened[0]
                        break
                else:
                    raise
            yield connection

    async def lags(self) -> Sequence[Lag]:
        """Return how far the primary, which is the first, and each standby are behind; nothing without standbys."""
        if not self._standbys:
            return ()
        clients = {"primary": self._primary, **self._primary.replicas}
        states = await asyncio.gather(*map(_state_of, clients.values()))
        return [lag_of(name, state, states[0]) for name, state in zip(clients, states, strict=True)]

    async def _begin(self, stack: AsyncExitStack, standbys: Sequence["_Standby"]) -> tuple["_Standby | None", Begun]:
        floor, minimum = self.floor, self.minimum
        end = monotonic() + _RETRY_SECONDS
        while used := [standby for standby in standbys if not standby.left_out]:
            for standby in used:
                if opened := await standby.begin(stack, minimum):
                    return standby, opened
            if monotonic() > end:
                break
            await asyncio.sleep(_PAUSE)
        try:
            return None, await self._begin_on_primary(stack, floor, minimum)
        except DatabaseUnavailable as error:
            answering = [standby for standby in standbys if standby.answers]
            for standby in answering:
                if opened := await standby.begin(stack, minimum):
                    return standby, opened
            if answering:
                text = f"No standby has data version {minimum} yet, and the primary is away."
                raise DatabaseUnavailable(text) from error.__cause__ or error
            raise

    async def _begin_on_primary(self, stack: AsyncExitStack, floor: int, minimum: int) -> Begun:
        connection, version = await _begin(stack, self._primary)
        number, asked = version.number, wanted.get().asked
        if number < minimum and is_standby(connection):
            raise DatabaseUnavailable(f"DATABASE_URL names a standby, which does not have data version {minimum} yet.")
        if number < floor:
            logger.warning(_WENT_BACK, number, floor)
        self.floor = number if number < floor else max(self.floor, number)
        if number < asked:
            raise data_version.not_there_yet("min_version", asked, number)
        return connection, version


class _Standby:
    """A standby: its pool, whether it `answers`, and whether it is `left_out`."""

    def __init__(self, name: str, client: DsnClient, servers: Servers) -> None:
        self.name = name
        self.client = client
        self.answers = True
        self.left_out = False
        self._behind_since: float | None = None
        self._servers = servers

    async def begin(self, stack: AsyncExitStack, minimum: int) -> Begun | None:
        """Begin a transaction, which `stack` ends. None where the standby is behind or does not answer."""
        async with AsyncExitStack() as attempt:
            try:
                opened = await _begin(attempt, self.client)
            except DatabaseUnavailable as error:
                self.answers = False
                self.leave_out(f"{error} ({error.cause})")
                return None
            self.answers, number, floor = True, opened[1].number, self._servers.floor
            self._behind_since = (self._behind_since or monotonic()) if number < floor else None
            if self._behind_since and monotonic() > self._behind_since + _RETRY_SECONDS:
                self.leave_out(f"it has data version {number}, and {floor} was there before")
            if number < minimum:
                return None
            stack.push_async_exit(attempt.pop_all())
            return opened

    def leave_out(self, reason: str) -> None:
        """Read from other servers, until it answers and has the floor."""
        if self.left_out:
            return
        self.left_out = True
        logger.warning("Reads leave out the standby {}: {}", self.name, reason)
        task = asyncio.create_task(self._retry(), context=Context())
        self.client.tasks.add(task)
        task.add_done_callback(self.client.tasks.discard)

    async def _retry(self) -> None:
        while self.left_out:
            await asyncio.sleep(_SECONDS_BETWEEN_RETRIES)
            with suppress(TimeoutError):
                async with asyncio.timeout(_TIMEOUT), AsyncExitStack() as stack:
                    self.left_out = await self.begin(stack, self._servers.floor) is None
        logger.info("Reads use the standby {} again.", self.name)


async def _begin(stack: AsyncExitStack, client: DsnClient) -> Begun:
    async with AsyncExitStack() as attempt:
        with database_errors():
            connection = await attempt.enter_async_context(read_only_transaction(client))
            version = await data_version.read(connection)
        stack.push_async_exit(attempt.pop_all())
        return connection, version


ServerState = tuple[int, float | None] | DatabaseUnavailable
"""The data version of a server, and by how many seconds it is behind where that is known; or why it does not answer."""


async def read_state(connection: "asyncpg.Connection[Any]") -> ServerState:
    """Return the state of a server. Raises DatabaseUnavailable."""
    with database_errors():
        version = await data_version.read(connection)
        delay: float | None = None
        # Some providers' standbys replay no log.
        with suppress(asyncpg.FeatureNotSupportedError):
            delay = await connection.fetchval(_DELAY)
        return version.number, delay


def lag_of(name: str, state: ServerState, primary: ServerState) -> Lag:
    """Return how far a standby in this state is behind a primary in this state."""
    if isinstance(state, DatabaseUnavailable):
        return Lag(name, error=f"{state} ({state.cause})")
    versions = None if isinstance(primary, DatabaseUnavailable) else max(0, primary[0] - state[0])
    return Lag(name, state[1], versions)


async def _state_of(client: DsnClient) -> ServerState:
    try:
        with database_errors(connecting=client.address):
            async with asyncio.timeout(_TIMEOUT), client.acquire_connection() as connection:
                return await read_state(connection)
    except DatabaseUnavailable as error:
        return error
