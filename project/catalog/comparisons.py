"""Comparisons: how far back the days are that a report is compared with, as tables.

Months are as long as they are: a step of months leads to the same day of an earlier month, where that has such a day.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

WEEK = 7


@dataclass(frozen=True, slots=True)
class Step:
    """A step back in the calendar, of days or of months; a negative one leads to later days."""

    days: int = 0
    months: int = 0

    def first(self, day: date) -> date:
        """Return the day that a step leads to; from a 31st to a shorter month, the first of the month after it.

        Raises OverflowError where the calendar begins later.
        """
        target = self.last(day)
        return target if target.day == day.day or not self.months else target + timedelta(days=1)

    def last(self, day: date) -> date:
        """Return the day that a step leads to; from a 31st to a shorter month, the last day of that.

        Raises OverflowError where the calendar begins later.
        """
        if not self.months:
            return day - timedelta(days=self.days)
        year, month = divmod(day.year * 12 + day.month - 1 - self.months, 12)
        if year < date.min.year:
            raise OverflowError("date value out of range")
        return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))

    def of_weeks(self, day: date) -> "Step":
        """Return the step that leads from a Monday to a Monday: the next multiple of seven days, of a year 364."""
        if self.months and self.months % 12 == 0:
            return Step(days=52 * WEEK * self.months // 12)
        days = (day - self.last(day)).days
        return Step(days=-(-days // WEEK) * WEEK)


UNITS = {
    "previous_week": Step(days=WEEK),
    "previous_month": Step(months=1),
    "previous_quarter": Step(months=3),
    "previous_year": Step(months=12),
}
"""The comparisons that are one calendar unit earlier, whatever the days are."""

PREVIOUS_PERIOD = {
    "today": Step(days=1),
    "yesterday": Step(days=1),
    "last_7d": Step(days=7),
    "last_14d": Step(days=14),
    "last_28d": Step(days=28),
    "last_30d": Step(days=30),
    "last_90d": Step(days=90),
    "last_8w": Step(days=8 * WEEK),
    "this_week": Step(days=WEEK),
    "last_week": Step(days=WEEK),
    "this_month": Step(months=1),
    "last_month": Step(months=1),
    "this_quarter": Step(months=3),
    "last_quarter": Step(months=3),
    "this_year": Step(months=12),
    "last_year": Step(months=12),
}
"""What `previous_period` is for a date preset; for dates, and a preset that is not here, the days say it.

A whole unit is compared with the whole one before, and one that goes on with the same days of the one before. The last
28 days are 28 days, also where they are those of a February.
"""

COMPARISONS = ("previous_period", *UNITS)
"""The names that `compare_to` takes."""


def step_back(comparison: str, first: date, last: date, preset: str | None = None) -> Step:
    """Return how far back the days are that a comparison, one of COMPARISONS, compares these days with.

    `previous_period` of whole months, and so of quarters and years, is as many months; of other days as many days.
    """
    if comparison in UNITS:
        return UNITS[comparison]
    if preset in PREVIOUS_PERIOD:
        return PREVIOUS_PERIOD[preset]
    if are_whole_months(first, last):
        return Step(months=(last.year - first.year) * 12 + last.month - first.month + 1)
    return Step(days=(last - first).days + 1)


def interval(text: str) -> tuple[date, date] | None:
    """Return the days of an ISO 8601 interval, `2026-09-01/2026-09-30`; None where the text is none."""
    first, _, last = text.partition("/")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        return None
    return days if days[0] <= days[1] and text == f"{days[0]}/{days[1]}" else None


def compared_as(name: str, preset: str, first: date, last: date) -> str:
    """Return what compares the same days where a preset is replaced by its first and last day."""
    if name != "previous_period" or (step := step_back(name, first, last, preset)) == step_back(name, first, last):
        return name
    same = (unit for unit, of_unit in UNITS.items() if of_unit == step)
    return next(same, f"{step.first(first)}/{step.last(last)}")


def are_whole_months(first: date, last: date) -> bool:
    """Whether these are all days of one or several months."""
    return first.day == 1 and last.day > 27 and last.day == monthrange(last.year, last.month)[1]
