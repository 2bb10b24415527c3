"""Again: a read whose database connection broke under it is made once more."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from loguru import logger

from project.errors import ConnectionBroken


class RetryOnDisconnect(APIRoute):
    """A route that reads only; given to a router as its `route_class`.

    The server may have ended one connection (an administrator did, or a failover): then another one has the answer.
    Once only: where the server itself is gone, the caller should hear it.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request; called by FastAPI."""
        handle = super().get_route_handler()

        async def handle_with_retry(request: Request) -> Response:
            try:
                return await handle(request)
            except ConnectionBroken as error:
                logger.info("The connection broke while {} was read ({}); reading again.", self.path, error.__cause__)
                return await handle(request)

        return handle_with_retry
