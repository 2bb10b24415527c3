"""Snapshots: a request reads one state of the data, in one read-only transaction or in one statement.

All its statements, and its labels, are of the same data version, also during a load.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import asyncpg
import orjson
from tortoise.backends.asyncpg.client import TransactionWrapper
from tortoise.connection import get_connection

from project.errors import InvalidRequest, StateMoved
from project.store.postgres.admission import AdmissionControl
from project.store.postgres.connections import fetch_alone
from project.store.postgres.copied_rows import copied_rows
from project.store.postgres.engine import DsnClient
from project.store.postgres.errors import database_errors
from project.store.postgres.query_plan import rows_to_read
from project.store.postgres.single_flight import NextFlight
from project.store.postgres.statement_cache import Statement
from project.store.warehouse import commits, data_version
from project.store.warehouse.data_version import DataVersion
from project.store.warehouse.labels import Labels, load_labels
from project.store.warehouse.servers import Servers

Result = TypeVar("Result")

_LOOK_TIMEOUT = 5.0
"""Seconds for one short statement, which blocks others that use the reserved connection."""


@dataclass(slots=True)
class Snapshot:
    """One state of the data, while a request reads it."""

    connection: "asyncpg.Connection[Any]"
    labels: Labels

    @property
    def version(self) -> DataVersion:
        """The data version."""
        return self.labels.version

    async def fetch(self, statement: Statement) -> Sequence[asyncpg.Record]:
        """Run a compiled `.values_list()` queryset and return asyncpg's records, which begin with its fields in order.

        Awaiting the queryset returns the same values, but converts each in Python: a page of 100 rows took 2.7 against
        1.5 ms.
        """
        return await self.connection.fetch(statement.sql, *statement.values)

    def copied(self, statement: Statement) -> AsyncGenerator[bytes, None]:
        """Run a statement and return its rows as CSV (`store.postgres.copied_rows`)."""
        return copied_rows(self.connection, statement)

    async def rows_to_read(self, statement: Statement) -> int:
        """Return how many rows the database expects to read for a statement, from its plan."""
        text = await self.connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement.sql}", *statement.values)
        return round(rows_to_read(orjson.loads(text)[0]["Plan"]))

    @property
    def using_db(self) -> TransactionWrapper:
        """The transaction as an argument of Tortoise's `.using_db()`, for model instances and their relations."""
        return lent(self.connection)


def lent(connection: "asyncpg.Connection[Any]") -> TransactionWrapper:
    """Return the transaction of a connection as an argument of Tortoise's `.using_db()`."""
    wrapper = TransactionWrapper(_client())
    wrapper._connection = connection  # noqa: SLF001 - Tortoise has no public way to lend it a connection
    return wrapper


class _StateOfLabels(Snapshot):
    """The state that the labels in memory are of, for at most one statement, which tells whether it has read that."""

    __slots__ = ("is_checked",)

    def __init__(self, labels: Labels) -> None:
        super().__init__(cast("Any", None), labels)
        self.is_checked = False

    async def fetch(self, statement: Statement) -> Sequence[asyncpg.Record]:
        if self.is_checked:
            raise RuntimeError("a question of several statements needs a transaction")
        records = await servers().fetch(data_version.with_version(statement.sql), *statement.values)
        if not records or not self.version.is_of(records[0]):
            raise _VersionMovedError
        self.is_checked = True
        return [] if len(records) == 1 and set(records[0][:-2]) == {None} else records

    async def check(self) -> None:
        """Raise _VersionMovedError where the state is another by now, unless the statement has read it."""
        if not self.is_checked and await newest_version() != self.version:
            raise _VersionMovedError


class _VersionMovedError(Exception):
    """The labels in memory are not of the state that the database has."""


def servers() -> Servers:
    """Return the servers that this process reads from."""
    client = _client()
    client.servers = client.servers or Servers(client)
    return cast("Servers", client.servers)


def admission() -> AdmissionControl:
    """Return the admission control of snapshots."""
    return _client().admission


def known_labels() -> Labels | None:
    """Return the labels of the last snapshot; None before the first."""
    labels: Labels | None = _client().labels
    return labels


async def newest_labels() -> Labels:
    """Return the labels of the newest data version. Raises DatabaseUnavailable."""
    _, labels = await of_one_state(_nothing, single_statement=True)
    return labels


async def newest_version() -> DataVersion:
    """Return the newest data version, with one statement for all who ask at the same time. Raises DatabaseUnavailable.

    It uses the connection that is reserved for short requests.
    """
    client = _client()
    if client.look is None:
        client.look = NextFlight(lambda: _look(client))
    version: DataVersion = await client.look()
    if version.number < servers().minimum:
        # This request wants more than others who share the look; it may wait, so not on the reserved connection.
        async with snapshot() as current:
            return current.version
    return version


