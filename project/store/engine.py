"""The Tortoise engine of the service: asyncpg, told where the database is by a DSN that asyncpg itself reads.

Named as `engine` in the Tortoise configuration (`store.database`).
"""

from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient


class DsnClient(AsyncpgDBClient):
    """A client whose `extra` holds arguments of `asyncpg.create_pool`, among them `dsn`.

    Tortoise's own URL parser knows neither `sslmode`, nor percent-encoded hosts, nor socket directories in all
    their spellings; asyncpg knows them all.
    """

    async def create_pool(self, **_taken_apart: Any) -> "asyncpg.Pool[Any]":
        """Open the pool; called by Tortoise at the first query."""
        return await asyncpg.create_pool(
            min_size=self.pool_minsize,
            max_size=self.pool_maxsize,
            server_settings=self.server_settings,
            **self.extra,
        )


client_class = DsnClient
