"""The Tortoise engine of the service: asyncpg, told where the database is by a DSN that asyncpg itself reads.

Named as `engine` in the Tortoise configuration (`store.postgres.connections`).
"""

from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient

from project.store.postgres.admission import Gate

_SIDE_QUEUE = 10
"""There are fewer kinds of things that pass the side gate, and of each one at a time."""


class DsnClient(AsyncpgDBClient):
    """A client whose `extra` holds arguments of `asyncpg.create_pool`, among them `dsn`.

    Tortoise's own URL parser knows neither `sslmode`, nor percent-encoded hosts, nor socket directories in all
    their spellings; asyncpg knows them all.

    Before its pool stands a gate (`store.postgres.admission`); `patience` is how many seconds all statements of one
    request may take together.
    """

    def __init__(self, *, queue: int = 0, patience: float | None = None, exports: int = 0, **credentials: Any) -> None:
        super().__init__(**credentials)
        self.patience = patience
        patience_at_gate = self.extra.get("timeout")
        self.gate = Gate(max(1, self.pool_maxsize - 1), queue, patience_at_gate)
        # One connection is kept for what is short and must get through: health, heartbeat and keys.
        self.side_gate = Gate(1, _SIDE_QUEUE, patience_at_gate, asks_callers=False)
        # Files have connections beyond those: each takes one for as long as its client reads.
        self.export_gate = Gate(max(1, exports), exports, patience_at_gate)
        self._exports = exports

    async def create_pool(self, **_taken_apart: Any) -> "asyncpg.Pool[Any]":
        """Open the pool; called by Tortoise at the first query."""
        return await asyncpg.create_pool(
            min_size=self.pool_minsize,
            max_size=self.pool_maxsize + self._exports,
            server_settings=self.server_settings,
            **self.extra,
        )


client_class = DsnClient
