"""Connections to the database of `DATABASE_URL`, or to the embedded server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import asyncpg
from loguru import logger

from project import database_url
from project.commands import typed
from project.database_url import Address
from project.errors import DatabaseUnavailable, Interrupted, NotMigrated
from project.settings import Settings
from project.store.postgres.errors import database_errors, meaning_of
from project.store.postgres.sessions import connect

if TYPE_CHECKING:
    from project.store.postgres.engine import DsnClient

Notify = Callable[[str], None]
"""Reports progress, in one line of text, to the person who waits."""

_WRITES = 0x0AD10AD  # any number; only transactions that write facts or rollups lock it

INSTALLATION = "'data_version'::regclass::oid::int4"
"""The second half of the key of an advisory lock: each schema of a database may have an installation of its own."""

NAME_THE_PRIMARY = (
    "Let DATABASE_URL name the primary, or all hosts, as postgresql://h1,h2/database?target_session_attrs=read-write."
)

MODELS = ("project.store.models", "aerich.models")


def database_address(settings: Settings, *, direct: bool = False) -> Address:
    """Return the address of the database. Without `DATABASE_URL`, start the embedded server, which takes seconds.

    With `direct`, it is that of `DATABASE_DIRECT_URL`, where there is one, for what needs a session. Raises
    EmbeddedPostgresError, and ValueError where a file that the URL names is gone.
    """
    if direct and settings.database_direct_url:
        return database_url.parse(settings.database_direct_url)
    if settings.database_url:
        return database_url.parse(settings.database_url, pooled=settings.database_pooler == "transaction")
    from project.store.postgres.embedded import EmbeddedPostgres  # noqa: PLC0415 - most databases are others

    server = EmbeddedPostgres(settings.embedded_postgres_dir)
    server.start()
    return database_url.parse(server.url())


def standby_addresses(settings: Settings) -> Mapping[str, Address]:
    """Return the addresses of `DATABASE_READ_URL`, by host. DATABASE_POOLER is that of its poolers, too."""
    if not settings.database_read_url:
        return {}
    return database_url.parse(settings.database_read_url, pooled=settings.database_pooler == "transaction").by_host()


def serving_config(settings: Settings) -> dict[str, Any]:
    """Return the Tortoise configuration of the service: a pool of read-only connections with timeouts."""
    return tortoise_config(
        "project.store.postgres.engine",
        address=database_address(settings),
        replicas=standby_addresses(settings),
        minsize=settings.database_pool_min,
        maxsize=settings.database_pool_max,
        timeout=settings.database_pool_timeout,
        queue=settings.database_queue,
        exports=settings.database_exports,
        # The server's own timeout comes first and leaves the connection usable; this one is for a lost network.
        request_timeout=settings.database_statement_timeout + 5,
        statement_timeout=settings.database_statement_timeout,
        init=_read_numeric_as_text,
        settings=serving_settings(settings),
    )


def serving_settings(settings: Settings) -> dict[str, str]:
    """Return what PostgreSQL's settings are for the statements of the service, in its sessions or transactions."""
    return {
        "default_transaction_read_only": "on",
        "statement_timeout": str(int(settings.database_statement_timeout * 1000)),
        # A query ends when its worker has died or cancelled it.
        "client_connection_check_interval": "2s",
    }


@asynccontextmanager
async def read_only_transaction(client: "DsnClient") -> AsyncIterator["asyncpg.Connection[Any]"]:
    """Begin a repeatable-read, read-only transaction on a connection of the pool.

    Raises the driver's errors (`store.postgres.errors`), and DatabaseUnavailable where there is no connection.
    """
    try:
        lease, connection = await _begin(client)
    except Exception as error:
        if meaning_of(error) is not Interrupted:
            raise
        # A connection that broke while idle, as when the server restarts, fails at its first statement. Nothing was
        # read on it, so a new one can replace it. The other idle ones broke too.
        logger.info("A database connection was broken ({}); trying another.", type(error).__name__)
        await client._expire_connections()  # noqa: SLF001 - Tortoise's name for the pool's own method
        lease, connection = await _begin(client)
    try:
        try:
            yield connection
        except (asyncio.CancelledError, TimeoutError):
            raise
        except BaseException:
            if not _is_closed(connection):
                await connection.execute("ROLLBACK")
            raise
        else:
            # The block may have terminated the connection; then there is nothing to commit.
            if not _is_closed(connection):
                await connection.execute("COMMIT")
    except (asyncio.CancelledError, TimeoutError):
        # The server may never answer a ROLLBACK.
        if not _is_closed(connection):
            connection.terminate()
        raise
    finally:
        await lease.__aexit__(None, None, None)


