"""Authorization: the key that a request needs. `main.py` declares the scope of each resource."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.params import Depends as Dependency
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from project.commands import typed
from project.errors import AccessLimited, KeyTooNarrow, NoKey
from project.settings import Settings
from project.store.api_keys import SCOPES
from project.web.middleware.loopback_only import reason_to_refuse
from project.web.security.rate_limit import RateLimit
from project.web.state import log_fields, state_of

COOKIE = "ad_metrics_key"
"""Where a browser keeps the key of the page, for its session."""

_bearer = HTTPBearer(auto_error=False, description="A key made with `ad-metrics keys create`.", scheme_name="ApiKey")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


class Access:
    """The rules of one application."""

    def __init__(self, settings: Settings) -> None:
        self._keys_needed = settings.api_auth == "required"
        limited = settings.api_rate_limit > 0 and (self._keys_needed or settings.api_allow_anonymous)
        self._rate_limit = RateLimit(settings.api_rate_limit) if limited else None

    def to(self, scope: str, *, grace_period: float = 0) -> Sequence[Dependency]:
        """Return the dependencies of a router that needs a key of this scope (`store.api_keys.SCOPES`).

        Without keys, only this machine may edit. While the database is away, keys that were read up to `grace_period`
        seconds ago still count.
        """
        if self._keys_needed:
            return [Depends(self._key_holder(scope, grace_period))]
        local_only = [Depends(_only_this_machine)] if scope == "edit" else []
        return [*local_only, *self.anonymous()]

    def anonymous(self) -> Sequence[Dependency]:
        """Return the dependencies of a router that needs no key; the rate limit is that of a key."""
        return [Depends(self._rate_limit.count_address)] if self._rate_limit else []

    @property
    def refusals(self) -> Sequence[int]:
        """The statuses of the requests that it refuses."""
        return (*((401, 403) if self._keys_needed else ()), *((429,) if self._rate_limit else ()))

    @property
    def refusals_of_edits(self) -> Sequence[int]:
        """The statuses of the requests to edit that it refuses."""
        return sorted({403, *self.refusals})

    def _key_holder(self, scope: str, grace_period: float) -> Callable[..., Awaitable[None]]:
        async def authorize(request: Request, credentials: _Credentials) -> None:
            request.scope["keys_from"][:] = ("Authorization", "Cookie")
            holder = await state_of(request).keys.holder(_key_of(request, credentials), grace_period)
            log_fields(request, key=holder.name)
            if _rank(holder.scope) < _rank(scope):
                raise KeyTooNarrow(
                    f"The key {holder.name!r} has the scope {holder.scope!r}; this needs {scope!r}."
                    " Ask whoever runs this service for another.",
                    scope,
                )
            if self._rate_limit:
                self._rate_limit.count(request, str(holder.id), f"the key {holder.name!r}")

        return authorize


def _key_of(request: Request, credentials: HTTPAuthorizationCredentials | None) -> str:
    """Return the key of the header, or of the page's cookie. Raises NoKey.

    A browser may send the cookie with a form of another site. It sends no PUT or DELETE of one, unless CORS_ORIGINS
    names the site, and then without cookies.
    """
    if credentials:
        return credentials.credentials
    if request.method != "POST" and (key := request.cookies.get(COOKIE)):
        return key
    raise NoKey("Send a key: `Authorization: Bearer adm_…`. Ask whoever runs this service for one.", presented=False)


def _only_this_machine(request: Request) -> None:
    if reason := reason_to_refuse(request):
        raise AccessLimited(
            f"{reason} Without keys, only the service's own machine may change views: set API_AUTH=required and make a"
            f" key with `{typed('ad-metrics keys create NAME --scope edit')}`."
        )


def _rank(scope: str) -> int:
    return list(SCOPES).index(scope)
