"""Middleware: what every request passes before its route, outermost first in `stack`. Pure ASGI, one file each.

Starlette's `@app.middleware("http")` runs the route in another task, which goes on after the client disconnects.
"""

from asgi_correlation_id import CorrelationIdMiddleware
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from project.settings import Settings
from project.web.middleware.access_log import AccessLog
from project.web.middleware.cache_control import CacheControl
from project.web.middleware.compression import Compression
from project.web.middleware.error_boundary import ErrorBoundary
from project.web.middleware.head_requests import HeadRequests
from project.web.middleware.load_shedding import LoadShedding
from project.web.middleware.loopback_only import LoopbackOnly
from project.web.middleware.root_path import RootPath
from project.web.middleware.security_headers import SecurityHeaders
from project.web.middleware.size_limits import SizeLimits

_EXPOSED = (
    "Content-Disposition", "ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID",
    "X-Row-Count",
)  # fmt: skip


def stack(settings: Settings) -> list[Middleware]:
    """Return the middleware of the application, as FastAPI takes it."""
    proxies, origins = settings.trusted_proxies.split(), settings.cors_origins.split()
    localhost_only = settings.api_auth == "off" and not settings.api_allow_anonymous
    return [
        *([Middleware(ProxyHeadersMiddleware, trusted_hosts=proxies)] if proxies else []),
        Middleware(CorrelationIdMiddleware, validator=_printable_id),
        Middleware(HeadRequests),
        Middleware(AccessLog),
        # Around everything that answers.
        Middleware(SecurityHeaders),
        Middleware(CacheControl),
        # Around everything that refuses: a browser hides a refusal without these headers from the page.
        *([_cors(origins)] if origins else []),
        Middleware(Compression),
        Middleware(RootPath),
        Middleware(ErrorBoundary),
        Middleware(LoadShedding),
        Middleware(SizeLimits),
        *([Middleware(LoopbackOnly)] if localhost_only else []),
    ]


def _cors(origins: list[str]) -> Middleware:
    return Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "X-Request-ID"],
        expose_headers=_EXPOSED,
    )


def _printable_id(text: str) -> bool:
    return len(text) <= 128 and text.isascii() and text.isprintable()
