"""The key ring: the API keys that a process verifies requests with."""

import hmac
import math
import re
from collections.abc import Mapping
from time import monotonic

from project.errors import DatabaseUnavailable, NoKey
from project.store.api_keys import digest
from project.store.models import ApiKey
from project.store.postgres.single_flight import SingleFlight
from project.store.warehouse.snapshot import lent, newest_transaction

_ASK = "Ask whoever runs this service for a key."

_CACHE_SECONDS = 0.5
"""How long a process uses the keys that it has read: a revoked key is refused after this."""

_TIMEOUT = 5.0
_KEY = re.compile(r"adm_(\d{1,18})_([\w-]{43})", re.ASCII)


class KeyRing:
    """The keys of the database, cached in one process."""

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
        equal = hmac.compare_digest(entry.digest if entry else b"", digest(parts[2] if parts else key))
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
            async with newest_transaction(_TIMEOUT) as connection:
                keys = await ApiKey.all().using_db(lent(connection))
        except DatabaseUnavailable as error:
            # The next requests do not try at once.
            self._failed, self._cause, self._tried_at = True, error.__cause__, monotonic()
        else:
            # A standby, which answers while the primary is away, may lack the newest revocations.
            revoked = {id_: key for id_, key in self._keys.items() if key.revoked_at}
            self._keys = {key.id: key for key in keys} | revoked
            self._failed, self._tried_at, self._read_at = False, started, started
