"""One flight: what many ask for at once is done once, and all get what comes of it, a failure too."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """Makes something that is asked for; whoever asks while it is made waits for the same."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, Result]]) -> None:
        self._make = make
        self._flight: asyncio.Task[Result] | None = None

    async def __call__(self) -> Result:
        """Return what is made, or raise what went wrong. Whoever stops waiting stops nobody else."""
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._make())
            # Retrieved, also where all who asked have left.
            self._flight.add_done_callback(lambda flight: flight.cancelled() or flight.exception())
        return await asyncio.shield(self._flight)
