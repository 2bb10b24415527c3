"""Date grains: the calendar units that days are grouped into. A unit is called by its first day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Grain:
    """`start` gives the first day of the unit that a day is in; `longest` is how many days a unit can have."""

    name: str
    description: str
    start: Callable[[date], date]
    longest: int

    def units(self, first: date, last: date) -> list[date]:
        """Return the units that these days, both included, are in."""
        unit = self.start(first)
        found = [unit] if unit <= last else []
        while (last - unit).days >= (days := self.days(unit)):
            unit += timedelta(days=days)
            found.append(unit)
        return found

    def days(self, unit: date) -> int:
        """Return how many days a unit has; the calendar's last week has five."""
        left = (date.max - unit).days
        if left < self.longest:
            return left + 1
        return (self.start(unit + timedelta(days=self.longest)) - unit).days


def monday(day: date) -> date:
    """Return the Monday of the day's ISO week."""
    return day - timedelta(days=day.weekday())


def quarter_start(day: date) -> date:
    """Return the first day of the day's quarter."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


GRAINS = {
    grain.name: grain
    for grain in (
        Grain("date", "The day.", lambda day: day, 1),
        Grain("week", "The ISO week, as the date of its Monday.", monday, 7),
        Grain("month", "The month, as its first day.", lambda day: day.replace(day=1), 31),
        Grain("quarter", "The quarter, as its first day.", quarter_start, 92),
        Grain("year", "The year, as its first day.", lambda day: date(day.year, 1, 1), 366),
    )
}


def coarser_than(grain: Grain) -> list[Grain]:
    """Return the grains of longer units, the shortest first."""
    return [one for one in GRAINS.values() if one.longest > grain.longest]
