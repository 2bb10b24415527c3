"""Periods: the days of a report, those it is compared with, and which day stands against which."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """Days from the first to the last, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the days of another period stand against those of a report's own.

    `other` is the other period, None where no day stands against any; `back` gives, for a day of the report's own, the
    first day of the other period that stands against it or against a later one.
    """

    other: Period | None
    back: Callable[[date], date]


def previous_period(own: Period) -> Comparison:
    """Compare with as many days just before, day by day. Raises OverflowError where the calendar begins later."""
    shift = timedelta(days=own.days)
    return Comparison(Period(own.first - shift, own.last - shift), lambda day: day - shift)


def previous_year(own: Period) -> Comparison:
    """Compare with the same dates a year earlier. Raises OverflowError where the calendar begins later.

    A 29 February that the year before lacks stands against nothing; one that only the year before has counts with its
    28th. So a day is compared with the same in every period that it is in.
    """
    if own.first.year == date.min.year:
        raise OverflowError("there is no year before")
    first, last = _year_before(own.first), _last_a_year_before(own.last)
    return Comparison(Period(first, last) if first <= last else None, _year_before)


COMPARISONS: dict[str, Callable[[Period], Comparison]] = {
    "previous_period": previous_period,
    "previous_year": previous_year,
}


def days_asked(
    first: date | None, last: date | None, earliest: date | None, latest: date | None
) -> tuple[date | None, date | None]:
    """Return the first and last day asked for; an open end is the earliest or latest day that has facts.

    It stays None where there are no facts, or all are beyond the end that was given.
    """
    start, end = first or earliest, last or latest
    return (first, last) if start and end and start > end else (start, end)


def compared(comparison: str, own: Period, today: date) -> Comparison:
    """Compare a period by one of COMPARISONS; of one that today is in, only the days that have come.

    Raises OverflowError where the calendar begins later.
    """
    come = Period(own.first, min(own.last, today)) if own.first <= today else own
    return COMPARISONS[comparison](come)


def thresholds(units: Sequence[date], own: Period, comparison: Comparison | None = None) -> list[date]:
    """Return the first day that counts for each unit: a day counts for the last unit whose threshold it reached.

    With a comparison these are days of the other period. Of two units with the same threshold the first has no days.
    """
    if comparison is None:
        return [max(unit, own.first) for unit in units]
    return [comparison.back(max(unit, own.first)) for unit in units]


def _year_before(day: date) -> date:
    return date(day.year - 1, 3, 1) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def _last_a_year_before(day: date) -> date:
    if day.month == 2 and day.day >= 28:
        return date(day.year - 1, 3, 1) - timedelta(days=1)
    return day.replace(year=day.year - 1)
