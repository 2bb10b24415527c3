"""How large a request may be."""

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from project.web.request.paths import TAKES_BODIES, path_of
from project.web.response.problems import problem

LARGEST_URL = 32 << 10
"""Bytes of path and query: a thousand labels of thirty letters."""

LARGEST_BODY = 64 << 10
"""Bytes of the body of a request that takes none; one that does has a limit of its own."""


class LimitedSizes:
    """Refuses URLs and bodies that are too large (414, 413) before anything looks at them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it; called by the server."""
        refusal = _refusal(Request(scope)) if scope["type"] == "http" else None
        await (refusal or self.app)(scope, receive, send)


def _refusal(request: Request) -> Response | None:
    url = len(request.scope["raw_path"]) + len(request.scope["query_string"])
    if url > LARGEST_URL:
        detail = f"The URL has {url:,} bytes; it may have {LARGEST_URL:,}. Ask for fewer labels at once."
        return problem(request, 414, "url-too-long", "The URL is too long", detail=detail)
    if path_of(request.scope) == TAKES_BODIES:
        return None
    declared = request.headers.get("content-length", "0")
    # Chunks do not say beforehand how many come.
    if not declared.isdigit() or int(declared) > LARGEST_BODY or "transfer-encoding" in request.headers:
        detail = (
            f"{request.scope['path']} takes no body, and ignores one that is declared, of up to {LARGEST_BODY:,} bytes."
        )
        # The rest of the body would be read as the next request.
        return problem(
            request, 413, "too-large", "The body is too large", detail=detail, headers={"Connection": "close"}
        )
    return None
