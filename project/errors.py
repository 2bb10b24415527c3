"""Every error that the service raises on purpose.

* AdMetricsError
  * InvalidRequest        the caller asked for something that cannot be (HTTP 422)
  * NoSuchThing           the caller named something that does not exist (HTTP 404)
  * NotAllowed            the caller may not ask
    * NoKey               … for want of a key that holds (HTTP 401)
    * KeyTooNarrow        … with this key (HTTP 403)
    * TooManyRequests     … so often (HTTP 429)
    * StrangeForm         … by a form of another site (HTTP 403)
  * DatabaseUnavailable   the database is away, full or not ready (HTTP 503)
    * ConnectionBroken    … or ended the connection; another one may serve
    * QueryTooSlow        … or did not answer within its time-out (HTTP 504)
    * NotMigrated         … or lacks the tables
    * ServerFull          … or has as many requests before it as may wait
    * LoadsFull           … or loads as many files as may be at once
    * CallerGone          … or was not asked, since the caller had left when the turn came
  * PictureLost           a picture could not be drawn (HTTP 500)
  * PicturesFull          as many pictures wait to be drawn as may (HTTP 503)
  * LoadRefused           a file was not loaded (exit code 1)
  * FileUnwritable        an export could not be written (exit code 1)
  * KeyRefused            an API key was not made (exit code 1)
  * EmbeddedPostgresError the embedded server could not be started or stopped
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one parameter, in the words that the caller will read."""

    parameter: str
    code: str
    detail: str
    value: Any = None
    suggestions: tuple[str, ...] = ()


class AdMetricsError(Exception):
    """The root of the tree above."""


class InvalidRequest(AdMetricsError):
    """All faults of one request, at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.detail for fault in faults))
        self.faults = tuple(faults)


class NoSuchThing(AdMetricsError):
    """Nothing is here under the name or number given."""

    def __init__(self, detail: str, suggestions: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.suggestions = tuple(suggestions)


class NotAllowed(AdMetricsError):
    """The caller may not ask this, or not now."""


class NoKey(NotAllowed):
    """A request without a key, or with one that does not hold."""

    def __init__(self, detail: str, *, presented: bool) -> None:
        super().__init__(detail)
        self.presented = presented


class KeyTooNarrow(NotAllowed):
    """A key whose scope does not cover the request."""

    def __init__(self, detail: str, needed: str) -> None:
        super().__init__(detail)
        self.needed = needed


class TooManyRequests(NotAllowed):
    """The caller's bucket is empty; it has the next token in `retry_after` seconds."""

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class StrangeForm(NotAllowed):
    """A form that a page of another site has sent."""


class DatabaseUnavailable(AdMetricsError):
    """No answer could be had from the database; the same request may work in `retry_after` seconds."""

    retry_after = 2


class ConnectionBroken(DatabaseUnavailable):
    """The connection ended, or the server ended it, before the answer was there."""


class QueryTooSlow(DatabaseUnavailable):
    """No answer came within the time-out: of a statement, or of all that one request asked."""

    retry_after = 30


class NotMigrated(DatabaseUnavailable):
    """The database answers but has no tables, or those of another release."""

    retry_after = 10


class ServerFull(DatabaseUnavailable):
    """All connections are busy, and as many requests wait for one as may."""

    retry_after = 1

    def __init__(self) -> None:
        super().__init__("The service is full: as many requests wait for the database as may. Try again in a moment.")


class LoadsFull(DatabaseUnavailable):
    """As many loads as may be are running or waiting."""

    retry_after = 30


class CallerGone(DatabaseUnavailable):
    """The caller did not wait for the turn of the request; nobody reads the answer."""


class PictureLost(AdMetricsError):
    """A picture that could not be drawn, for a reason that is in the log."""


class PicturesFull(AdMetricsError):
    """A picture that was not drawn, since too many others are."""

    retry_after = 2


class LoadRefused(AdMetricsError):
    """A load that did not happen; the database is as before."""


class FileUnwritable(AdMetricsError):
    """A file that could not be written to its end."""


class KeyRefused(AdMetricsError):
    """An API key that was not made."""


class EmbeddedPostgresError(AdMetricsError):
    """The embedded PostgreSQL would not start or stop."""
