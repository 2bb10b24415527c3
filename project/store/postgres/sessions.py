"""Sessions: how a connection begins, to a server or to a pooler before it.

A pooler refuses parameters of a start that it does not know, so settings follow as a statement. One that gives each
transaction another session keeps none of them: there, each transaction sets its own.
"""

from collections.abc import Mapping
from typing import Any

import asyncpg

from project.database_url import Address
from project.errors import DatabaseUnavailable
from project.store.postgres.errors import TRANSACTION_POOLER, database_errors

_session_poolers: set[str] = set()
"""The URLs of poolers that were found to give each connection one session."""


async def connect(
    address: Address,
    name: str,
    settings: Mapping[str, str] | None = None,
    timeout: float = 30,  # noqa: ASYNC109 - the driver's own
) -> "asyncpg.Connection[Any]":
    """Connect, with settings for the session where a session lasts. `pg_stat_activity` shows `name`.

    Raises DatabaseUnavailable.
    """
    with database_errors(connecting=address):
        connection: asyncpg.Connection[Any] = await asyncpg.connect(**address.arguments(name), timeout=timeout)
        try:
            await begin(connection, address, settings or {})
        except BaseException:
            connection.terminate()
            raise
    return connection


async def begin(connection: "asyncpg.Connection[Any]", address: Address, settings: Mapping[str, str]) -> None:
    """Set settings for the new session, after those of the URL.

    Raises DatabaseUnavailable where the session ends with each transaction and DATABASE_POOLER does not say so: what is
    set would reach other clients of the pooler, and prepared statements would be those of others.
    """
    if address.pooled:
        return
    if await _changes_session(connection, address):
        raise DatabaseUnavailable(TRANSACTION_POOLER) from asyncpg.InterfaceError("another client got the session")
    if settings := {**address.settings, **settings}:
        await connection.execute(assignment(settings, local=False))


def assignment(settings: Mapping[str, str], *, local: bool) -> str:
    """Return the statement that makes these settings, for the transaction where `local`, else for the session."""
    calls = (f"set_config({_literal(name)}, {_literal(value)}, {local})" for name, value in settings.items())
    return f"SELECT {', '.join(calls)}"


async def _changes_session(connection: "asyncpg.Connection[Any]", address: Address) -> bool:
    """Return whether another client takes the session while this one is between two transactions."""
    # A pooler invents the process that it tells its clients.
    if address.url in _session_poolers or await _process(connection) == connection.get_server_pid():
        return False
    try:
        other = await asyncpg.connect(**address.arguments("ad-metrics"), timeout=5)
    except (asyncpg.PostgresError, OSError):
        # The pooler has no second session: its clients wait for each other's end.
        return False
    try:
        before = await _process(connection)
        async with other.transaction():
            taken = await _process(other)
            changes = before in {taken, None} or before != await _process(connection)
    finally:
        other.terminate()
    if not changes:
        _session_poolers.add(address.url)
    return changes


async def _process(connection: "asyncpg.Connection[Any]") -> int | None:
    """Return the process that serves the connection; None where it gets none, since others have all of them."""
    try:
        # Without a name: a pooler would keep the statement in a session of others.
        statement = await connection.prepare("SELECT pg_backend_pid()", name="", timeout=5)
        process: int = await statement.fetchval(timeout=5)
    except TimeoutError:
        return None
    return process


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"
