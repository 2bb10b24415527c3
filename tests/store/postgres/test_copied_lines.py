"""Lines that are copied into a table, while the server takes them and while it does not."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from project.errors import Interrupted
from project.store.postgres.copied_lines import copy_lines
from project.store.postgres.errors import database_errors

MEGABYTE = b"1\n" * (1 << 19)
"""More than a socket buffers."""


async def lines(blocks: int) -> AsyncIterator[bytes]:
    for _ in range(blocks):
        yield MEGABYTE


async def test_all_lines_are_copied(connection: asyncpg.Connection) -> None:
    await connection.execute("CREATE TEMPORARY TABLE numbers (number integer)")
    await copy_lines(connection, "numbers", lines(2), ["number"])
    assert await connection.fetchval("SELECT count(*) FROM numbers WHERE number = 1") == 2 << 19


async def test_a_wrong_line_is_the_servers_error(connection: asyncpg.Connection) -> None:
    await connection.execute("CREATE TEMPORARY TABLE numbers (number smallint)")

    async def wrong() -> AsyncIterator[bytes]:
        yield b"70000\n"

    with pytest.raises(asyncpg.NumericValueOutOfRangeError):
        await copy_lines(connection, "numbers", wrong(), ["number"])
    assert await connection.fetchval("SELECT count(*) FROM numbers") == 0


async def test_a_connection_that_ends_while_the_server_takes_no_lines(
    database: str, connection: asyncpg.Connection
) -> None:
    await connection.execute("CREATE TABLE numbers (number integer)")
    blocked = await asyncpg.connect(database)
    async with connection.transaction():
        await connection.execute("LOCK TABLE numbers")
        copying = asyncio.create_task(in_a_transaction(blocked))
        pid = blocked.get_server_pid()
        waits = "SELECT true FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock'"
        while not await connection.fetchval(waits, pid):
            await asyncio.sleep(0.01)
        await connection.execute("SELECT pg_terminate_backend($1)", pid)
        done, _ = await asyncio.wait({copying}, timeout=20)
    assert done
    error = copying.exception()
    assert isinstance(error, Interrupted)
    # Not what the rollback raised.
    assert isinstance(error.__cause__, asyncpg.ConnectionDoesNotExistError | asyncpg.AdminShutdownError)


async def in_a_transaction(connection: asyncpg.Connection) -> None:
    with database_errors():
        async with connection.transaction():
            await copy_lines(connection, "numbers", lines(50), ["number"])
