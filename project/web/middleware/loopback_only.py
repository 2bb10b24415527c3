"""A service that nobody has opened answers its own machine only."""

import re
from ipaddress import ip_address

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from project.web.request.paths import is_public
from project.web.response.problems import problem

_FORWARDED = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto",
    "x-forwarded-server", "x-real-ip",
)  # fmt: skip

_ADVICE = (
    "This service answers its own machine only, since it has no keys: set API_AUTH=required and make a key with"
    " `ad-metrics keys create`, or API_ALLOW_ANONYMOUS=true to answer everybody."
)


class LoopbackOnly:
    """Refuses (403) whoever is not on this machine, or may not be: who comes through a proxy, or by a foreign name.

    A proxy on this machine that adds none of the usual headers, and asks for localhost, cannot be told from a user.

    A page of another site can send a browser on this machine here under a name of its own (DNS rebinding), or send a
    form; its requests come from the loopback address all the same.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it; called by the server."""
        if scope["type"] == "http" and not is_public(scope):
            request = Request(scope)
            if strange := _strange(request):
                answer = problem(request, 403, "not-open", "Not open to strangers", detail=f"{strange} {_ADVICE}")
                await answer(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _strange(request: Request) -> str | None:
    """Say what makes a request a stranger's, or None."""
    # A Unix socket has no address.
    if request.client and not _is_loopback(request.client.host):
        return f"The request comes from {request.client.host}."
    if passed := [name for name in _FORWARDED if name in request.headers]:
        return f"The request came through a proxy ({passed[0]})."
    host = request.headers.get("host", "")
    name = re.sub(r":\d*$", "", host).lower().removesuffix(".")
    if not (name == "localhost" or name.endswith(".localhost") or _is_loopback(name.strip("[]"))):
        return f"The request is for the host {host!r}, not for localhost."
    if request.headers.get("sec-fetch-site") == "cross-site" and request.method not in ("GET", "HEAD", "OPTIONS"):
        return "The request was sent by a page of another site."
    return None


def _is_loopback(address: str) -> bool:
    try:
        found = ip_address(address)
        return (getattr(found, "ipv4_mapped", None) or found).is_loopback
    except ValueError:
        return False
