"""Admission control: it limits how many requests run and how many wait, and refuses the others at once.

Without it, under overload, every request waits longer than its client does.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from time import monotonic

from project.errors import AdMetricsError, ClientDisconnected, DatabaseUnavailable, ServerFull

_SECONDS_BEFORE_CHECK = 0.25
"""How long a request waits before a test whether its client is still connected is worth 0.1 ms."""


def _no_connection() -> AdMetricsError:
    return DatabaseUnavailable("No database connection came free in time.")


class AdmissionControl:
    """Admits `slots` requests at once; up to `queue` more wait, each at most `timeout` seconds.

    `full` and `timed_out` make the errors of refused requests. With `checks_clients`, a request is also refused whose
    client disconnected while it waited.
    """

    def __init__(
        self,
        slots: int,
        queue: int,
        timeout: float | None,
        *,
        checks_clients: bool = True,
        full: Callable[[], AdMetricsError] = ServerFull,
        timed_out: Callable[[], AdMetricsError] = _no_connection,
    ) -> None:
        self.slots = slots
        self.in_use = 0
        self.waiting = 0
        self.on_change: Callable[[], None] = lambda: None
        """Called whenever `in_use` or `waiting` has changed."""
        self._queue = queue
        self._timeout = timeout
        self._checks_clients = checks_clients
        self._full_error = full
        self._timed_out_error = timed_out
        self._free = asyncio.Semaphore(slots)

    @property
    def full(self) -> bool:
        """Whether the next request would be refused."""
        return self._free.locked() and self.waiting >= self._queue

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold a slot inside the block. Raises the error for a full queue or a timeout, and ClientDisconnected."""
        waits = self._free.locked()
        since = monotonic()
        await (self._wait() if waits else self._free.acquire())
        self.in_use += 1
        self.on_change()
        try:
            if self._checks_clients and waits and monotonic() - since > _SECONDS_BEFORE_CHECK:
                await self._check_client()
            yield
        finally:
            self.in_use -= 1
            self._free.release()
            self.on_change()

    async def _wait(self) -> None:
        if self.full:
            raise self._full_error()
        self.waiting += 1
        self.on_change()
        try:
            async with asyncio.timeout(self._timeout):
                await self._free.acquire()
        except TimeoutError as error:
            raise self._timed_out_error() from error
        finally:
            self.waiting -= 1
            self.on_change()

    async def _check_client(self) -> None:
        if await client_disconnected.get()():
            raise ClientDisconnected("The client disconnected while its request waited.")


async def _unknown() -> bool:
    return False


client_disconnected: ContextVar[Callable[[], Awaitable[bool]]] = ContextVar("client_disconnected", default=_unknown)
"""Returns whether the client of the current request has disconnected."""
