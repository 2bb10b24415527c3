"""Dates: their integer ids in the schema, and the presets of date ranges."""

from collections.abc import Callable
from datetime import date, timedelta

from project.catalog.grains import monday, quarter_start

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


def _this_week(today: date) -> Range:
    return monday(today), today


def _last_week(today: date) -> Range:
    return monday(today) - timedelta(days=7), monday(today) - timedelta(days=1)


def _this_month(today: date) -> Range:
    return today.replace(day=1), today


def _last_month(today: date) -> Range:
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def _this_quarter(today: date) -> Range:
    return quarter_start(today), today


def _last_quarter(today: date) -> Range:
    last = quarter_start(today) - timedelta(days=1)
    return quarter_start(last), last


def _this_year(today: date) -> Range:
    return date(today.year, 1, 1), today


def _last_year(today: date) -> Range:
    return date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)


DATE_PRESETS: dict[str, Callable[[date], Range]] = {
    "today": lambda today: (today, today),
    "yesterday": _last_days(1),
    "last_7d": _last_days(7),
    "last_14d": _last_days(14),
    "last_28d": _last_days(28),
    "last_30d": _last_days(30),
    "last_90d": _last_days(90),
    "this_week": _this_week,
    "last_week": _last_week,
    "this_month": _this_month,
    "last_month": _last_month,
    "this_quarter": _this_quarter,
    "last_quarter": _last_quarter,
    "this_year": _this_year,
    "last_year": _last_year,
    "maximum": lambda _today: (None, None),
}
"""Each preset as a function of today. `last_…` excludes today, `this_…` ends with it; weeks are ISO weeks."""
