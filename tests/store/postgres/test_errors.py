"""Errors of the database: every class that the driver, TLS and the system can raise has one meaning."""

import asyncio
import errno
import ssl
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from tortoise.exceptions import DBConnectionError, OperationalError

from project.errors import AdMetricsError, DatabaseUnavailable, Interrupted, NotMigrated, QueryTooSlow
from project.store.postgres.errors import database_errors, meaning_of

RETRY, AWAY, NOT_SET_UP, SLOW, OURS = "retry", "503", "503, not migrated", "504", "a fault of ours"

BY_MEANING = {Interrupted: RETRY, DatabaseUnavailable: AWAY, NotMigrated: NOT_SET_UP, QueryTooSlow: SLOW, None: OURS}

BY_SQLSTATE_CLASS = {
    "03": OURS,  # SQL statement not yet complete
    "08": RETRY,  # connection exception
    "09": OURS,  # triggered action
    "0A": OURS,  # feature not supported
    "0B": OURS,  # invalid transaction initiation
    "0F": OURS,  # locator
    "0L": OURS,  # invalid grantor
    "0P": OURS,  # invalid role specification
    "0Z": OURS,  # diagnostics
    "10": OURS,  # XQuery
    "20": OURS,  # case not found
    "21": OURS,  # cardinality
    "22": OURS,  # data
    "23": OURS,  # integrity constraint
    "24": OURS,  # cursor state
    "25": OURS,  # transaction state
    "26": RETRY,  # no such prepared statement: a pooler
    "27": OURS,  # triggered data change
    "28": AWAY,  # authorization
    "2B": OURS,  # dependent privileges
    "2D": OURS,  # transaction termination
    "2F": OURS,  # SQL routine
    "34": OURS,  # cursor name
    "38": OURS,  # external routine
    "39": OURS,  # external routine invocation
    "3B": OURS,  # savepoint
    "3D": AWAY,  # no such database
    "3F": NOT_SET_UP,  # no such schema
    "40": RETRY,  # transaction rollback: standbys, deadlocks
    "42": OURS,  # syntax error or access rule violation
    "44": OURS,  # WITH CHECK OPTION
    "53": AWAY,  # insufficient resources
    "54": OURS,  # program limit
    "55": OURS,  # object not in prerequisite state
    "57": RETRY,  # operator intervention
    "58": AWAY,  # system error outside PostgreSQL
    "72": RETRY,  # snapshot too old
    "F0": AWAY,  # configuration file
    "HV": OURS,  # foreign data wrapper
    "P0": OURS,  # PL/pgSQL
    "XX": RETRY,  # internal error
}

BY_SQLSTATE = {
    "25P03": RETRY,  # idle in transaction
    "25P04": SLOW,  # transaction_timeout
    "42501": NOT_SET_UP,  # insufficient privilege
    "42883": NOT_SET_UP,  # undefined function
    "42703": NOT_SET_UP,  # undefined column
    "42P01": NOT_SET_UP,  # undefined table
    "42P05": RETRY,  # duplicate prepared statement: a pooler
    "55006": AWAY,  # object in use
    "55P03": SLOW,  # lock_timeout
    "57014": SLOW,  # query canceled: statement_timeout
    "57P03": AWAY,  # cannot connect now
}

BY_CLASS = {
    # asyncpg
    "InterfaceError": RETRY,
    "DataError": RETRY,  # nothing raises this one; wrong arguments are the DataError of SQLSTATE 22000
    "ClientConfigurationError": OURS,
    "UnsupportedClientFeatureError": OURS,
    "UnsupportedServerFeatureError": OURS,
    "InternalClientError": RETRY,
    "ProtocolError": RETRY,
    "OutdatedSchemaCacheError": RETRY,
    "TargetServerAttributeNotMatched": AWAY,
    "InvalidCachedStatementError": RETRY,
    # the operating system
    "OSError": RETRY,
    "ConnectionError": RETRY,
    "ConnectionResetError": RETRY,
    "ConnectionAbortedError": RETRY,
    "BrokenPipeError": RETRY,
    "ConnectionRefusedError": AWAY,
    "TimeoutError": SLOW,
    "gaierror": AWAY,
    "herror": AWAY,
    "FileNotFoundError": OURS,
    "FileExistsError": OURS,
    "PermissionError": OURS,
    "IsADirectoryError": OURS,
    "NotADirectoryError": OURS,
    "BlockingIOError": OURS,
    "ChildProcessError": OURS,
    "ProcessLookupError": OURS,
    "InterruptedError": OURS,
    "UnsupportedOperation": OURS,
    # TLS
    "SSLError": RETRY,
    "SSLCertVerificationError": AWAY,
    "SSLEOFError": RETRY,
    "SSLSyscallError": RETRY,
    "SSLWantReadError": RETRY,
    "SSLWantWriteError": RETRY,
    "SSLZeroReturnError": RETRY,
    # asyncio, whose streams asyncpg does not use
    "IncompleteReadError": OURS,
    "LimitOverrunError": OURS,
    "InvalidStateError": OURS,
    "CancelledError": OURS,
    "BrokenBarrierError": OURS,
    "SendfileNotAvailableError": OURS,
}

