"""The API keys that are issued: create, revoke and list them. The database has their hashes only.

A key is `adm_ID_SECRET`. The secret has 256 random bits, so one SHA-256 protects it; slow hashes protect passwords that
people invent.
"""

import hashlib
import secrets
from datetime import datetime
from typing import Any

import asyncpg

from project.commands import typed
from project.errors import KeyRefused, NoSuchThing

SCOPES = {"read": "ask for rows and reports", "edit": "also save views", "ingest": "also load files"}
"""What a key may do; each scope includes those before it."""


async def create(connection: "asyncpg.Connection[Any]", name: str, scope: str) -> str:
    """Create a key and return it; it is not stored. Raises KeyRefused where a key in use has the name."""
    secret = secrets.token_urlsafe(32)
    try:
        id_ = await connection.fetchval(
            "INSERT INTO api_key (name, scope, digest) VALUES ($1, $2, $3) RETURNING id", name, scope, digest(secret)
        )
    except asyncpg.UniqueViolationError as error:
        raise KeyRefused(f"There is a key {name!r} already; revoke it first, or choose another name.") from error
    return f"adm_{id_}_{secret}"


async def revoke(connection: "asyncpg.Connection[Any]", name: str) -> datetime:
    """Revoke a key for good and return when. Raises NoSuchThing where no key in use has the name."""
    at: datetime | None = await connection.fetchval(
        "UPDATE api_key SET revoked_at = now() WHERE name = $1 AND revoked_at IS NULL RETURNING revoked_at", name
    )
    if at is None:
        raise NoSuchThing(f"No key in use is called {name!r}; `{typed('ad-metrics keys list')}` shows them.")
    return at


async def list_keys(connection: "asyncpg.Connection[Any]") -> list[asyncpg.Record]:
    """Return all keys, the newest last, without their digests."""
    return await connection.fetch("SELECT id, name, scope, created_at, revoked_at FROM api_key ORDER BY id")


def digest(secret: str) -> bytes:
    """Return the hash of a key's secret."""
    return hashlib.sha256(secret.encode()).digest()
