"""Heads: the request line and headers of a request, which uvicorn takes of any length, and waits for without end.

Each megabyte of headers is a megabyte of its memory, and each connection that never ends its head is one for good.
uvicorn chooses its protocol class before it loads the application, and takes another only by a flag, which would be
forgotten; so the methods of its class are wrapped in place.
"""

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from loguru import logger
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 64 << 10
"""Bytes, as h11 has it, and twice what LimitedSizes leaves to a URL."""

SLOWEST_HEAD = 30.0
"""Seconds from the connection, or the first byte, to the end of the head."""


def limit_heads() -> None:
    """Refuse, from now on, heads that are too large (431) or come too slowly (408), and close their connections."""
    if not hasattr(HttpToolsProtocol, "_heads"):
        HttpToolsProtocol._heads = True  # type: ignore[attr-defined]  # noqa: SLF001
        for name, more in (
            ("connection_made", _waits),
            ("connection_lost", _waits_no_more),
            ("on_message_begin", _waits),
            ("on_headers_complete", _waits_no_more),
        ):
            setattr(HttpToolsProtocol, name, _followed_by(getattr(HttpToolsProtocol, name), more))
        HttpToolsProtocol.data_received = _counted(HttpToolsProtocol.data_received)  # type: ignore[method-assign]


def _followed_by(method: Callable[..., None], more: Callable[[Any], None]) -> Callable[..., None]:
    @wraps(method)
    def both(protocol: Any, *arguments: Any) -> None:
        method(protocol, *arguments)
        more(protocol)

    return both


def _counted(method: Callable[..., None]) -> Callable[..., None]:
    @wraps(method)
    def data_received(protocol: Any, data: bytes) -> None:
        method(protocol, data)
        if protocol.head_timer:
            protocol.head_bytes += len(data)
            if protocol.head_bytes > LARGEST_HEAD:
                detail = f"The request line and headers may have {LARGEST_HEAD:,} bytes together."
                _refuse(protocol, 431, "head-too-large", "Request Header Fields Too Large", detail)

    return data_received


def _waits(protocol: Any) -> None:
    _waits_no_more(protocol)
    protocol.head_bytes = 0
    protocol.head_timer = asyncio.get_running_loop().call_later(SLOWEST_HEAD, _too_slow, protocol)


def _waits_no_more(protocol: Any) -> None:
    if timer := getattr(protocol, "head_timer", None):
        timer.cancel()
    protocol.head_timer = None


def _too_slow(protocol: Any) -> None:
    _refuse(protocol, 408, "head-too-slow", "Request Timeout", f"The headers did not come in {SLOWEST_HEAD:.0f} s.")


def _refuse(protocol: Any, status: int, kind: str, phrase: str, detail: str) -> None:
    _waits_no_more(protocol)
    logger.bind(problem=kind, status=status).warning("A connection was closed: {} ({}).", phrase, status)
    body = orjson.dumps({"type": f"/problems/{kind}", "title": phrase, "status": status, "detail": detail})
    head = (
        f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    protocol.transport.write(head.encode() + body)
    protocol.transport.close()