async def fetch_alone(client: "DsnClient", sql: str, *values: Any) -> Sequence[asyncpg.Record]:
    """Run one statement that reads, without BEGIN and COMMIT, on a connection of the pool. Raises as the above."""
    try:
        return await _fetch(client, sql, values)
    except Exception as error:
        if meaning_of(error) is not Interrupted:
            raise
        # As above; this statement was the first, and may be what was interrupted.
        logger.info("The database interrupted a statement ({}); retrying.", type(error).__name__)
        await client._expire_connections()  # noqa: SLF001
        return await _fetch(client, sql, values)


def is_standby(connection: "asyncpg.Connection[Any]") -> bool:
    """Return whether the server is a standby. Its promotion tells all its connections; a pooler may tell none."""
    return getattr(connection.get_settings(), "in_hot_standby", "off") == "on"


def cannot_write(connection: "asyncpg.Connection[Any]") -> DatabaseUnavailable:
    """Return the error of a write that this server refuses, as a standby or by its settings."""
    # With several hosts, only the driver knows which one it took.
    address = cast("Any", connection)._addr  # noqa: SLF001
    host = address if isinstance(address, str) else ":".join(map(str, address))
    reason = "is a standby, which cannot write" if is_standby(connection) else "refuses to write"
    return DatabaseUnavailable(f"{host} {reason}. {NAME_THE_PRIMARY}")


@asynccontextmanager
async def write_connection(
    settings: Settings, purpose: str = "load", needs: str = "data_version", *, direct: bool = False, **session: str
) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """Open a connection that may write, outside the pool and without timeouts.

    `pg_stat_activity` shows it as `ad-metrics PURPOSE`. What needs one session for all its transactions, and what
    makes settings for it (`session`), says `direct`. Errors of the database, also inside the block, raise
    DatabaseUnavailable. Without the table `needs`, NotMigrated.
    """
    with database_errors(connecting=True):
        # Without DATABASE_URL this may start a server.
        address = await asyncio.to_thread(database_address, settings, direct=direct)
    connection = await connect(address, f"ad-metrics {purpose}", session)
    with database_errors():
        try:
            if needs and await connection.fetchval("SELECT to_regclass($1)", needs, timeout=30) is None:
                raise NotMigrated(f"The database has no tables yet; run `{typed('ad-metrics db upgrade')}`.")
            yield connection
        except asyncpg.ReadOnlySQLTransactionError as error:
            raise cannot_write(connection) from error
        finally:
            await connection.close(timeout=5)


async def lock_writes(connection: "asyncpg.Connection[Any]", notify: Notify) -> None:
    """Lock facts and rollups against other writers until the caller's transaction ends; wait where one has the lock."""
    if not await connection.fetchval(f"SELECT pg_try_advisory_xact_lock($1, {INSTALLATION})", _WRITES):
        notify("Another load is running; waiting for it to end.")
        await connection.execute(f"SELECT pg_advisory_xact_lock($1, {INSTALLATION})", _WRITES)


def tortoise_config(engine: str, **credentials: Any) -> dict[str, Any]:
    """Return a Tortoise configuration with one connection, `default`, and all models."""
    return {
        "connections": {"default": {"engine": engine, "credentials": credentials}},
        "apps": {"models": {"models": list(MODELS), "default_connection": "default"}},
        "use_tz": True,
        "timezone": "UTC",
    }


async def _read_numeric_as_text(connection: "asyncpg.Connection[Any]") -> None:
    """Read numeric values as the text that the server sends.

    Answers contain exactly these digits; a conversion to Decimal and back to text took a tenth of a request.
    """
    await connection.set_type_codec("numeric", schema="pg_catalog", encoder=str, decoder=str, format="text")


def _is_closed(connection: "asyncpg.Connection[Any]") -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        # A terminated connection has returned to the pool.
        return True


async def _fetch(client: "DsnClient", sql: str, values: Sequence[Any]) -> Sequence[asyncpg.Record]:
    lease, connection = await _acquire(client)
    try:
        return await connection.fetch(sql, *values, timeout=client.statement_timeout)
    except asyncio.CancelledError:
        connection.terminate()
        raise
    finally:
        await lease.__aexit__(None, None, None)


async def _begin(client: "DsnClient") -> tuple[Any, "asyncpg.Connection[Any]"]:
    lease, connection = await _acquire(client)
    try:
        await connection.execute(client.begin)
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError | TimeoutError):
            connection.terminate()
        await lease.__aexit__(None, None, None)
        raise
    return lease, connection


async def _acquire(client: "DsnClient") -> tuple[Any, "asyncpg.Connection[Any]"]:
    lease = client.acquire_connection()
    try:
        # Tortoise and asyncpg would wait for a free connection without end.
        with database_errors(connecting=client.address):
            async with asyncio.timeout(client.extra.get("timeout")):
                connection = await lease.__aenter__()
    except DatabaseUnavailable as error:
        if isinstance(error.__cause__, TimeoutError):
            raise DatabaseUnavailable("The database gave no connection in time.") from error.__cause__
        raise
    return lease, connection
