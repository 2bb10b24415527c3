"""Display: how charts and the page write names and numbers."""

import re
from datetime import date
from functools import cache, lru_cache

from project.catalog.metrics import METRICS, Number

_NAMES = {"ctr": "CTR", "cpc": "CPC", "cpm": "CPM"}
"""The names that people write otherwise than with spaces."""

_LABELS = {
    "iphone": "iPhone", "ipad": "iPad", "ipod": "iPod", "tiktok": "TikTok", "youtube": "YouTube",
    "linkedin": "LinkedIn", "for_you": "For You",
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday",
    "sun": "Sunday",
}  # fmt: skip
"""The labels that people write otherwise than with spaces and a capital."""


@cache  # The page shows 73 names, and each takes 4 µs.
def display_name(name: str) -> str:
    """Return a name as people write it: `like_rate` is "like rate", `ctr` "CTR", and `last_7d` "last 7 days"."""
    return _NAMES.get(name) or re.sub(r"(\d)w$", r"\1 weeks", re.sub(r"(\d)d$", r"\1 days", name.replace("_", " ")))


@lru_cache(10_000)
def display_label(label: str) -> str:
    """Return a label as people write it: `right_column` is "Right column", and `iphone` "iPhone".

    Only what platforms write for machines, in small letters, differs.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", label):
        return label
    return _LABELS.get(label) or capitalised(label.replace("_", " "))


def capitalised(text: str) -> str:
    """Return a text with a capital first letter; the others stay: "CTR by week"."""
    return text[:1].upper() + text[1:]


def display_comparison(current: tuple[date, date], previous: tuple[date, date]) -> str:
    """Return which days are compared with which: `1–24 Nov with 1–24 Oct`; with years where they are not one."""
    with_year = len({day.year for day in (*current, *previous)}) > 1
    return f"{display_days(*current, with_year=with_year)} with {display_days(*previous, with_year=with_year)}"


def display_days(first: date, last: date, *, with_year: bool) -> str:
    """Return days as people write them: `1–24 Nov`, `28 Oct – 24 Nov`."""
    ends = [f"{day.day} {_MONTHS[day.month - 1]}{f' {day.year}' if with_year else ''}" for day in (first, last)]
    if first == last:
        return ends[1]
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{ends[1]}"
    return f"{ends[0].removesuffix(f' {last.year}')} – {ends[1]}"


def display_bucket(grain: str, first: date) -> str:
    """Return a bucket of a date grain as people write it: `Tue 24 Nov 2026`, `week of 23 Nov 2026`, `Q4 2026`."""
    month = _MONTHS[first.month - 1]
    match grain:
        case "year":
            return str(first.year)
        case "quarter":
            return f"Q{(first.month + 2) // 3} {first.year}"
        case "month":
            return f"{month} {first.year}"
        case "week":
            return f"week of {first.day} {month} {first.year}"
    return f"{_WEEKDAYS[first.weekday()]} {first.day} {month} {first.year}"


_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def format_amount(metric: str, value: Number | None, currency: str = "") -> str:
    """Return a number of a metric, rounded as people read it: `1,234`, `12.50 USD`, `1.20%`; without one, "none"."""
    if value is None:
        return "none"
    match METRICS[metric].unit:
        case "ratio":
            return f"{value:.2%}"
        case "currency":
            return f"{value:,.2f} {currency}".rstrip()
    # Means of counts are no whole numbers.
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
