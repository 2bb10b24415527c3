"""Retries: a request that reads is answered once more when the database interrupts it."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from loguru import logger

from project.errors import Interrupted


class RetryOnDisconnect(APIRoute):
    """A route whose GET only reads; a router takes it as its `route_class`.

    A failover, a conflict on a standby or a migration may end one query; the same query then has the answer. There is
    one retry: a caller should learn that the server itself is away.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function that answers a request; called by FastAPI."""
        handle = super().get_route_handler()

        async def handle_with_retry(request: Request) -> Response:
            try:
                return await handle(request)
            except Interrupted as error:
                if request.method != "GET":
                    raise
                logger.info("The database interrupted {} ({}); retrying.", self.path, error.cause)
                return await handle(request)

        return handle_with_retry
