"""Date grains: they group days into buckets, such as weeks. A bucket is named by its first day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Grain:
    """`start` returns the first day of a day's bucket; `longest` is the largest number of days in a bucket."""

    name: str
    description: str
    start: Callable[[date], date]
    longest: int

    def buckets(self, first: date, last: date) -> list[date]:
        """Return the buckets of these days, both included."""
        if self.longest == 1:
            return [date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]
        bucket = self.start(first)
        buckets = [bucket] if bucket <= last else []
        while (last - bucket).days >= (days := self.days(bucket)):
            bucket += timedelta(days=days)
            buckets.append(bucket)
        return buckets

    def days(self, bucket: date) -> int:
        """Return how many days a bucket has; the calendar's last week has five."""
        remaining = (date.max - bucket).days
        if remaining < self.longest:
            return remaining + 1
        return (self.start(bucket + timedelta(days=self.longest)) - bucket).days


GRAINS = {
    grain.name: grain
    for grain in (
        Grain("date", "The day.", lambda day: day, 1),
        Grain("week", "The ISO week, as the date of its Monday.", lambda day: day - timedelta(days=day.weekday()), 7),
        Grain("month", "The month, as its first day.", lambda day: day.replace(day=1), 31),
        Grain(
            "quarter", "The quarter, as its first day.", lambda day: date(day.year, (day.month - 1) // 3 * 3 + 1, 1), 92
        ),
        Grain("year", "The year, as its first day.", lambda day: date(day.year, 1, 1), 366),
    )
}


def coarser_than(grain: Grain) -> list[Grain]:
    """Return the grains of longer buckets, the shortest first."""
    return [coarser for coarser in GRAINS.values() if coarser.longest > grain.longest]
