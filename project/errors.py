"""Every error that the service raises on purpose.

* AdMetricsError
  * InvalidRequest        the caller asked for something that cannot be (HTTP 422)
  * NoSuchThing           the caller named something that does not exist (HTTP 404)
  * DatabaseUnavailable   the database is away, full or not ready (HTTP 503)
    * QueryTooSlow        … or did not answer within the statement time-out
    * NotMigrated         … or lacks the tables
  * LoadRefused           a file was not loaded (exit code 1)
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


class DatabaseUnavailable(AdMetricsError):
    """No answer could be had from the database; the same request may work in `retry_after` seconds."""

    retry_after = 2


class QueryTooSlow(DatabaseUnavailable):
    """The database gave up at the statement time-out."""

    retry_after = 30


class NotMigrated(DatabaseUnavailable):
    """The database answers but has no tables, or those of another release."""

    retry_after = 10


class LoadRefused(AdMetricsError):
    """A load that did not happen; the database is as before."""


class EmbeddedPostgresError(AdMetricsError):
    """The embedded PostgreSQL would not start or stop."""
