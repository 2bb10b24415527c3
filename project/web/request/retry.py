"""Retries: a request that reads is answered once more when its database connection breaks."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from loguru import logger

from project.errors import ConnectionBroken


class RetryOnDisconnect(APIRoute):
    """A route that only reads; a router takes it as its `route_class`.

    An administrator or a failover may end one connection; another one then has the answer. There is one retry: a caller
    should learn that the server itself is away.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function that answers a request; called by FastAPI."""
        handle = super().get_route_handler()

        async def handle_with_retry(request: Request) -> Response:
            try:
                return await handle(request)
            except ConnectionBroken as error:
                logger.info("The connection broke while {} was read ({}); retrying.", self.path, error.__cause__)
                return await handle(request)

        return handle_with_retry
