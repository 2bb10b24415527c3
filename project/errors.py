"""The errors that several folders raise or answer. `web.response.problems` says what each is over HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One invalid parameter, as the caller reads it."""

    parameter: str
    code: str
    detail: str
    value: Any = None
    suggestions: tuple[str, ...] = ()


class AdMetricsError(Exception):
    """The base of all of them."""


class SettingsError(ValueError):
    """Invalid settings, each with what is expected."""


class InvalidRequest(AdMetricsError):
    """All faults of one request."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.detail for fault in faults))
        self.faults = tuple(faults)


class NoSuchThing(AdMetricsError):
    """Nothing has the name or id that the request gives."""

    def __init__(self, detail: str, suggestions: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.suggestions = tuple(suggestions)


class NoSuchResource(NoSuchThing):
    """Nothing is at the path of the request."""


class InUse(AdMetricsError):
    """The thing to be deleted is needed by others."""


class PreconditionFailed(AdMetricsError):
    """The thing to be changed is not as the request expects it (`If-Match`, `If-None-Match`)."""


class MethodNotAllowed(AdMetricsError):
    """The path takes other methods; `allowed` names them as the header Allow does."""

    def __init__(self, detail: str, allowed: str) -> None:
        super().__init__(detail)
        self.allowed = allowed


class UrlTooLong(AdMetricsError):
    """The path and query of the request are too long."""


class BodyTooLarge(AdMetricsError):
    """The body of the request is too large; `unread` says that its end has not been read."""

    def __init__(self, detail: str, *, unread: bool = False) -> None:
        super().__init__(detail)
        self.unread = unread


class NotAllowed(AdMetricsError):
    """The caller may not do this, or not now."""


class NoKey(NotAllowed):
    """The request has no key, or one that is not valid (`presented`)."""

    def __init__(self, detail: str, *, presented: bool) -> None:
        super().__init__(detail)
        self.presented = presented


class KeyTooNarrow(NotAllowed):
    """The key's scope does not cover the request, which needs the scope `needed`."""

    def __init__(self, detail: str, needed: str) -> None:
        super().__init__(detail)
        self.needed = needed


class TooManyRequests(NotAllowed):
    """The caller has used up its requests; the next is allowed in `retry_after` seconds."""

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class AccessLimited(NotAllowed):
    """The request comes from another machine, and the service answers localhost only."""


class CrossSiteForm(NotAllowed):
    """A page of another site sent the form."""


class DatabaseUnavailable(AdMetricsError):
    """The database did not answer; the same request may succeed in `retry_after` seconds."""

    retry_after = 2
    server = ""
    """Where the connection was sought that failed: host and port, or the directory of the server's socket."""

    @property
    def cause(self) -> str:
        """What the server or the driver said, in one line: the error's class, the SQLSTATE, the message, and where."""
        error = self.__cause__ or self
        sqlstate = getattr(error, "sqlstate", None)
        name = f"{type(error).__name__} {sqlstate}" if sqlstate else type(error).__name__
        said = f"{name}: {' '.join(str(error).split())}".removesuffix(": ")
        return f"{said}, at {self.server}" if self.server else said


class Interrupted(DatabaseUnavailable):
    """The query ended early, as when its connection breaks; the same query may succeed at once."""


class StateMoved(Interrupted):
    """On Citus, the data changed while it was read; the same question may have an answer at once."""

    def __init__(self) -> None:
        super().__init__("The data changed while it was read. Ask again.")


class QueryTooSlow(DatabaseUnavailable):
    """No answer came within the timeout of a statement or of the request."""

    retry_after = 30


class NotMigrated(DatabaseUnavailable):
    """The database answers but has no tables, or those of another release."""

    retry_after = 10


class ServerFull(DatabaseUnavailable):
    """All connections are busy, and the queue of requests that wait for one is full."""

    retry_after = 1

    def __init__(self) -> None:
        super().__init__(
            "The service is full: the limit of requests that wait for the database is reached. Try again in a moment."
        )


class LoadsFull(DatabaseUnavailable):
    """The limit of loads that run or wait is reached."""

    retry_after = 30


class ClientDisconnected(DatabaseUnavailable):
    """The client disconnected while its request waited."""


class NotReady(AdMetricsError):
    """The service cannot answer questions; `checks` says what was found."""

    retry_after = 2

    def __init__(self, detail: str, checks: Mapping[str, object]) -> None:
        super().__init__(detail)
        self.checks = checks


class ShuttingDown(AdMetricsError):
    """The service ended before the answer was there."""

    retry_after = 2


class InternalError(AdMetricsError):
    """The service failed, for a reason that is in the log."""


class RenderFailed(AdMetricsError):
    """A chart could not be rendered, for a reason that is in the log."""


class PicturesFull(AdMetricsError):
    """The limit of charts that wait to be rendered is reached."""

    retry_after = 2


class LoadRefused(AdMetricsError):
    """A load that did not happen; the database is unchanged."""


class FileUnwritable(AdMetricsError):
    """A file that could not be written to its end."""


class KeyRefused(AdMetricsError):
    """An API key that was not made."""


class MigrationRefused(AdMetricsError):
    """A migration that was not applied or undone; the database is unchanged."""


class DistributionRefused(AdMetricsError):
    """Tables that were not distributed over the servers of Citus; the database is unchanged."""


class EmbeddedPostgresError(AdMetricsError):
    """The embedded PostgreSQL could not be started or stopped."""


class NotDelivered(AdMetricsError):
    """A view that did not reach somebody. `state` is what becomes of it: `pending` (retried), `failed` or `unknown`."""

    def __init__(self, detail: str, state: str = "pending") -> None:
        super().__init__(detail)
        self.state = state
