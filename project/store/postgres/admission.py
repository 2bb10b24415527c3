"""The gate before the pool: so many requests read at once, so many wait, and the others are told at once.

Without it every request of a crowd waits for a connection, all of them longer than their callers do, and the answers
are made for nobody.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from time import monotonic

from project.errors import CallerGone, DatabaseUnavailable, ServerFull

_LONG = 0.25
"""Seconds of waiting after which it is worth finding out whether the caller is still there (0.1 ms)."""


class Gate:
    """Lets `slots` requests through at once; up to `queue` more wait, each at most `patience` seconds.

    Those whose callers have left meanwhile are turned away, where it `asks_callers`.
    """

    def __init__(self, slots: int, queue: int, patience: float | None, *, asks_callers: bool = True) -> None:
        self.slots = slots
        self.in_use = 0
        self.waiting = 0
        self.watch: Callable[[], None] = _nobody
        """Called whenever `in_use` or `waiting` has changed."""
        self._queue = queue
        self._patience = patience
        self._asks_callers = asks_callers
        self._free = asyncio.Semaphore(slots)

    @property
    def full(self) -> bool:
        """Whether the next request would be refused."""
        return self._free.locked() and self.waiting >= self._queue

    @asynccontextmanager
    async def passed(self) -> AsyncIterator[None]:
        """Hold a slot inside the block. Raises ServerFull, CallerGone, and DatabaseUnavailable when none came free."""
        waits = self._free.locked()
        since = monotonic()
        await (self._wait() if waits else self._free.acquire())
        self.in_use += 1
        self.watch()
        try:
            if self._asks_callers and waits and monotonic() - since > _LONG and await caller_gone.get()():
                raise CallerGone("The caller left before the turn of the request came.")
            yield
        finally:
            self.in_use -= 1
            self._free.release()
            self.watch()

    async def _wait(self) -> None:
        if self.full:
            raise ServerFull
        self.waiting += 1
        self.watch()
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable("No database connection came free in time.") from error
        finally:
            self.waiting -= 1
            self.watch()


async def _unknown() -> bool:
    return False


caller_gone: ContextVar[Callable[[], Awaitable[bool]]] = ContextVar("caller_gone", default=_unknown)
"""How to find out whether whoever waits for this task's result has left."""


def _nobody() -> None:
    pass
