"""Citus: the extension that spreads tables over several servers (`docs/scaling.md`)."""

from typing import Any

import asyncpg

OLDEST = 13
"""The oldest major version whose rules the statements of the service follow."""

ONE_BY_ONE = "SET LOCAL citus.multi_shard_modify_mode = 'sequential'"
"""Citus changes a dimension after facts, or a schema, in one transaction only so; PostgreSQL ignores it."""

_INSTALLED = "SELECT extversion FROM pg_extension WHERE extname = 'citus'"
_AVAILABLE = "SELECT default_version FROM pg_available_extensions WHERE name = 'citus'"


async def installed(connection: "asyncpg.Connection[Any]") -> str | None:
    """Return the version of Citus that this database has; None without it."""
    version: str | None = await connection.fetchval(_INSTALLED)
    return version


async def available(connection: "asyncpg.Connection[Any]") -> str | None:
    """Return the version of Citus that this database could have; None where the server does not know it."""
    version: str | None = await connection.fetchval(_AVAILABLE)
    return version
