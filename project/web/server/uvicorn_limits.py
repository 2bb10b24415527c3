"""Limits of connections that uvicorn lacks: the size of a request's head, and the time until its end.

uvicorn accepts headers (and trailers, after a body) of any size, and keeps a connection whose request never ends. It
chooses its protocol class before it loads the application, and takes another only by a flag, which operators would
forget; so the methods of its class are wrapped.
"""

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from loguru import logger
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 64 << 10
"""Bytes, as in h11, and twice the largest URL of SizeLimits. One chunk of the socket more may be read."""

HEAD_TIMEOUT = 30.0
"""Seconds from the connection, or the first byte, to the end of the head."""

LINGER_TIMEOUT = 2.0
"""Seconds for the remaining request after it has been answered."""


def limit_connections() -> None:
    """Refuse heads that are too large (431) or too slow (408), and close their connections, from now on."""
    if hasattr(HttpToolsProtocol, "limits"):
        return
    HttpToolsProtocol.limits = None  # type: ignore[attr-defined]
    for name in ("connection_made", "connection_lost", "data_received", "on_message_begin", "on_url", "on_header",
                 "on_headers_complete", "on_message_complete", "on_response_complete"):  # fmt: skip
        setattr(HttpToolsProtocol, name, _call_both(getattr(HttpToolsProtocol, name), getattr(_Limits, name)))


def _call_both(method: Callable[..., None], limit: Callable[..., None]) -> Callable[..., None]:
    @wraps(method)
    def both(protocol: Any, *arguments: Any) -> None:
        method(protocol, *arguments)
        limits = protocol.limits = protocol.limits or _Limits(protocol)
        limit(limits, *arguments)

    return both


class _Limits:
    """The limits of one connection; each method is called after the protocol's method of its name."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._timer: asyncio.TimerHandle | None = None
        self._in_head = True
        self._in_message = False
        self._began = False
        self._bytes = 0

    def connection_made(self, _transport: object) -> None:
        self._start_timer(HEAD_TIMEOUT, self._too_slow)

    def connection_lost(self, _error: object) -> None:
        self._stop_timer()

    def on_message_begin(self) -> None:
        self._in_head = self._in_message = self._began = True
        self._bytes = 0
        self._start_timer(HEAD_TIMEOUT, self._too_slow)

    def on_url(self, part: bytes) -> None:
        self._count(len(part))

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers are reported here, too.
        self._count(len(name) + len(value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()

    def data_received(self, data: bytes) -> None:
        # The protocol reports complete headers only. Bytes before the head in the same chunk do not count.
        if self._in_head and not self._began:
            self._count(len(data))
        self._began = False

    def on_message_complete(self) -> None:
        self._in_message = False
        self._stop_timer()

    def on_response_complete(self) -> None:
        if self._in_message:
            self._start_timer(LINGER_TIMEOUT, self._protocol.transport.close)

    def _count(self, more: int) -> None:
        self._bytes += more
        if self._bytes > LARGEST_HEAD:
            detail = f"The request line and headers may have {LARGEST_HEAD:,} bytes together."
            self._refuse(431, "head-too-large", "Request Header Fields Too Large", detail)

    def _too_slow(self) -> None:
        detail = f"The headers did not come in {HEAD_TIMEOUT:.0f} s."
        self._refuse(408, "head-too-slow", "Request Timeout", detail)

    def _refuse(self, status: int, kind: str, phrase: str, detail: str) -> None:
        self._stop_timer()
        transport = self._protocol.transport
        if transport.is_closing():
            return
        logger.bind(problem=kind, status=status).warning("A connection was closed: {} ({}).", phrase, status)
        cycle = self._protocol.cycle
        if cycle is None or cycle.response_complete:
            root = "/".join(["", *filter(None, [self._protocol.root_path.strip("/")])])
            problem = {"type": f"{root}/problems/{kind}", "title": phrase, "status": status, "detail": detail}
            body = orjson.dumps(problem)
            head = (
                f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/problem+json\r\n"
                f"content-length: {len(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
            )
            transport.write(head.encode() + body)
        transport.close()

    def _start_timer(self, seconds: float, then: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
