"""Read-only transactions on a connection of the pool, one for each request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from asyncpg.transaction import Transaction
from loguru import logger

from project.errors import DatabaseUnavailable
from project.store.postgres.engine import DsnClient
from project.store.postgres.errors import BROKEN


@asynccontextmanager
async def read_only_transaction(client: DsnClient) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """Begin a repeatable-read, read-only transaction on a connection of the pool.

    Raises the driver's errors (`store.postgres.errors`), and DatabaseUnavailable where no connection comes free.
    """
    try:
        lease, connection, transaction = await _begin(client)
    except BROKEN as error:
        # A connection that broke while idle, as when the server restarts, fails at its first statement. Nothing was
        # read on it, so a new one can replace it. The other idle ones broke too.
        logger.info("A database connection was broken ({}); trying another.", type(error).__name__)
        await client._expire_connections()  # noqa: SLF001 - Tortoise's name for the pool's own method
        lease, connection, transaction = await _begin(client)
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
            # The block may have terminated the connection; then there is nothing to commit.
            if not _is_closed(connection):
                await transaction.commit()
    except (asyncio.CancelledError, TimeoutError):
        # The server may never answer a ROLLBACK.
        if not _is_closed(connection):
            connection.terminate()
        raise
    finally:
        await lease.__aexit__(None, None, None)


def _is_closed(connection: "asyncpg.Connection[Any]") -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        # A terminated connection has returned to the pool.
        return True


async def _begin(client: DsnClient) -> tuple[Any, "asyncpg.Connection[Any]", Transaction]:
    lease = client.acquire_connection()
    try:
        # Tortoise and asyncpg would wait for a free connection without end.
        async with asyncio.timeout(client.extra.get("timeout")):
            connection = await lease.__aenter__()
    except TimeoutError as error:
        raise DatabaseUnavailable("No database connection came free in time.") from error
    try:
        transaction = connection.transaction(isolation="repeatable_read", readonly=True)
        await transaction.start()
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError | TimeoutError):
            connection.terminate()
        await lease.__aexit__(None, None, None)
        raise
    return lease, connection, transaction
