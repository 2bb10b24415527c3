"""Compression of pages, JSON and other text. Files are compressed while they are encoded (`export.encode`)."""

import asyncio
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from project.export.encode import CODINGS
from project.web.request.negotiation import coding_of

SMALLEST = 1024
"""Bytes; less than a packet saves no time."""

_LARGE = 128 << 10
"""Bytes that take more than a millisecond, which other requests should not wait."""

_TEXTUAL = (
    "text/",
    "application/json",
    "application/problem+json",
    "application/vnd.vegalite.v6+json",
    "image/svg+xml",
)


class Compression:
    """Compresses answers that are text, in one piece, and not small."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; called by the server."""
        coding = coding_of(Headers(scope=scope)) if scope["type"] == "http" else None
        head: Message | None = None

        async def send_compressed(message: Message) -> None:
            nonlocal head
            if message["type"] == "http.response.start" and _is_compressible(message):
                # Its headers depend on the body.
                head = message
                return
            if head and coding:
                if len(message.get("body", b"")) >= SMALLEST and not message.get("more_body"):
                    message["body"] = await _compress(message["body"], coding, MutableHeaders(raw=head["headers"]))
                await send(head)
                head = None
            await send(message)

        await self.app(scope, receive, send_compressed if coding else send)


async def _compress(body: bytes, coding: str, headers: MutableHeaders) -> bytes:
    compressor = CODINGS[coding]()
    first = await asyncio.to_thread(compressor.compress, body) if len(body) > _LARGE else compressor.compress(body)
    compressed: bytes = first + compressor.flush()
    headers["Content-Encoding"], headers["Content-Length"] = coding, str(len(compressed))
    if etag := headers.get("ETag"):
        # The same answer in other bytes.
        headers["ETag"] = f"W/{etag}"
    # A range would be one of the uncompressed bytes.
    del headers["Accept-Ranges"]
    return compressed


def _is_compressible(head: Message) -> bool:
    headers = Headers(raw=head["headers"])
    whole = head["status"] not in (HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_MODIFIED)
    return whole and "Content-Encoding" not in headers and headers.get("Content-Type", "").startswith(_TEXTUAL)
