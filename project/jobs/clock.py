"""Which times are believed: a clock that was ahead leaves times in the future."""

from datetime import UTC, datetime, timedelta

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far ahead a time may be that was written with another clock, or before the clock was set right."""


def in_future(moment: datetime) -> bool:
    """Return whether a time lies so far ahead that it is not believed."""
    return moment > datetime.now(UTC) + CLOCK_TOLERANCE
