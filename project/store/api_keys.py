"""API keys: create, revoke and verify them. The database has their hashes only.

A key is `adm_ID_SECRET`. The secret has 256 random bits, so one SHA-256 protects it; slow hashes protect passwords that
people invent.
"""

import hashlib
import hmac
import math
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from time import monotonic
from typing import Any

import asyncpg

from project.commands import typed
from project.errors import DatabaseUnavailable, KeyRefused, NoKey, NoSuchThing
from project.store.models import ApiKey
from project.store.postgres.single_flight import SingleFlight
from project.store.warehouse.snapshot import snapshot

SCOPES = {"read": "ask for rows and reports", "edit": "also save views", "ingest": "also load files"}
"""What a key may do; each scope includes those before it."""

_ASK = "Ask whoever runs this service for a key."

_CACHE_SECONDS = 0.5
"""How long a process uses the keys that it has read: a revoked key is refused after this."""

_TIMEOUT = 5.0
_KEY = re.compile(r"adm_(\d{1,18})_([\w-]{43})", re.ASCII)


class KeyRing:
    """The keys, cached in one process."""

    def __init__(self) -> None:
        self._keys: Mapping[int, ApiKey] = {}
        self._read_at = self._tried_at = -math.inf
        self._failed = False
        self._cause: BaseException | None = None
        self._read = SingleFlight(self._read_all)

    async def holder(self, key: str, grace_period: float = 0) -> ApiKey:
        """Return the stored key. Raises NoKey where it is unknown or revoked, and DatabaseUnavailable.

        While the database is unavailable, keys that were read up to `grace_period` seconds ago stay valid.
        """
        parts = _KEY.fullmatch(key)
        entry = (await self._current(grace_period)).get(int(parts[1])) if parts else None
        # An unknown key is compared too, so that the time does not reveal which ids exist.
        equal = hmac.compare_digest(entry.digest if entry else b"", _digest(parts[2] if parts else key))
        if entry is None or not equal:
            raise NoKey(f"There is no such key. {_ASK}", presented=True)
        if entry.revoked_at:
            raise NoKey(
                f"The key {entry.name!r} was revoked at {entry.revoked_at:%Y-%m-%dT%H:%M:%SZ}. {_ASK}", presented=True
            )
        return entry

    async def _current(self, grace_period: float) -> Mapping[int, ApiKey]:
        if monotonic() - self._tried_at >= _CACHE_SECONDS:
            await self._read()
        if self._failed and monotonic() - self._read_at > grace_period:
            raise DatabaseUnavailable("Keys cannot be checked: the database is away.") from self._cause
        return self._keys

    async def _read_all(self) -> None:
        started = monotonic()
        try:
            async with snapshot(timeout=_TIMEOUT, reserved=True) as current:
                keys = await ApiKey.all().using_db(current.using_db)
        except DatabaseUnavailable as error:
            # The next requests do not try at once.
            self._failed, self._cause, self._tried_at = True, error.__cause__, monotonic()
        else:
            self._keys = {key.id: key for key in keys}
            self._failed, self._tried_at, self._read_at = False, started, started


async def create(connection: "asyncpg.Connection[Any]", name: str, scope: str) -> str:
    """Create a key and return it; it is not stored. Raises KeyRefused where a key in use has the name."""
    secret = secrets.token_urlsafe(32)
    try:
        id_ = await connection.fetchval(
            "INSERT INTO api_key (name, scope, digest) VALUES ($1, $2, $3) RETURNING id", name, scope, _digest(secret)
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


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
