"""The Tortoise engine of the service: asyncpg, connected to a parsed `DATABASE_URL`.

The Tortoise configuration names it as its `engine` (`store.postgres.connections`).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient

from project.database_url import Address
from project.store.postgres import sessions
from project.store.postgres.admission import AdmissionControl

_RESERVED_QUEUE = 10
"""More than the kinds of requests that use the reserved connection; each kind sends one at a time."""


class DsnClient(AsyncpgDBClient):
    """A client of the database at `address`, whose `extra` holds further arguments of `asyncpg.create_pool`.

    `settings` are PostgreSQL's, for the sessions of the pool. Behind a pooler that gives each transaction another
    session, `begin` makes them for its transaction, and a statement outside of one has none of them.

    Requests pass admission control before the pool; all statements of a request together may take `request_timeout`
    seconds, and one that runs without a transaction `statement_timeout`. `replicas` has a client for each standby, by
    name.
    """

    servers: Any = None
    """Which of them answers (`store.warehouse.servers`)."""
    labels: Any = None
    """The labels that the last snapshot saw (`store.warehouse.snapshot`)."""
    newest_version: Any = None
    """The data version that was seen last."""
    look: Any = None
    """Reads the data version, for all requests that ask at the same time."""

    def __init__(
        self,
        *,
        address: Address,
        queue: int = 0,
        request_timeout: float | None = None,
        statement_timeout: float | None = None,
        exports: int = 0,
        settings: Mapping[str, str] | None = None,
        init: Callable[["asyncpg.Connection[Any]"], Awaitable[None]] | None = None,
        replicas: Mapping[str, Address] = MappingProxyType({}),
        **credentials: Any,
    ) -> None:
        super().__init__(**credentials)
        same: dict[str, Any] = {
            # One more, on which the lag is read; none is held open, so that nobody tries one that is down.
            "exports": exports + 1,
            "minsize": 0,
            "statement_timeout": statement_timeout,
            "settings": settings,
            "init": init,
        }
        self.replicas = {name: type(self)(address=one, **{**credentials, **same}) for name, one in replicas.items()}
        self.tasks: set[asyncio.Task[None]] = set()
        self.address = address
        self.request_timeout = request_timeout
        self.statement_timeout = statement_timeout
        wait = self.extra.get("timeout")
        self.admission = AdmissionControl(max(1, self.pool_maxsize - 1), queue, wait)
        # Health, heartbeat and keys are short, and must succeed under load: one connection is reserved for them.
        self.reserved_admission = AdmissionControl(1, _RESERVED_QUEUE, wait, checks_clients=False)
        # Exports have further connections: each uses one for as long as its client reads.
        self.export_admission = AdmissionControl(max(1, exports), exports, wait)
        self._exports = exports
        self._settings = settings or {}
        self._init = init
        self.begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        """What begins the transaction of a request."""
        if address.pooled and settings:
            self.begin += f"; {sessions.assignment(settings, local=True)}"

    async def create_pool(self, **_credentials: Any) -> "asyncpg.Pool[Any]":
        """Open the pool. Tortoise calls it at the first query."""
        return await asyncpg.create_pool(
            min_size=self.pool_minsize,
            max_size=self.pool_maxsize + self._exports,
            init=self._begin_session,
            reset=_skip_reset,
            **self.address.arguments("ad-metrics"),
            **self.extra,
        )

    async def close(self) -> None:
        """Close all connections."""
        for task in self.tasks:
            task.cancel()
        for replica in self.replicas.values():
            await replica.close()
        await super().close()

    async def _begin_session(self, connection: "asyncpg.Connection[Any]") -> None:
        await sessions.begin(connection, self.address, self._settings)
        if self._init:
            await self._init(connection)


async def _skip_reset(_connection: "asyncpg.Connection[Any]") -> None:
    """Do not reset a connection that returns to the pool: its settings are those of all its transactions.

    Every use is one transaction, whose own settings end with it. asyncpg's reset query took a quarter of the time of a
    page of 100 rows (1.0 against 0.7 ms).
    """


def _in_one_line(record: logging.LogRecord) -> bool:
    """Put the cause into the line: the pool tries for as long as the database is away, with a traceback each time."""
    if record.exc_info:
        record.msg, record.args, record.exc_info = f"{record.getMessage()} ({record.exc_info[1]!r})", (), None
    return True


logging.getLogger("asyncpg.pool").addFilter(_in_one_line)

client_class = DsnClient
