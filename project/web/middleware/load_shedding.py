"""A service that is full says so before it does anything else for a request."""

import asyncio
from functools import partial

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from project.errors import ServerFull
from project.store.postgres.admission import caller_gone
from project.web.request.paths import is_for_operators
from project.web.response.problems import database_unavailable

PAUSE = 0.1
"""Seconds before a refusal is sent. A client that asks again at once would be refused thousands of times a second, each
time for the work of a tenth of an answer: without the pause, 80 such clients left the others a fifth of the answers."""


class RefusedWhenFull:
    """Refuses what the gate before the database (`store.postgres.admission`) would refuse a moment later.

    To route and parse a request first costs ten times as much, and when most are refused, that is what the service
    would do all day. Those that wait are not asked of the database when their callers have left meanwhile.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it; called by the server."""
        if scope["type"] == "http" and scope["app"].state.gate.full and not is_for_operators(scope):
            await asyncio.sleep(PAUSE)
            answer = database_unavailable(Request(scope), ServerFull())
            await answer(scope, receive, send)
            return
        if scope["type"] == "http" and scope["method"] == "GET":
            caller_gone.set(partial(_gone, Request(scope, receive)))
        await self.app(scope, receive, send)


async def _gone(request: Request) -> bool:
    # The first thing that is received is the body, which a GET has none of.
    return await request.is_disconnected() or await request.is_disconnected()
