"""Which answers a cache may store: one rule for all of them, whatever route or middleware made them."""

from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

IMMUTABLE = "public, max-age=31536000, immutable"
"""The policy of an answer whose address changes with its content; it sets this itself."""


class CacheControl:
    """Lets caches store answers that have an ETag, to be revalidated each time, and no others; some are IMMUTABLE.

    What needs a key (`scope["keys_from"]`, the headers that may hold it) is for the caches of its holder only.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; called by the server."""
        keys_from: list[str] = []

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                if message["status"] >= HTTPStatus.BAD_REQUEST or "ETag" not in headers:
                    headers["Cache-Control"] = "no-store"
                else:
                    headers.add_vary_header(", ".join(["Accept-Encoding", *keys_from]))
                    if headers.get("Cache-Control") != IMMUTABLE:
                        headers["Cache-Control"] = "private, no-cache" if keys_from else "no-cache"
            await send(message)

        scope["keys_from"] = keys_from
        await self.app(scope, receive, with_policy if scope["type"] == "http" else send)
