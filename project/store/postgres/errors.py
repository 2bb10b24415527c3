"""The driver's errors, translated to those of the service."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from tortoise.exceptions import DBConnectionError, OperationalError

from project.commands import typed
from project.errors import ConnectionBroken, DatabaseUnavailable, NotMigrated, QueryTooSlow

BROKEN = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
)
"""The connection ended."""

_REFUSED = (ConnectionRefusedError, asyncpg.CannotConnectNowError)
"""The connection was never made."""

_NOT_MIGRATED = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InsufficientPrivilegeError)
_UPGRADE = typed("ad-metrics db upgrade")
_MIGRATE = f"The database lacks tables or columns, or the right to read them; run `{_UPGRADE}`."

_UNAVAILABLE = (
    *BROKEN,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    DBConnectionError,
    OSError,
)


@contextmanager
def database_errors() -> Iterator[None]:
    """Raise DatabaseUnavailable, or a subclass of it, for each error of the driver inside that means no answer."""
    try:
        yield
    except asyncpg.QueryCanceledError as error:
        raise QueryTooSlow("The database did not finish the query within its time-out.") from error
    except _NOT_MIGRATED as error:
        raise NotMigrated(_MIGRATE) from error
    except OperationalError as error:
        if isinstance(error.__cause__, _NOT_MIGRATED):
            raise NotMigrated(_MIGRATE) from error.__cause__
        raise
    except TimeoutError as error:
        raise QueryTooSlow("The database did not answer within its time-out.") from error
    except _UNAVAILABLE as error:
        if isinstance(error, ValueError):
            # A value has another type than its column: an error of the service, which no retry repairs.
            raise
        broken = isinstance(error, BROKEN) and not isinstance(error, _REFUSED)
        error_class = ConnectionBroken if broken else DatabaseUnavailable
        raise error_class("The database cannot be reached.") from error
