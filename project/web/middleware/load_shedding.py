"""Load shedding: a service that is full refuses a request before it does anything else for it."""

import asyncio
from functools import partial

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from project.errors import ServerFull
from project.store.postgres.admission import client_disconnected
from project.web.request.paths import is_for_operators
from project.web.response.problems import problem_of
from project.web.state import state_of

PAUSE = 0.1
"""Seconds before a refusal is sent. A client that retries at once would be refused thousands of times a second, each
for a tenth of the work of an answer: without the pause, 80 such clients left a fifth of the answers for others."""


class LoadShedding:
    """Refuses what admission control (`store.postgres.admission`) would refuse a moment later.

    To route and parse a request first costs ten times as much, and a full service would do little else. It also tells
    admission control how to find out whether the client of a waiting request has disconnected.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it; called by the server."""
        if scope["type"] == "http":
            request = Request(scope, receive)
            if state_of(request).admission.full and not is_for_operators(scope):
                await asyncio.sleep(PAUSE)
                await problem_of(request, ServerFull())(scope, receive, send)
                return
            if scope["method"] == "GET":
                client_disconnected.set(partial(_is_disconnected, request))
        await self.app(scope, receive, send)


async def _is_disconnected(request: Request) -> bool:
    # What is received first is the body, which a GET does not have.
    return await request.is_disconnected() or await request.is_disconnected()
