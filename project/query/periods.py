"""Periods: the days of a report, the days it is compared with, and which day is compared with which."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """Days from the first to the last, inclusive."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the days of a previous period correspond to those of the current one.

    `previous` is None where no day corresponds to any. `counterpart` returns, for a day of the current period, the
    first day of the previous one that corresponds to it or to a later day.
    """

    previous: Period | None
    counterpart: Callable[[date], date]


def previous_period(current: Period) -> Comparison:
    """Compare with as many days just before, day by day. Raises OverflowError where the calendar begins later."""
    shift = timedelta(days=current.days)
    return Comparison(Period(current.first - shift, current.last - shift), lambda day: day - shift)


def previous_year(current: Period) -> Comparison:
    """Compare with the same dates a year earlier. Raises OverflowError where the calendar begins later.

    A 29 February has no counterpart in a year without one. One that only the year before has counts with its 28th. So a
    day has the same counterpart in every period.
    """
    if current.first.year == date.min.year:
        raise OverflowError("there is no year before")
    first, last = _year_before(current.first), _last_a_year_before(current.last)
    return Comparison(Period(first, last) if first <= last else None, _year_before)


COMPARISONS: dict[str, Callable[[Period], Comparison]] = {
    "previous_period": previous_period,
    "previous_year": previous_year,
}


def compare(comparison: str, current: Period, today: date) -> Comparison:
    """Compare a period by one of COMPARISONS; of one that today is in, only the days up to today.

    Raises OverflowError where the calendar begins later.
    """
    past = Period(current.first, min(current.last, today)) if current.first <= today else current
    return COMPARISONS[comparison](past)


def bucket_starts(buckets: Sequence[date], current: Period, comparison: Comparison | None = None) -> list[date]:
    """Return the first day that counts for each bucket: a day counts for the last bucket whose start it has reached.

    With a comparison these are days of the previous period. Of two buckets with one start the first has no days.
    """
    starts = [max(bucket, current.first) for bucket in buckets]
    return [comparison.counterpart(start) for start in starts] if comparison else starts


def _year_before(day: date) -> date:
    return date(day.year - 1, 3, 1) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def _last_a_year_before(day: date) -> date:
    if day.month == 2 and day.day >= 28:
        return date(day.year - 1, 3, 1) - timedelta(days=1)
    return day.replace(year=day.year - 1)