async def of_one_state(
    read: Callable[[Snapshot], Awaitable[Result]], *, single_statement: bool = False
) -> tuple[Result, Labels]:
    """Return what `read` reads from a snapshot, and the labels of the same state. Raises as `snapshot`.

    A read of at most one statement needs no transaction: the statement brings the data version along. Where that is not
    the one of the labels in memory, `read` is called again, in a transaction, with labels of what it sees.
    """
    client = _client()
    labels: Labels | None = client.labels
    is_newest = labels is not None and labels.version == client.newest_version and not labels.on_citus
    if single_statement and labels is not None and is_newest and labels.version.number >= servers().minimum:
        current = _StateOfLabels(labels)
        try:
            with database_errors():
                async with client.admission.slot(), asyncio.timeout(client.request_timeout):
                    try:
                        result = await read(current)
                    except InvalidRequest:
                        # Older labels may be at fault.
                        await current.check()
                        raise
                    await current.check()
                    return result, labels
        except _VersionMovedError:
            pass
    async with snapshot() as newest:
        return await read(newest), newest.labels


@asynccontextmanager
async def snapshot(
    timeout: float | None = None,  # noqa: ASYNC109 - the block runs under it
    *,
    reserved: bool = False,
    primary: bool = False,
) -> AsyncIterator[Snapshot]:
    """Begin a read-only transaction on a connection of a pool, with labels of the same data version.

    The transaction and the block may take `timeout` seconds, by default those of a request. `reserved` uses the
    connection that is reserved for short requests that must succeed under load; `primary` asks no standby. Raises
    DatabaseUnavailable or a subclass of it, also for errors of the database inside the block, and InvalidRequest where
    a request wants a data version that is not there (`store.warehouse.servers`); on Citus StateMoved, after the block,
    where a load was committed meanwhile.
    """
    client = _client()
    with database_errors():
        async with (
            (client.reserved_admission if reserved else client.admission).slot(),
            asyncio.timeout(timeout or client.request_timeout),
            _transaction(client, primary=primary, checked=not reserved) as current,
        ):
            yield current


@asynccontextmanager
async def newest_transaction(timeout: float) -> AsyncIterator["asyncpg.Connection[Any]"]:  # noqa: ASYNC109 - as above
    """Begin a short read-only transaction on the primary, or while it is away, on a standby. Raises as `snapshot`."""
    with database_errors():
        async with _client().reserved_admission.slot(), asyncio.timeout(timeout), servers().newest() as connection:
            yield connection


@asynccontextmanager
async def long_snapshot() -> AsyncIterator[Snapshot]:
    """Begin a snapshot without a timeout, on one of the connections for exports. Raises as `snapshot`."""
    client = _client()
    with database_errors():
        async with client.export_admission.slot(), _transaction(client) as current:
            await current.connection.execute("SET LOCAL statement_timeout = 0")
            yield current


@asynccontextmanager
async def _transaction(client: DsnClient, *, primary: bool = False, checked: bool = True) -> AsyncIterator[Snapshot]:
    """Begin a transaction with labels of the same data version. On Citus, raise StateMoved where it was not one.

    Without `checked` it may not be one: for what reads the coordinator only.
    """
    current: Snapshot | None = None
    try:
        async with servers().transaction(primary=primary) as (connection, version):
            current = Snapshot(connection, await _labels(client, connection, version))
            checked = checked and current.labels.on_citus
            if checked and not await commits.begin_read(connection):
                raise StateMoved
            yield current
    except (InvalidRequest, LookupError) as error:
        # Facts may be newer than the labels.
        if checked and current and await _has_moved(client, current.version):
            raise StateMoved from error
        raise
    if checked and await _has_moved(client, current.version):
        raise StateMoved


async def _has_moved(client: DsnClient, version: DataVersion) -> bool:
    [(number, is_idle)] = await fetch_alone(client, commits.VERSION_NOW)
    return bool(number != version.number or not is_idle)


def _client() -> DsnClient:
    return cast("DsnClient", get_connection("default"))


async def _nothing(_snapshot: Snapshot) -> None:
    pass


async def _look(client: DsnClient) -> DataVersion:
    with database_errors():
        async with client.reserved_admission.slot(), asyncio.timeout(_LOOK_TIMEOUT):
            return _noted(client, await servers().look())


async def _labels(client: DsnClient, connection: "asyncpg.Connection[Any]", version: DataVersion) -> Labels:
    """Return the labels of the data version that the connection sees, and load them only when it moved."""
    _noted(client, version)
    labels: Labels | None = client.labels
    if labels is None or labels.version != version:
        labels = await load_labels(connection, version)
        if version.number >= servers().floor:
            # Not those of a transaction that began before a load, over those of one that came after it.
            client.labels = labels
    return labels


def _noted(client: DsnClient, version: DataVersion) -> DataVersion:
    """Note and return a version that was read: every answer is of one that came through here, or equals it."""
    if version.number >= servers().floor:
        client.newest_version = version
    return version
