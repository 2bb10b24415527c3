"""Access for localhost only: the default, which keys or API_ALLOW_ANONYMOUS open."""

import re
from functools import lru_cache
from ipaddress import ip_address

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from project.commands import typed
from project.errors import AccessLimited
from project.web.request.paths import is_public
from project.web.response.problems import problem_of

_FORWARDED = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto",
    "x-forwarded-server", "x-real-ip",
)  # fmt: skip

_ADVICE = (
    "This service answers its own machine only, since it has no keys: set API_AUTH=required and make a key with"
    f" `{typed('ad-metrics keys create NAME')}`, or API_ALLOW_ANONYMOUS=true to answer everybody."
)


class LoopbackOnly:
    """Refuses (403) requests from other machines, and those that may be: through a proxy, or for another host name.

    A proxy on this machine that adds none of the usual headers, and asks for localhost, looks like a local user.

    A page of another site can make a browser on this machine send requests under another name (DNS rebinding), or
    send a form; both come from the loopback address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it; called by the server."""
        if scope["type"] == "http" and not is_public(scope):
            request = Request(scope)
            if reason := reason_to_refuse(request):
                await problem_of(request, AccessLimited(f"{reason} {_ADVICE}"))(scope, receive, send)
                return
        await self.app(scope, receive, send)


def reason_to_refuse(request: Request) -> str | None:
    """Return why a request may come from another machine, in a sentence; None of a local one."""
    # A Unix socket has no address.
    if request.client and not _is_loopback(request.client.host):
        return f"The request comes from {request.client.host}."
    headers = dict(request.headers)
    if forwarded := [name for name in _FORWARDED if name in headers]:
        return f"The request came through a proxy ({forwarded[0]})."
    host = headers.get("host", "")
    name = re.sub(r":\d*$", "", host).lower().removesuffix(".")
    if not (name == "localhost" or name.endswith(".localhost") or _is_loopback(name.strip("[]"))):
        return f"The request is for the host {host!r}, not for localhost."
    if headers.get("sec-fetch-site") == "cross-site" and request.method not in ("GET", "OPTIONS"):
        return "The request was sent by a page of another site."
    return None


@lru_cache
def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback
    except ValueError:
        return False
