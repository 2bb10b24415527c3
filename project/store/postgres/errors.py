"""What a database that cannot answer looks like, told in our own errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from tortoise.exceptions import DBConnectionError, OperationalError

from project.errors import ConnectionBroken, DatabaseUnavailable, NotMigrated, QueryTooSlow

BROKEN = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
)
"""A connection that ended, or that the server ended."""

_REFUSED = (ConnectionRefusedError, asyncpg.CannotConnectNowError)
"""No connection was there to end."""

_NOT_MIGRATED = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InsufficientPrivilegeError)
_MIGRATE = "The database lacks tables or columns, or the right to read them; run `aerich upgrade`."

_AWAY = (
    *BROKEN,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    DBConnectionError,
    OSError,
)


@contextmanager
def database_errors() -> Iterator[None]:
    """Raise DatabaseUnavailable, or one of its kinds, for whatever the driver raises inside when it has no answer."""
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
    except _AWAY as error:
        if isinstance(error, ValueError):
            # The driver's word for a value of ours that is no such thing as its column: a fault, not an outage.
            raise
        broken = isinstance(error, BROKEN) and not isinstance(error, _REFUSED)
        kind = ConnectionBroken if broken else DatabaseUnavailable
        raise kind("The database cannot be reached.") from error
