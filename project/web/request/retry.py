"""Retries: a request that reads is answered once more when the database interrupts it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from loguru import logger

from project.errors import Interrupted, StateMoved

_WHILE_A_LOAD_COMMITS = (5, 0.1)
"""How many retries, and seconds before each: a commit on Citus takes some milliseconds."""


class RetryOnDisconnect(APIRoute):
    """A route whose GET only reads; a router takes it as its `route_class`.

    A failover, a conflict on a standby or a migration may end one query; the same query then has the answer. There is
    one retry: a caller should learn that the server itself is away. While a load commits on Citus, there are more.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function that answers a request; called by FastAPI."""
        handle = super().get_route_handler()

        async def handle_with_retry(request: Request) -> Response:
            retries = 0
            while True:
                try:
                    return await handle(request)
                except Interrupted as error:
                    most, pause = _WHILE_A_LOAD_COMMITS if isinstance(error, StateMoved) else (1, 0)
                    if request.method != "GET" or retries >= most:
                        raise
                    logger.info("The database interrupted {} ({}); retrying.", self.path, error.cause)
                    retries += 1
                    await asyncio.sleep(pause)

        return handle_with_retry