LIBRARIES = ("asyncpg", "builtins", "ssl", "_ssl", "socket", "io", "asyncio")


def below(base: type[BaseException]) -> Iterator[type[BaseException]]:
    """Yield a class and all its subclasses of the libraries that a connection uses."""
    if base.__module__.split(".")[0] in LIBRARIES:
        yield base
        for subclass in base.__subclasses__():
            yield from below(subclass)


def raised(kind: type[BaseException], **attributes: str) -> BaseException:
    error = kind.__new__(kind, "what went wrong")
    error.__dict__.update(attributes)
    return error


def test_every_error_of_the_server_has_one_meaning() -> None:
    kinds = [kind for kind in below(asyncpg.PostgresError) if kind.sqlstate]
    assert len(kinds) > 240
    assert {kind.sqlstate[:2] for kind in kinds} == set(BY_SQLSTATE_CLASS)
    for kind in kinds:
        if kind.__name__ in BY_CLASS:
            continue
        expected = BY_SQLSTATE.get(kind.sqlstate, BY_SQLSTATE_CLASS[kind.sqlstate[:2]])
        assert BY_MEANING[meaning_of(raised(kind))] == expected, (kind.sqlstate, kind.__name__)
        assert meaning_of(raised(kind), connecting=True) is DatabaseUnavailable


def test_every_error_of_the_client_has_one_meaning() -> None:
    bases = (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, ssl.SSLError)
    kinds = {kind for base in bases for kind in below(base)} | {asyncpg.InvalidCachedStatementError}
    kinds |= {getattr(asyncio.exceptions, name) for name in asyncio.exceptions.__all__}
    assert {kind.__name__ for kind in kinds} <= set(BY_CLASS)
    for kind in kinds:
        assert BY_MEANING[meaning_of(raised(kind))] == BY_CLASS[kind.__name__], kind
    for base in bases:
        for kind in below(base):
            assert meaning_of(raised(kind), connecting=True) is DatabaseUnavailable, kind


def test_sqlstates_of_poolers_and_the_end_of_a_session_have_a_meaning() -> None:
    unknown = asyncpg.PostgresError.new({"C": "NEON1", "M": "odd"})
    assert meaning_of(unknown) is None
    assert meaning_of(unknown, connecting=True) is DatabaseUnavailable
    for severity in ("FATAL", "PANIC"):
        assert meaning_of(asyncpg.PostgresError.new({"C": "NEON1", "V": severity, "M": "bye"})) is Interrupted
    assert meaning_of(asyncpg.PostgresError.new({"C": "08P01", "M": "unsupported startup parameter"})) is Interrupted


@pytest.mark.parametrize(
    ("error", "connecting", "expected", "cause"),
    [
        (asyncpg.PostgresError.new({"C": "40001", "M": "conflict with recovery"}), False, Interrupted,
         "SerializationError 40001: conflict with recovery"),
        (ssl.SSLCertVerificationError(1, "certificate\nhas expired"), True, DatabaseUnavailable,
         "SSLCertVerificationError: ('certificate has expired',)"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), True, DatabaseUnavailable, "OSError: [Errno 113] No route to host"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), False, Interrupted, "OSError: [Errno 113] No route to host"),
        (TimeoutError(), False, QueryTooSlow, "TimeoutError"),
        (TimeoutError(), True, DatabaseUnavailable, "TimeoutError"),
    ],
)  # fmt: skip
def test_the_cause_is_one_line(error: Exception, connecting: bool, expected: type, cause: str) -> None:
    with pytest.raises(DatabaseUnavailable) as unavailable, database_errors(connecting=connecting):
        raise error
    assert type(unavailable.value) is expected
    assert "\n" not in unavailable.value.cause
    if not isinstance(error, ssl.SSLError):
        assert unavailable.value.cause == cause
    assert not isinstance(error, AdMetricsError)


@pytest.mark.parametrize("wrapper", [DBConnectionError, OperationalError])
def test_what_tortoise_wraps_means_what_it_wraps(wrapper: Any) -> None:
    cause = asyncpg.PostgresError.new({"C": "3D000", "M": "no database"})
    with pytest.raises(DatabaseUnavailable) as unavailable, database_errors():
        raise wrapper("wrapped") from cause
    assert unavailable.value.__cause__ is cause


@pytest.mark.parametrize("error", [ValueError("a bug"), KeyError("a bug"), asyncpg.DataError("a bug"), OperationalError("a bug")])  # fmt: skip
def test_faults_of_ours_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)), database_errors():
        raise error
