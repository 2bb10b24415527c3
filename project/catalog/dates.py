"""Dates: their integer ids in the schema, and the presets of date ranges."""

from collections.abc import Callable
from datetime import date, timedelta

from project.catalog.grains import GRAINS

Range = tuple[date | None, date | None]
"""First and last day, inclusive; None is open."""


def date_id(day: date) -> int:
    """Return the day as the integer YYYYMMDD."""
    return day.year * 10000 + day.month * 100 + day.day


def date_of(id_: int) -> date:
    """Return the day of the integer YYYYMMDD. Raises ValueError where there is no such day."""
    return date(id_ // 10000, id_ // 100 % 100, id_ % 100)


def _last_days(count: int) -> Callable[[date], Range]:
    return lambda today: (today - timedelta(days=count), today - timedelta(days=1))


def _this(grain: str) -> Callable[[date], Range]:
    return lambda today: (GRAINS[grain].start(today), today)


def _last(grain: str, count: int = 1) -> Callable[[date], Range]:
    def previous_buckets(today: date) -> Range:
        first = GRAINS[grain].start(today)
        last = first - timedelta(days=1)
        for _ in range(count):
            first = GRAINS[grain].start(first - timedelta(days=1))
        return first, last

    return previous_buckets


DATE_PRESETS: dict[str, Callable[[date], Range]] = {
    "today": lambda today: (today, today),
    "yesterday": _last_days(1),
    "last_7d": _last_days(7),
    "last_14d": _last_days(14),
    "last_28d": _last_days(28),
    "last_30d": _last_days(30),
    "last_90d": _last_days(90),
    "last_8w": _last("week", 8),
    "this_week": _this("week"),
    "last_week": _last("week"),
    "this_month": _this("month"),
    "last_month": _last("month"),
    "this_quarter": _this("quarter"),
    "last_quarter": _last("quarter"),
    "this_year": _this("year"),
    "last_year": _last("year"),
    "maximum": lambda _today: (None, None),
}
"""Each preset as a function of today. `last_…` excludes today, `this_…` ends with it; weeks are whole ISO weeks."""
