"""Reading: one request is one read-only transaction that sees one state of the data.

All its statements, and the labels that go with them, belong to the same data version, whatever is loaded meanwhile.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import asyncpg
import orjson
from asyncpg.transaction import Transaction
from loguru import logger
from tortoise.backends.asyncpg.client import TransactionWrapper
from tortoise.connection import get_connection

from project.errors import DatabaseUnavailable
from project.store.postgres.admission import Gate
from project.store.postgres.engine import DsnClient
from project.store.postgres.errors import BROKEN, database_errors
from project.store.postgres.statement_cache import Statement
from project.store.warehouse import labels
from project.store.warehouse.labels import DataVersion, Labels

_BLOCK_BYTES = 128 << 10
_BLOCKS_AHEAD = 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of the data, for as long as one request reads it."""

    connection: "asyncpg.Connection[Any]"
    labels: Labels

    @property
    def version(self) -> DataVersion:
        """Which state this is."""
        return self.labels.version

    async def fetch(self, statement: Statement) -> Sequence[asyncpg.Record]:
        """Run a compiled `.values_list()` queryset and return asyncpg's own records, in the order of its fields.

        Awaiting the queryset gives the same values, but converts each in Python first: a page of 100 rows took 2.7
        against 1.5 ms.
        """
        return await self.connection.fetch(statement.sql, *statement.values)

    async def copied(self, statement: Statement) -> AsyncGenerator[bytes, None]:
        """Run a statement and yield its rows as CSV, in blocks of an eighth of a megabyte that end with whole rows.

        The server is not read ahead of whoever takes the blocks by more than a few.
        """
        blocks: asyncio.Queue[bytes | None] = asyncio.Queue(_BLOCKS_AHEAD)
        buffer = bytearray()

        async def take(chunk: bytes) -> None:
            buffer.extend(chunk)
            if len(buffer) >= _BLOCK_BYTES:
                end = buffer.rindex(b"\n") + 1
                await blocks.put(bytes(buffer[:end]))
                del buffer[:end]

        async def copy() -> None:
            try:
                await self.connection.copy_from_query(statement.sql, *statement.values, output=take, format="csv")
                if buffer:
                    await blocks.put(bytes(buffer))
            finally:
                if wanted:
                    await blocks.put(None)

        wanted = True
        copying = asyncio.create_task(copy())
        try:
            while (block := await blocks.get()) is not None:
                yield block
            await copying
        finally:
            wanted = False
            if not copying.done():
                # Nobody takes the rest, and the connection has no other use before it is read.
                copying.cancel()
                self.connection.terminate()
            await asyncio.wait({copying})
            if not copying.cancelled():
                copying.exception()

    async def rows_to_read(self, statement: Statement) -> int:
        """Return how many rows the database expects to read for a statement. It only plans it."""
        text = await self.connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement.sql}", *statement.values)
        return round(_rows_of_scans(orjson.loads(text)[0]["Plan"]))

    @property
    def using_db(self) -> TransactionWrapper:
        """The transaction as Tortoise's `.using_db()` wants it: for model instances and what they prefetch."""
        client = cast("DsnClient", get_connection("default"))
        wrapper = TransactionWrapper(client)
        wrapper._connection = self.connection  # noqa: SLF001 - Tortoise has no public way to lend it a connection
        return wrapper


def _rows_of_scans(node: dict[str, Any], processes: float = 1) -> float:
    if "Workers Planned" in node:
        # Below, rows are those of one process; PostgreSQL counts the leader less, the more workers there are to serve.
        workers = int(node["Workers Planned"])
        processes = workers + max(0, 1 - 0.3 * workers)
    if below := node.get("Plans"):
        return sum(_rows_of_scans(one, processes) for one in below)
    return float(node["Plan Rows"]) * (processes if node["Parallel Aware"] else 1)


def gate() -> Gate:
    """Return the gate that snapshots pass."""
    return cast("DsnClient", get_connection("default")).gate


@asynccontextmanager
async def snapshot(within: float | None = None, *, reserved: bool = False) -> AsyncIterator[Snapshot]:
    """Begin a read-only transaction on a connection of the pool, with labels as fresh as its data.

    All of it, the block included, may take `within` seconds, by default those of a request. With `reserved` it takes
    the connection that is kept for what is short and must get through. Raises DatabaseUnavailable, or one of its kinds,
    also for whatever goes wrong with the database inside the block.
    """
    client = cast("DsnClient", get_connection("default"))
    with database_errors():
        async with (
            (client.side_gate if reserved else client.gate).passed(),
            asyncio.timeout(within or client.patience),
            _transaction(client) as connection,
        ):
            yield Snapshot(connection, await labels.refreshed(connection))


@asynccontextmanager
async def long_snapshot() -> AsyncIterator[Snapshot]:
    """Begin the same for a file, which is read for as long as its client takes it, on one of the connections for files.

    Raises as `snapshot`.
    """
    client = cast("DsnClient", get_connection("default"))
    with database_errors():
        async with client.export_gate.passed(), _transaction(client) as connection:
            await connection.execute("SET LOCAL statement_timeout = 0")
            yield Snapshot(connection, await labels.refreshed(connection))


@asynccontextmanager
async def _transaction(client: DsnClient) -> AsyncIterator["asyncpg.Connection[Any]"]:
    try:
        lent, connection, transaction = await _begin(client)
    except BROKEN as error:
        # A connection that broke while it lay idle (the server was restarted) shows it at its first statement.
        # Nothing has been read on it yet, so another one may serve, a new one: those beside it broke with it.
        logger.info("A database connection was broken ({}); trying another.", type(error).__name__)
        await client._expire_connections()  # noqa: SLF001 - Tortoise's name for the pool's own method
        lent, connection, transaction = await _begin(client)
    try:
        try:
            yield connection
        except (asyncio.CancelledError, TimeoutError):
            raise
        except BaseException:
            if not _is_closed(connection):
                await transaction.rollback()
            raise
        else:
            # Where it has been given up, there is nothing to commit: what was read was read.
            if not _is_closed(connection):
                await transaction.commit()
    except (asyncio.CancelledError, TimeoutError):
        # The server may never answer a ROLLBACK.
        if not _is_closed(connection):
            connection.terminate()
        raise
    finally:
        await lent.__aexit__(None, None, None)


def _is_closed(connection: "asyncpg.Connection[Any]") -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        # The pool has taken it back, as it does with one that is terminated.
        return True


async def _begin(client: DsnClient) -> tuple[Any, "asyncpg.Connection[Any]", Transaction]:
    lent = client.acquire_connection()
    try:
        # Neither Tortoise nor asyncpg would ever give up waiting for a free connection.
        async with asyncio.timeout(client.extra.get("timeout")):
            connection = await lent.__aenter__()
    except TimeoutError as error:
        raise DatabaseUnavailable("No database connection could be had in time.") from error
    try:
        transaction = connection.transaction(isolation="repeatable_read", readonly=True)
        await transaction.start()
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError | TimeoutError):
            connection.terminate()
        await lent.__aexit__(None, None, None)
        raise
    return lent, connection, transaction
