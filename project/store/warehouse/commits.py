"""Commits of what changes facts, and how a reader on Citus knows that it read one state of the data.

PostgreSQL commits at once. On Citus, one server commits after the other, and each has a snapshot of its own, taken when
a request first reads there: a request could read facts of two versions. So the writer holds a lock from before its
commit until the last server has committed, and then moves the data version once more. A reader read one state if the
version was the same before its first statement and after its last one, and nobody held the lock at either time.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from asyncpg.transaction import Transaction

from project.store.postgres.connections import INSTALLATION
from project.store.warehouse import data_version

_COMMITTING = 0x0AD10AE  # any number; only commits on Citus lock it
_KEYS = f"{_COMMITTING}, {INSTALLATION}"
_MOVED_ON_CITUS = """\
SELECT xmin = pg_current_xact_id_if_assigned()::xid AND EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')
FROM data_version"""
# In one statement, since a pooler may give the next one another session.
_IS_IDLE = f"CASE WHEN pg_try_advisory_lock_shared({_KEYS}) THEN pg_advisory_unlock_shared({_KEYS}) ELSE false END"
_BEGIN_READ = f"SELECT {_IS_IDLE}, set_config('citus.max_adaptive_executor_pool_size', '4', true)"
VERSION_NOW = f"SELECT version, {_IS_IDLE} FROM data_version"  # noqa: S608
"""Reads the number of the data version, and whether no commit is under way."""


async def commit(connection: "asyncpg.Connection[Any]", transaction: Transaction) -> None:
    """Commit a transaction. On Citus, one that moved the data version moves it once more when all servers have it."""
    on_citus = await connection.fetchval(_MOVED_ON_CITUS)
    if on_citus:
        # PostgreSQL releases it after Citus has committed everywhere.
        await connection.execute(f"SELECT pg_advisory_xact_lock({_KEYS})")
    await transaction.commit()
    if on_citus:
        await data_version.move(connection)


@asynccontextmanager
async def transaction(
    connection: "asyncpg.Connection[Any]",
    end: Callable[["asyncpg.Connection[Any]", Transaction], Awaitable[None]] = commit,
) -> AsyncIterator[None]:
    """Begin a transaction that may change facts. `end` ends it; where the block raises, it is rolled back."""
    writing = connection.transaction()
    await writing.start()
    try:
        yield
    except BaseException:
        if not connection.is_closed():
            await writing.rollback()
        raise
    await end(connection, writing)


async def begin_read(connection: "asyncpg.Connection[Any]") -> bool:
    """Return whether no commit is under way; let the transaction open four connections to a server, of its 16."""
    return bool(await connection.fetchval(_BEGIN_READ))
