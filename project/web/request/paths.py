"""Paths that are treated apart."""

from starlette.types import Scope

TAKES_BODIES = "/v1/ingests"

_PUBLIC = ("/health/",)
_OPERATORS = ("/health/", "/metrics")


def is_public(scope: Scope) -> bool:
    """Whether it needs no key, and answers strangers too: load balancers."""
    return path_of(scope).startswith(_PUBLIC)


def is_for_operators(scope: Scope) -> bool:
    """Whether it is answered also when the service is full."""
    return path_of(scope).startswith(_OPERATORS)


def path_of(scope: Scope) -> str:
    """Return the path below the application's root (`uvicorn --root-path`), where a proxy has put it under one."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"
