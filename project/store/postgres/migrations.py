"""Migrations: the configuration that `aerich` reads through `[tool.aerich]`, and the same upgrade as a function.

Both use an engine that holds an advisory lock while it is connected. Without it, two upgrades at once see the same
pending files and run them twice.
"""

from pathlib import Path
from typing import Any

import aerich
import asyncpg
from loguru import logger

import project
from project.settings import Settings, get_settings
from project.store.postgres.connections import database_url, tortoise_config
from project.store.postgres.engine import DsnClient

LOCATION = Path(project.__file__).parent.parent / "migrations"
_LOCK = 0x0AD3E7  # any number; only migrations take it


class MigrationClient(DsnClient):
    """A client that waits until no other one, on any host, is connected."""

    _lock_connection: "asyncpg.Connection[Any] | None" = None

    async def create_connection(self, with_db: bool) -> None:
        """Acquire the lock on a connection of its own, then connect."""
        self._lock_connection = await asyncpg.connect(self.extra["dsn"])
        if not await self._lock_connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
            logger.info("Another migration is running; waiting for it to end.")
            await self._lock_connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
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
    return tortoise_config(__name__, dsn=database_url(settings), minsize=1, maxsize=2)


def __getattr__(name: str) -> Any:
    # Only aerich reads it. It is computed late: the import of this module must not start a server.
    if name == "TORTOISE_ORM":
        return migration_config(get_settings())
    raise AttributeError(name)


async def upgrade(settings: Settings) -> list[str]:
    """Run the pending migrations and return their names, as `aerich upgrade` does."""
    async with aerich.Command(migration_config(settings), location=str(LOCATION)) as command:
        return await command.upgrade()


async def pending(connection: "asyncpg.Connection[Any]") -> list[str]:
    """Return the names of the migrations that the database lacks, the oldest first."""
    names = sorted(
        (path.name for path in (LOCATION / "models").glob("[0-9]*.py")), key=lambda name: int(name.split("_", 1)[0])
    )
    try:
        applied = {row[0] for row in await connection.fetch("SELECT version FROM aerich WHERE app = 'models'")}
    except asyncpg.UndefinedTableError:
        applied = set()
    return [name for name in names if name not in applied]
