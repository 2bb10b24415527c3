"""Access: who may ask what, and how often. Declared for each resource in `main.py`."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.params import Depends as Dependency
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from throttled import RateLimiterType, RateLimitResult, Throttled, rate_limiter
from throttled.store import MemoryStore

from project.errors import KeyTooNarrow, NoKey, TooManyRequests
from project.settings import Settings
from project.store.api_keys import SCOPES
from project.web.request.log_fields import log_fields
from project.web.state import state_of

_MOST_BUCKETS = 10_000
"""How many callers one process remembers: those that asked last."""

COOKIE = "ad_metrics_key"
"""Where a browser keeps the key that was given to the page, for its session."""

_bearer = HTTPBearer(auto_error=False, description="A key made with `ad-metrics keys create`.", scheme_name="ApiKey")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


class Access:
    """The rules of one application."""

    def __init__(self, settings: Settings) -> None:
        self._keys_needed = settings.api_auth == "required"
        self._limited = settings.api_rate_limit > 0 and (self._keys_needed or settings.api_allow_anonymous)
        quota = settings.api_rate_limit or 1
        self._buckets = Throttled(
            # A bucket that refills evenly; the library's "token bucket" refills by whole seconds, and loses the rest.
            using=RateLimiterType.GCRA.value,
            quota=rate_limiter.per_min(quota, burst=quota),
            store=MemoryStore(options={"MAX_SIZE": _MOST_BUCKETS}),
        )

    def to(self, scope: str, *, grace_period: float = 0) -> Sequence[Dependency]:
        """Return what a router depends on that asks for this scope (`store.api_keys.SCOPES`).

        While the database is away, keys that were read up to `grace_period` seconds ago still count.
        """
        if self._keys_needed:
            return [Depends(self._holder_of_key(scope, grace_period))]
        return self.anonymous()

    def anonymous(self) -> Sequence[Dependency]:
        """Return what a router depends on that may be asked without a key, as often as a key may ask."""
        return [Depends(self._anonymous)] if self._limited else []

    @property
    def refusals(self) -> Sequence[int]:
        """The statuses with which a request may be refused."""
        return (*((401, 403) if self._keys_needed else ()), *((429,) if self._limited else ()))

    def _holder_of_key(self, scope: str, grace_period: float) -> Callable[..., Awaitable[None]]:
        async def check(request: Request, credentials: _Credentials) -> None:
            holder = await state_of(request).keys.holder(_presented(request, credentials), grace_period)
            log_fields(request, key=holder.name)
            if _rank(holder.scope) < _rank(scope):
                raise KeyTooNarrow(
                    f"The key {holder.name!r} has the scope {holder.scope!r}; this needs {scope!r}.", scope
                )
            self._take(request, str(holder.id), f"the key {holder.name!r}")

        return check

    async def _anonymous(self, request: Request) -> None:
        address = request.client.host if request.client else "-"
        self._take(request, _network(address), address)

    def _take(self, request: Request, caller: str, named: str) -> None:
        # A read that is made again (`web.request.retry`) has paid.
        if not self._limited or "RateLimit" in request.scope["answer_headers"]:
            return
        taken = self._buckets.limit(caller)
        request.scope["answer_headers"].update(_rate_limit_headers(taken))
        if taken.limited:
            retry_after = max(1, round(taken.state.retry_after))
            detail = f"{named} may ask {taken.state.limit:,} times a minute; the next may come in {retry_after} s."
            raise TooManyRequests(detail[0].upper() + detail[1:], retry_after)


def _presented(request: Request, credentials: HTTPAuthorizationCredentials | None) -> str:
    """Return the key of a request: its header's, or for what only reads, that of the page's cookie.

    A browser sends cookies also with what another site made it ask, which can read nothing of the answer.
    """
    if credentials:
        return credentials.credentials
    if request.method == "GET" and (key := request.cookies.get(COOKIE)):
        return key
    raise NoKey("Send a key: `Authorization: Bearer adm_…`. `ad-metrics keys create` makes one.", presented=False)


def _rate_limit_headers(taken: RateLimitResult) -> dict[str, Any]:
    """Return the fields of draft-ietf-httpapi-ratelimit-headers-10: what is allowed, what is left, when it is whole."""
    state = taken.state
    return {
        "RateLimit-Policy": f'"minute";q={state.limit};w=60',
        "RateLimit": f'"minute";r={state.remaining};t={round(state.reset_after)}',
    }


def _network(address: str) -> str:
    """Return what one caller has of addresses: one, or of IPv6 a /64."""
    with suppress(ValueError):
        if ip_address(address).version == 6:
            return str(ip_network(f"{address}/64", strict=False))
    return address


def _rank(scope: str) -> int:
    return list(SCOPES).index(scope)
