"""What no route answers: exceptions that nobody expected (500, with nothing of the inside), and the end (503)."""

import asyncio

from fastapi import Request
from loguru import logger
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from project.web.response.problems import problem


class FaultsOfOurs:
    """Answers with a problem; the cause of a 500 is in the log.

    Starlette's own handler would answer outside of the middleware that numbers requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; called by the server."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except asyncio.CancelledError:
            # Only the server cancels, when its time to shut down is over.
            if scope["type"] != "http" or started:
                raise
            detail = "The service ended before the answer was there. Ask again."
            headers = {"Retry-After": "2"}
            answer = problem(Request(scope), 503, "shutting-down", "Shutting down", detail=detail, headers=headers)
            await answer(scope, receive, send)
        except Exception as error:
            if scope["type"] != "http":
                raise
            request = Request(scope)
            logger.opt(exception=error).error("{} {} failed", request.method, request.url.path)
            if started:
                # Half an answer must not look whole: the server breaks the connection.
                raise
            detail = "The fault is ours. The log has the cause under this request id."
            answer = problem(request, 500, "internal-error", "Internal error", detail=detail)
            await answer(scope, receive, send)
