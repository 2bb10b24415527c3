"""One log line and one count for every request."""

import asyncio
from time import perf_counter
from typing import Any

from fastapi import Request
from loguru import logger
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from project.web.request.paths import is_for_operators

ALARMING = frozenset({401, 403, 413, 414, 429, 500, 503, 504})
"""Statuses whose lines are warnings."""

_FULL = "server-full"
_SECONDS_BETWEEN_LINES = 1.0


def note(request: Request, **facts: Any) -> None:
    """Add facts, such as `rows` and `source`, to the log line of a request."""
    request.scope["observed"].update(facts)


class Observed:
    """Writes what each request was and became, and counts it (`web.server.telemetry`).

    Lines hold the route and no query, which may hold anything. What is asked by monitors, all day, is DEBUG. While the
    service is full there is one line a second, which counts: to write each refusal costs more than to make it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; called by the server."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # Nothing sent means that the client left first; nginx writes 499 for it.
        status = 499
        facts: dict[str, Any] = {}
        scope["observed"] = facts

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = perf_counter()
        try:
            await self.app(scope, receive, watched)
        finally:
            seconds = perf_counter() - started
            route = getattr(scope.get("route"), "path", "-")
            scope["app"].state.telemetry.count(scope["method"], route, status, seconds, facts.get("problem"))
            if facts.get("problem") == _FULL:
                self._note_full()
            else:
                _write(scope, route, status, seconds * 1000, facts)

    def _note_full(self) -> None:
        self._refused += 1
        if self._refused == 1:
            asyncio.get_running_loop().call_later(_SECONDS_BETWEEN_LINES, self._tell_refused)

    def _tell_refused(self) -> None:
        refused, self._refused = self._refused, 0
        logger.bind(problem=_FULL, refused=refused).warning(
            "The service is full; requests refused within a second: {}.", refused
        )


def _write(scope: Scope, route: str, status: int, milliseconds: float, facts: dict[str, Any]) -> None:
    level = "WARNING" if status in ALARMING else "DEBUG" if is_for_operators(scope) else "INFO"
    told = {"method": scope["method"], "route": route, "status": status, "ms": round(milliseconds, 1), **facts}
    shown = "".join(f" {name}={value}" for name, value in facts.items())
    logger.bind(**told).log(level, "{} {} {} in {:.1f} ms{}", scope["method"], route, status, milliseconds, shown)
