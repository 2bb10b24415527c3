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
            self._flight = asyncio.create_task(self._run())
            # It reads the error even if all callers were cancelled: asyncio would log one that nobody reads.
            self._flight.add_done_callback(lambda flight: flight.cancelled() or flight.exception())
        return await asyncio.shield(self._flight)
