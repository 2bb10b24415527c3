"""The access log: one line and one count for every request."""

import asyncio
from time import perf_counter
from typing import Any

from loguru import logger
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from project.web.request.paths import is_for_operators
from project.web.state import state_of

ALARMING = frozenset({401, 403, 413, 414, 429, 500, 503, 504})
"""Statuses whose lines are warnings."""

_FULL = "server-full"
_SECONDS_BETWEEN_LINES = 1.0


class AccessLog:
    """Logs each request with its status, and counts it (`web.server.telemetry`).

    Lines have the route and no query, which may hold anything. The requests of monitors are DEBUG. While the service is
    full there is one line a second, with the number of refusals: to log each costs more than to make it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; called by the server."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # Where nothing is sent, the client disconnected first; nginx logs 499 for it.
        status = 499
        fields: dict[str, Any] = {}
        scope["log_fields"] = fields

        async def send_and_record(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = perf_counter()
        try:
            await self.app(scope, receive, send_and_record)
        finally:
            seconds = perf_counter() - started
            route = getattr(scope.get("route"), "path", "-")
            state_of(HTTPConnection(scope)).telemetry.count(
                scope["method"], route, status, seconds, fields.get("problem")
            )
            if fields.get("problem") == _FULL:
                self._count_refusal()
            else:
                _write(scope, route, status, seconds * 1000, fields)

    def _count_refusal(self) -> None:
        self._refused += 1
        if self._refused == 1:
            asyncio.get_running_loop().call_later(_SECONDS_BETWEEN_LINES, self._log_refusals)

    def _log_refusals(self) -> None:
        refused, self._refused = self._refused, 0
        logger.bind(problem=_FULL, refused=refused).warning(
            "The service is full; requests refused within a second: {}.", refused
        )


def _write(scope: Scope, route: str, status: int, milliseconds: float, fields: dict[str, Any]) -> None:
    level = "WARNING" if status in ALARMING else "DEBUG" if is_for_operators(scope) else "INFO"
    bound = {"method": scope["method"], "route": route, "status": status, "ms": round(milliseconds, 1), **fields}
    shown = "".join(f" {name}={value}" for name, value in fields.items())
    logger.bind(**bound).log(level, "{} {} {} in {:.1f} ms{}", scope["method"], route, status, milliseconds, shown)
