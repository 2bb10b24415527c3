"""Headers that every answer carries."""

from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS = {
    # An answer is data: nothing in it runs, and no page frames it. The dashboard sets another policy.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""What the OWASP Secure Headers Project advises for an API."""

_always = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


class SecurityHeaders:
    """Adds `SECURITY_HEADERS`, and the headers in the scope's `answer_headers`, such as the rate limit's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; called by the server."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        added: dict[str, str] = {}
        scope["answer_headers"] = added

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                present = {name for name, _ in headers}
                if message["status"] != HTTPStatus.NOT_MODIFIED:
                    # With a 304 a browser would replace those of the cached answer.
                    headers.extend(pair for pair in _always if pair[0] not in present)
                headers.extend((name.lower().encode(), value.encode()) for name, value in added.items())
                if scope["scheme"] == "https":
                    headers.append((b"strict-transport-security", b"max-age=31536000"))
            await send(message)

        await self.app(scope, receive, with_headers)
