"""API keys: who may ask. Shown once, kept as a hash.

A key is `adm_NUMBER_SECRET`. The secret has 256 random bits, so that one SHA-256 of it keeps it safe; a slow hash is
for what people make up.
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

from project.errors import DatabaseUnavailable, KeyRefused, NoKey, NoSuchThing
from project.store.models import ApiKey
from project.store.postgres.single_flight import SingleFlight
from project.store.warehouse.snapshot import snapshot

SCOPES = {"read": "ask for rows and reports", "ingest": "also load files"}
"""What a key may do; each includes those before it."""

SECONDS_KNOWN = 0.5
"""How long a process goes by what it knows: a key that is revoked is refused after this."""

_PATIENCE = 5.0
_KEY = re.compile(r"adm_(\d{1,18})_([\w-]{43})", re.ASCII)


class KeyRing:
    """The keys as one process knows them."""

    def __init__(self) -> None:
        self._keys: Mapping[int, ApiKey] = {}
        self._read_at = self._tried_at = -math.inf
        self._failed = False
        self._read = SingleFlight(self._read_all)

    async def holder(self, key: str, grace_period: float = 0) -> ApiKey:
        """Return whose key this is. Raises NoKey where it is nobody's or was revoked, and DatabaseUnavailable.

        While the database is away, keys that were read up to `grace_period` seconds ago still count.
        """
        parts = _KEY.fullmatch(key)
        known = (await self._known(grace_period)).get(int(parts[1])) if parts else None
        # Compared also where there is no such key: the time should not tell.
        same = hmac.compare_digest(known.digest if known else b"", _digest(parts[2] if parts else key))
        if known is None or not same:
            raise NoKey("There is no such key. `ad-metrics keys list` shows which there are.", presented=True)
        if known.revoked_at:
            raise NoKey(f"The key {known.name!r} was revoked at {known.revoked_at:%Y-%m-%dT%H:%M:%SZ}.", presented=True)
        return known

    async def _known(self, grace_period: float) -> Mapping[int, ApiKey]:
        if monotonic() - self._tried_at >= SECONDS_KNOWN:
            await self._read()
        if self._failed and monotonic() - self._read_at > grace_period:
            raise DatabaseUnavailable("Keys cannot be checked: the database is away.")
        return self._keys

    async def _read_all(self) -> None:
        started = monotonic()
        try:
            async with snapshot(timeout=_PATIENCE, reserved=True) as seen:
                keys = await ApiKey.all().using_db(seen.using_db)
        except DatabaseUnavailable:
            # Not asked again at once, by everybody.
            self._failed, self._tried_at = True, monotonic()
        else:
            self._keys = {key.id: key for key in keys}
            self._failed, self._tried_at, self._read_at = False, started, started


async def create(connection: "asyncpg.Connection[Any]", name: str, scope: str) -> str:
    """Make a key and return it; nobody can see it again. Raises KeyRefused for a name that a key in use has."""
    secret = secrets.token_urlsafe(32)
    try:
        number = await connection.fetchval(
            "INSERT INTO api_key (name, scope, digest) VALUES ($1, $2, $3) RETURNING id", name, scope, _digest(secret)
        )
    except asyncpg.UniqueViolationError as error:
        raise KeyRefused(f"There is a key {name!r} already; revoke it first, or choose another name.") from error
    return f"adm_{number}_{secret}"


async def revoke(connection: "asyncpg.Connection[Any]", name: str) -> datetime:
    """End a key, for good. Raises NoSuchThing where no key in use has the name."""
    at: datetime | None = await connection.fetchval(
        "UPDATE api_key SET revoked_at = now() WHERE name = $1 AND revoked_at IS NULL RETURNING revoked_at", name
    )
    if at is None:
        raise NoSuchThing(f"No key in use is called {name!r}; `ad-metrics keys list` shows them.")
    return at


async def listed(connection: "asyncpg.Connection[Any]") -> list[asyncpg.Record]:
    """Return all keys, the newest last, without what would show them."""
    return await connection.fetch("SELECT id, name, scope, created_at, revoked_at FROM api_key ORDER BY id")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
