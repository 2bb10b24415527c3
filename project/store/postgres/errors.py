"""The driver's errors, translated to those of the service: one table says what each means."""

import io
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import asyncpg

from project.commands import typed
from project.database_url import Address
from project.errors import DatabaseUnavailable, Interrupted, NotMigrated, QueryTooSlow

Meaning = type[DatabaseUnavailable] | None
"""Interrupted: retry once, then 503. QueryTooSlow: 504. Other subclasses: 503. None: a fault of the service, 500."""

MEANINGS: Mapping[type[BaseException] | str, Meaning] = {
    # What the server says: a SQLSTATE, or the class of its first two characters. Without an entry: a fault.
    "08": Interrupted,  # the connection broke
    "25P03": Interrupted,  # the transaction was idle for too long
    "25P04": QueryTooSlow,  # transaction_timeout
    "26": Interrupted,  # a pooler has changed the session, which lacks the prepared statement
    "28": DatabaseUnavailable,  # the role or its password
    "3D": DatabaseUnavailable,  # the database
    "3F": NotMigrated,  # the schema
    "40": Interrupted,  # a conflict on a standby, a deadlock
    "42501": NotMigrated,  # a right
    "42883": NotMigrated,  # a function
    "42P01": NotMigrated,  # a table
    "42P05": Interrupted,  # as 26: another's prepared statement
    "42703": NotMigrated,  # a column
    "53": DatabaseUnavailable,  # connections, memory, disk
    "55006": DatabaseUnavailable,  # an object is in use
    "55P03": QueryTooSlow,  # lock_timeout
    "57": Interrupted,  # an administrator, a shutdown, a crash
    "57014": QueryTooSlow,  # statement_timeout
    "57P03": DatabaseUnavailable,  # it starts or stops
    "58": DatabaseUnavailable,  # the server's disk
    "72": Interrupted,  # the snapshot is too old
    "F0": DatabaseUnavailable,  # the server's configuration
    "XX": Interrupted,  # an error inside PostgreSQL or a pooler, often over at once
    "FATAL": Interrupted,  # the severity of what ended the session, whatever its SQLSTATE
    "PANIC": Interrupted,
    # What asyncpg finds.
    asyncpg.InvalidCachedStatementError: Interrupted,  # a migration altered a table of a cached statement
    asyncpg.OutdatedSchemaCacheError: Interrupted,
    asyncpg.InterfaceError: Interrupted,  # the connection is closed
    asyncpg.InternalClientError: Interrupted,
    asyncpg.ClientConfigurationError: None,
    asyncpg.UnsupportedClientFeatureError: None,
    asyncpg.UnsupportedServerFeatureError: None,
    asyncpg.TargetServerAttributeNotMatched: DatabaseUnavailable,
    # What the operating system and TLS find.
    OSError: Interrupted,
    TimeoutError: QueryTooSlow,
    ConnectionRefusedError: DatabaseUnavailable,
    socket.gaierror: DatabaseUnavailable,
    socket.herror: DatabaseUnavailable,
    ssl.SSLCertVerificationError: DatabaseUnavailable,
    # A query opens no file and starts no process.
    **dict.fromkeys((FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError), None),
    **dict.fromkeys((BlockingIOError, ChildProcessError, ProcessLookupError, InterruptedError), None),
    io.UnsupportedOperation: None,
}
"""What an error means that a query raises."""

TRANSACTION_POOLER = (
    "DATABASE_URL names a pooler that gives each transaction another session; set DATABASE_POOLER=transaction."
)

_TEXTS_ON_CONNECT: Mapping[type[BaseException], str] = {
    asyncpg.InvalidAuthorizationSpecificationError: "The server refuses the role or the password of the URL.",
    asyncpg.InvalidCatalogNameError: "The server has no database of the URL's name.",
    asyncpg.TooManyConnectionsError: "The server has no connection left.",
    asyncpg.CannotConnectNowError: "The server is starting or stopping.",
    asyncpg.DuplicatePreparedStatementError: TRANSACTION_POOLER,
    asyncpg.PostgresError: "The server refuses the connection.",
    BaseException: "The database cannot be reached.",
}
"""What to say of an error before there is a connection; the log and `ad-metrics doctor` add the server's own words."""

_ON_CONNECT = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, ValueError)
"""Whatever of these is raised before there is a connection, no query of the service is at fault."""

_UPGRADE = typed("ad-metrics db upgrade")
_TEXTS: Mapping[type[BaseException], str] = {
    DatabaseUnavailable: "The database cannot answer.",
    Interrupted: "The database did not finish the query.",
    QueryTooSlow: "The database did not answer within its time-out.",
    NotMigrated: f"The database lacks tables or columns; run `{_UPGRADE}`.",
    asyncpg.InsufficientPrivilegeError: "The role of the URL lacks a right that this needs;"
    f" `{typed('ad-metrics db grants')}` prints the SQL that gives roles theirs.",
    asyncpg.DuplicatePreparedStatementError: TRANSACTION_POOLER,
    asyncpg.InvalidSQLStatementNameError: TRANSACTION_POOLER,
    asyncpg.InvalidSchemaNameError: "The schema that DATABASE_URL names does not exist; create it with CREATE SCHEMA.",
}


def meaning_of(error: BaseException, *, connecting: bool = False) -> Meaning:
    """Return the error of the service that an error of the driver means; None where it is a fault of the service."""
    if connecting:
        return DatabaseUnavailable if isinstance(error, _ON_CONNECT) else None
    keys: list[type[BaseException] | str] = [*type(error).__mro__]
    if isinstance(error, asyncpg.PostgresError):
        sqlstate = error.sqlstate or ""
        keys = [type(error), sqlstate, sqlstate[:2], error.severity_en or ""]
    return next((MEANINGS[key] for key in keys if key in MEANINGS), None)


@contextmanager
def database_errors(*, connecting: bool | Address = False) -> Iterator[None]:
    """Raise DatabaseUnavailable, or a subclass of it, for each error of the driver inside that means no answer.

    `connecting` says that the block connects, and runs no query; as an address, also where.
    """
    try:
        yield
    except Exception as error:
        # Tortoise wraps some of the errors. Its name is enough: importing it takes 0.3 s, and loads do without.
        wraps = type(error).__module__ == "tortoise.exceptions" and error.__cause__
        cause = _first_cause(wraps or error)
        meaning = meaning_of(cause, connecting=bool(connecting))
        if meaning is None:
            raise
        if connecting:
            text = next(_TEXTS_ON_CONNECT[kind] for kind in type(cause).__mro__ if kind in _TEXTS_ON_CONNECT)
        else:
            text = _TEXTS.get(type(cause), _TEXTS[meaning])
        unavailable = meaning(text)
        unavailable.server = ", ".join(connecting.by_host()) if isinstance(connecting, Address) else ""
        raise unavailable from cause


def _first_cause(error: BaseException) -> BaseException:
    """Return why a connection broke, where this is what its rollback raised."""
    of_driver = isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError)
    before = error.__context__
    return before if of_driver and before and meaning_of(before) else error
