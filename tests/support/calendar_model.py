"""A plain-Python model of comparisons: lists of days, one by one, without any of the service's code."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

DAY = timedelta(days=1)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = {"previous_month": 1, "previous_quarter": 3, "previous_year": 12}
COMPARISONS = ("previous_period", "previous_week", *MONTHS)


def days_of(first: date, last: date) -> list[date]:
    return [first + count * DAY for count in range((last - first).days + 1)]


def bucket_of(day: date, grain: str) -> date:
    match grain:
        case "date":
            return day
        case "week":
            return day - timedelta(days=day.isoweekday() - 1)
        case "month":
            return date(day.year, day.month, 1)
        case "quarter":
            return date(day.year, {1: 1, 2: 4, 3: 7, 4: 10}[-(-day.month // 3)], 1)
        case _:
            return date(day.year, 1, 1)


def months_earlier(day: date, months: int) -> date | None:
    """Return the same day of an earlier month, or None where that has no such day."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return date(year, month, day.day) if day.day <= monthrange(year, month)[1] else None


def is_whole_months(days: list[date]) -> bool:
    return bool(days) and days[0].day == 1 and (days[-1] + DAY).day == 1


@dataclass
class Compared:
    """The days of both periods, and the counterpart of each current day, None where it has none."""

    current: list[date]
    previous: list[date]
    counterparts: dict[date, date | None]
    by_month: bool
    start: date

    def rows(self, grain: str) -> dict[date, date]:
        """Return the bucket that each day of the previous period counts for; a day that counts for none is left out."""
        members: dict[date, list[date]] = {}
        for day in self.counterparts:
            members.setdefault(bucket_of(day, grain), []).append(day)
        rows = {}
        for bucket, days in members.items():
            others = [other for day in days if (other := self.counterparts[day])]
            if not others:
                continue
            first, last = min(others), max(others)
            # A month of 30 days is compared with one of 31, not with its first 30 days.
            while is_whole_months(days) and self.by_month and (last + DAY).day != 1:
                last += DAY
            rows |= {other: bucket for other in self.previous if first <= other <= last}
        return rows

    def in_order(self, weekdays: list[str]) -> dict[date, date]:
        """Return the current day that each previous one counts for: of these weekdays, the first for the first."""
        current = [day for day in self.current if WEEKDAYS[day.weekday()] in weekdays]
        others = [day for day in days_of(self.start, self.previous[-1]) if WEEKDAYS[day.weekday()] in weekdays]
        previous = set(self.previous)
        return {other: day for other, day in zip(others, current, strict=False) if other in previous}

    @property
    def unmatched(self) -> tuple[int, int]:
        previous = set(self.previous)
        matched = [other for other in self.counterparts.values() if other in previous]
        return len(self.current) - len(matched), len(self.previous) - len(matched)


def compare(  # noqa: PLR0912 - each rule of the contract is a branch, in plain sight
    first: date,
    last: date,
    compare_to: str,
    loaded: tuple[date, date] | None,
    *,
    preset: str | None = None,
    match_weekdays: bool = False,
) -> Compared | None:
    """Compare days as analysts mean it; None where nothing is left to compare."""
    asked = days_of(first, last)
    if loaded is None or not any(loaded[0] <= day <= loaded[1] for day in asked):
        return None
    current = [day for day in asked if day <= loaded[1]]
    months, shift = 0, timedelta()
    interval: list[date] = []
    if "/" in compare_to:
        interval = days_of(*map(date.fromisoformat, compare_to.split("/")))
        shift = first - interval[0]
    elif compare_to in MONTHS:
        months = MONTHS[compare_to]
    elif compare_to == "previous_week" or preset == "this_week":
        shift = 7 * DAY
    elif preset in ("this_month", "this_quarter", "this_year"):
        months = {"this_month": 1, "this_quarter": 3, "this_year": 12}[preset]
    elif is_whole_months(asked):
        months = sum(day.day == 1 for day in asked)
    else:
        shift = len(asked) * DAY
    if match_weekdays:
        if months:
            earlier, clipped = None, first
            while (earlier := months_earlier(clipped, months)) is None:
                clipped -= DAY
            shift = first - earlier
        while shift.days % 7:
            shift += DAY
        if months % 12 == 0 and months:
            shift = timedelta(days=364 * months // 12)
        months = 0
    if months:
        counterparts = {day: months_earlier(day, months) for day in current}
    else:
        counterparts = {day: day - shift for day in current}
    found = [other for other in counterparts.values() if other]
    if not found:
        return None
    end = max(found)
    if months and is_whole_months(current):
        while (end + DAY).day != 1:
            end += DAY
    if interval:
        length = len(interval) if current == asked else min(len(interval), len(current))
        end = min(found) + (length - 1) * DAY
    previous = [day for day in days_of(min(found), end) if loaded[0] <= day <= loaded[1]]
    if not previous:
        return None
    kept = set(previous)
    counterparts = {day: other if other in kept else None for day, other in counterparts.items()}
    return Compared(current, previous, counterparts, bool(months), min(found))
