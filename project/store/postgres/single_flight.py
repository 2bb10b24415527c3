"""Single flight: concurrent calls of one function share one run, and its result or error."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """Calls `run`, unless it is running: then it waits for the same result."""

    def __init__(self, run: Callable[[], Coroutine[Any, Any, Result]]) -> None:
        self._run = run
        self._flight: asyncio.Task[Result] | None = None

    async def __call__(self) -> Result:
        """Return the result, or raise the error. A caller that is cancelled cancels no other."""
        if self._flight is None or self._flight.done():
            self._flight = _started(self._run())
        return await asyncio.shield(self._flight)


class NextFlight(Generic[Result]):
    """Calls `run` so that each result is of a run that began after the call: what it reads is no older.

    While one run is under way, all calls wait for the next one; where it fails, they fail with it.
    """

    def __init__(self, run: Callable[[], Coroutine[Any, Any, Result]]) -> None:
        self._run = run
        self._flight: asyncio.Task[Result] | None = None
        self._next: asyncio.Task[Result] | None = None

    async def __call__(self) -> Result:
        """Return the result, or raise the error. A caller that is cancelled cancels no other."""
        if self._next is None:
            self._next = _started(self._run_after(self._flight))
        return await asyncio.shield(self._next)

    async def _run_after(self, flight: asyncio.Task[Result] | None) -> Result:
        try:
            if flight is not None and not flight.done():
                await asyncio.shield(flight)
        finally:
            self._flight, self._next = self._next, None
        return await self._run()


def _started(run: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
    flight = asyncio.create_task(run)
    # It reads the error even if all callers were cancelled: asyncio would log one that nobody reads.
    flight.add_done_callback(lambda flight: flight.cancelled() or flight.exception())
    return flight
