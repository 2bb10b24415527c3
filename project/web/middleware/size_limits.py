"""How large a request may be."""

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from project.errors import AdMetricsError, BodyTooLarge, UrlTooLong
from project.web.request.paths import TAKES_BODIES, path_of
from project.web.response.problems import problem_of

LARGEST_URL = 32 << 10
"""Bytes of path and query: a thousand labels of thirty letters."""

LARGEST_BODY = 64 << 10
"""Bytes of the body of a request that takes none; loads have another limit."""


class SizeLimits:
    """Refuses URLs and bodies that are too large (414, 413) before anything reads them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it; called by the server."""
        request = Request(scope) if scope["type"] == "http" else None
        error = _refusal(request) if request else None
        await (problem_of(request, error) if request and error else self.app)(scope, receive, send)


def _refusal(request: Request) -> AdMetricsError | None:
    url = len(request.scope["raw_path"]) + len(request.scope["query_string"])
    if url > LARGEST_URL:
        return UrlTooLong(f"The URL has {url:,} bytes; it may have {LARGEST_URL:,}. Ask for fewer labels at once.")
    if path_of(request.scope) == TAKES_BODIES:
        return None
    declared = request.headers.get("content-length", "0")
    # The length of chunks is not declared.
    if not declared.isdigit() or int(declared) > LARGEST_BODY or "transfer-encoding" in request.headers:
        path = request.scope["path"]
        detail = f"{path} takes no body of more than {LARGEST_BODY:,} bytes, or of a length that is not declared."
        return BodyTooLarge(detail, unread=True)
    return None
