"""Paths that middleware treats differently."""

from starlette.types import Scope

TAKES_BODIES = "/v1/ingests"


def is_public(scope: Scope) -> bool:
    """Whether the path needs no key and answers other machines: load balancers ask for it, and answers point to it."""
    return path_of(scope).startswith(("/health/", "/problems/", "/static/"))


def is_for_operators(scope: Scope) -> bool:
    """Whether the path is answered while the service is full."""
    return path_of(scope).startswith(("/health/", "/metrics"))


def url_of(scope: Scope, path: str) -> str:
    """Return the address of a path of ours, as an answer has it: below the application's root."""
    return f"{_root(scope)}{path}"


def path_of(scope: Scope) -> str:
    """Return the path below the application's root (`uvicorn --root-path`)."""
    path: str = scope["path"]
    return path.removeprefix(_root(scope)) or "/"


def _root(scope: Scope) -> str:
    # That of `/static` is its own, below the application's.
    root: str = scope.get("app_root_path", scope.get("root_path", ""))
    return root
