"""The error boundary: what no route answers becomes 500, without details, or 503 when the service ends."""

import asyncio
import sys

from fastapi import Request
from loguru import logger
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from project.errors import AdMetricsError, InternalError, ShuttingDown
from project.web.response.problems import problem_of


class ErrorBoundary:
    """Answers unexpected exceptions with a problem; the cause of a 500 is in the log.

    Starlette's handler would answer outside the middleware that gives requests their ids.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; called by the server."""
        started = False

        async def send_and_record(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, _with_sentence(send) if scope["type"] == "lifespan" else send_and_record)
        except asyncio.CancelledError:
            # Only the server cancels, when its time to shut down is over.
            if scope["type"] != "http" or started:
                raise
            error = ShuttingDown("The service ended before the answer was there. Ask again.")
            await problem_of(Request(scope), error)(scope, receive, send)
        except Exception as error:
            if scope["type"] != "http":
                raise
            request = Request(scope)
            logger.opt(exception=error).error("{} {} failed", request.method, request.url.path)
            if started:
                # Half an answer must not look complete: the server breaks the connection.
                raise
            detail = "The log has the cause under this request id."
            await problem_of(request, InternalError(detail))(scope, receive, send)


def _with_sentence(send: Send) -> Send:
    """Return `send` that says why the service cannot start; Starlette's message is a traceback."""

    async def send_sentence(message: Message) -> None:
        error = sys.exc_info()[1]  # that of the lifespan
        if message["type"] == "lifespan.startup.failed" and isinstance(error, AdMetricsError | ValueError | OSError):
            message = {**message, "message": f"The service cannot start: {error}"}
        await send(message)

    return send_sentence
