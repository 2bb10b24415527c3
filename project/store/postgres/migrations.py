"""Migrations: the configuration that `aerich` reads through `[tool.aerich]`, and the same upgrade as a function.

Both use an engine that holds an advisory lock while it is connected. Without it, two upgrades at once see the same
pending files and run them twice.
"""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import aerich
import asyncpg
from aerich.migrate import Migrate
from aerich.utils import import_py_file
from loguru import logger
from tortoise.exceptions import BaseORMException, IntegrityError, OperationalError

import project
from project.errors import AdMetricsError, DatabaseUnavailable, MigrationRefused
from project.settings import Settings, get_settings
from project.store.postgres import sessions
from project.store.postgres.connections import cannot_write, database_address, is_standby, tortoise_config
from project.store.postgres.engine import DsnClient
from project.store.postgres.errors import database_errors

_PACKAGE = Path(project.__file__).parent
LOCATION = (_PACKAGE if (_PACKAGE / "migrations").is_dir() else _PACKAGE.parent) / "migrations"
"""Where the migrations are: inside the installed package, or beside it in a clone."""

# Any number; only migrations take it. Each schema may have an installation of its own.
_LOCK = f"{0x0AD3E7}, hashtext(coalesce(current_schema, ''))"


class MigrationClient(DsnClient):
    """A client that waits until no other one, on any host, is connected."""

    _lock_connection: "asyncpg.Connection[Any] | None" = None

    async def create_connection(self, with_db: bool) -> None:
        """Acquire the lock on a connection of its own, then connect."""
        self._lock_connection = await sessions.connect(self.address, "ad-metrics migration")
        if is_standby(self._lock_connection):
            refused = cannot_write(self._lock_connection)
            await self.close()
            raise refused
        # Poolers keep a transaction in one session. It has no snapshot, so nothing waits for its end.
        await self._lock_connection.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
        if not await self._lock_connection.fetchval(f"SELECT pg_try_advisory_xact_lock({_LOCK})"):
            logger.info("Another migration is running; waiting for it to end.")
            await self._lock_connection.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
        await super().create_connection(with_db)

    async def close(self) -> None:
        """Disconnect, which releases the lock."""
        await super().close()
        if self._lock_connection:
            await self._lock_connection.close()
            self._lock_connection = None


client_class = MigrationClient


def migration_config(settings: Settings) -> dict[str, Any]:
    """Return the Tortoise configuration for migrations."""
    return tortoise_config(__name__, address=database_address(settings, direct=True), minsize=1, maxsize=2)


def __getattr__(name: str) -> Any:
    # Only aerich reads it. It is computed late: the import of this module must not start a server.
    if name == "TORTOISE_ORM":
        sys.excepthook = _print_sentence
        return migration_config(get_settings())
    raise AttributeError(name)


def _print_sentence(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print what the settings or the database refuse as a sentence; aerich would print a traceback."""
    known = (AdMetricsError, ValueError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, BaseORMException)
    if isinstance(error, known):
        cause = f" ({error.cause})" if isinstance(error, DatabaseUnavailable) and error.__cause__ else ""
        print(f"{error}{cause}", file=sys.stderr)  # noqa: T201 - on behalf of a command
    else:
        sys.__excepthook__(kind, error, trace)


async def upgrade(settings: Settings) -> list[str]:
    """Run the pending migrations and return their names, as `aerich upgrade` does.

    Raises MigrationRefused and DatabaseUnavailable.
    """
    async with _command(settings) as command:
        return await command.upgrade()


async def downgrade(settings: Settings, name: str) -> None:
    """Undo this migration, the newest, as `aerich downgrade` does. Raises MigrationRefused."""
    async with _command(settings) as command:
        last = await Migrate.get_last_version()
        if last is None or last.version != name:
            raise MigrationRefused(f"{name} is no longer the newest migration: another process changed them.")
        await command.downgrade(-1, delete=False)


async def newest(connection: "asyncpg.Connection[Any]") -> str:
    """Return the name of the migration that a downgrade undoes. Raises MigrationRefused where there is none here."""
    there = await applied(connection)
    if not there:
        raise MigrationRefused("No migration is applied.")
    if there[-1] not in _names():
        raise MigrationRefused(f"{there[-1]} is of a newer release, which alone can undo it.")
    return there[-1]


async def losses(connection: "asyncpg.Connection[Any]", name: str) -> list[str]:
    """Return the tables, with their rows, and the columns that the downgrade of a migration drops, by its SQL."""
    sql = await import_py_file(LOCATION / "models" / name).downgrade(None)
    lost = [f"the column {column} of {table}" for table, column in re.findall(r"TABLE (\w+)\s+DROP COLUMN (\w+)", sql)]
    for table in re.findall(r"\w+", " ".join(re.findall(r"DROP TABLE (?:IF EXISTS )?([\w,\s]+)", sql))):
        rows = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name in a migration of ours
        lost.append(f"the table {table} with {rows:,} rows")
    return lost


async def applied(connection: "asyncpg.Connection[Any]") -> list[str]:
    """Return the names of the migrations that the database has, the oldest first; a newer release may know more."""
    try:
        return [row[0] for row in await connection.fetch("SELECT version FROM aerich WHERE app = 'models' ORDER BY id")]
    except asyncpg.UndefinedTableError:
        return []


async def pending(connection: "asyncpg.Connection[Any]") -> list[str]:
    """Return the names of the migrations that the database lacks, the oldest first."""
    there = await applied(connection)
    return [name for name in _names() if name not in there]


@asynccontextmanager
async def _command(settings: Settings) -> AsyncIterator[aerich.Command]:
    config = await asyncio.to_thread(migration_config, settings)
    with database_errors():
        try:
            async with aerich.Command(config, location=str(LOCATION)) as command:
                yield command
        except (OperationalError, IntegrityError, asyncpg.PLPGSQLError) as error:
            raise MigrationRefused(f"PostgreSQL refuses the migration: {error}.") from error


def _names() -> list[str]:
    names = (path.name for path in (LOCATION / "models").glob("[0-9]*.py"))
    return sorted(names, key=lambda name: int(name.split("_", 1)[0]))
