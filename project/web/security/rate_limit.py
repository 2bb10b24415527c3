"""The rate limit: how often one caller may ask."""

from contextlib import suppress
from ipaddress import ip_address, ip_network
from math import ceil

from fastapi import Request
from throttled import RateLimiterType, Throttled, rate_limiter
from throttled.store import MemoryStore

from project.errors import TooManyRequests

_MOST_BUCKETS = 10_000
"""How many callers one process remembers: those that asked last."""


class RateLimit:
    """Counts the requests of each caller of one process."""

    def __init__(self, requests_a_minute: int) -> None:
        self._buckets = Throttled(
            # A bucket that refills evenly; the library's "token bucket" refills every second, and loses fractions.
            using=RateLimiterType.GCRA.value,
            quota=rate_limiter.per_min(requests_a_minute, burst=requests_a_minute),
            store=MemoryStore(options={"MAX_SIZE": _MOST_BUCKETS}),
        )

    def count(self, request: Request, caller: str, display_name: str) -> None:
        """Count a request, and tell its answer the state of the limit. Raises TooManyRequests."""
        # A retry (`web.request.retry`) is counted once.
        if "RateLimit" in request.scope["answer_headers"]:
            return
        result = self._buckets.limit(caller)
        state = result.state
        # The fields of draft-ietf-httpapi-ratelimit-headers-10.
        request.scope["answer_headers"].update(
            {
                "RateLimit-Policy": f'"minute";q={state.limit};w=60',
                "RateLimit": f'"minute";r={state.remaining};t={ceil(state.reset_after)}',
            }
        )
        if result.limited:
            retry_after = max(1, ceil(state.retry_after))
            detail = f"{display_name} may ask {state.limit:,} times a minute; the next may come in {retry_after} s."
            raise TooManyRequests(detail[0].upper() + detail[1:], retry_after)

    async def count_address(self, request: Request) -> None:
        """Count a request by its client's address, which of IPv6 is a /64 network. Raises TooManyRequests."""
        address = request.client.host if request.client else "-"
        self.count(request, _network(address), address)


def _network(address: str) -> str:
    with suppress(ValueError):
        if ip_address(address).version == 6:
            return str(ip_network(f"{address}/64", strict=False))
    return address
