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

    `other` is the other period; `back` gives, for a day of the report's own, the first day of the other period that
    stands against it or against a later one.
    """

    other: Period
    back: Callable[[date], date]


def previous_period(own: Period) -> Comparison:
    """Compare with as many days just before, day by day. Raises OverflowError where the calendar begins later."""
    shift = timedelta(days=own.days)
    return Comparison(Period(own.first - shift, own.last - shift), lambda day: day - shift)


def previous_year(own: Period) -> Comparison:
    """Compare with the same dates a year earlier. Raises OverflowError where the calendar begins later.

    A 29 February that the year before lacks stands against nothing; one that only the year before has counts with its
    28th.
    """
    if own.first.year == date.min.year:
        raise OverflowError("there is no year before")
    other = Period(_year_before(own.first, _LAST_OF_FEBRUARY), _year_before(own.last, _LAST_OF_FEBRUARY))
    return Comparison(other, lambda day: _year_before(day, _FIRST_OF_MARCH))


COMPARISONS: dict[str, Callable[[Period], Comparison]] = {
    "previous_period": previous_period,
    "previous_year": previous_year,
}


def thresholds(units: Sequence[date], own: Period, comparison: Comparison | None = None) -> list[date]:
    """Return the first day that counts for each unit: a day counts for the last unit whose threshold it reached.

    With a comparison these are days of the other period. Of two units with the same threshold the first has no days.
    """
    if comparison is None:
        return [max(unit, own.first) for unit in units]
    return [comparison.other.first, *(comparison.back(unit) for unit in units[1:])]


_LAST_OF_FEBRUARY, _FIRST_OF_MARCH = (2, 28), (3, 1)


def _year_before(day: date, leap_day_becomes: tuple[int, int]) -> date:
    month, number = leap_day_becomes if (day.month, day.day) == (2, 29) else (day.month, day.day)
    return date(day.year - 1, month, number)
