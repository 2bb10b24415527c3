"""The validators of what a report is compared with, and of its rolling sums."""

import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, timedelta

from pydantic import ValidationInfo

from project.catalog import DATE_PRESETS, GRAINS
from project.catalog.comparisons import COMPARISONS, interval
from project.catalog.natural_order import WEEKDAY
from project.errors import Fault
from project.suggestions import nearest
from project.web.request.validators import refused


def compared_or_not(name: str, names: Sequence[str] = (*COMPARISONS, "none")) -> str:
    """Refuse what is neither one of these names nor an interval."""
    if name in names or interval(name):
        return name
    detail = (
        f"{name!r} is invalid; compare_to must be one of: {', '.join(names)}; or the first and last day, as in"
        " 2026-09-01/2026-09-30."
    )
    suggestions = tuple(_possible_intervals(name)) or nearest(name.replace("last", "previous"), names)
    raise refused(Fault("compare_to", "invalid_value", detail, name, suggestions))


def comparable(name: str, info: ValidationInfo) -> str:
    """Refuse an unknown comparison, and one of days without a first day: nothing precedes all days."""
    if interval(compared_or_not(name, COMPARISONS)):
        return name
    given = {"date_from", "date_to", "date_preset"} <= info.data.keys()
    preset = info.data.get("date_preset")
    if given and not info.data["date_from"] and (preset is None or DATE_PRESETS[preset](date.max)[0] is None):
        detail = "compare_to needs a first day: date_from, or a date_preset other than maximum."
        last = info.data["date_to"]
        suggestion = f"date_from={last.replace(day=1)}" if last else "date_preset=last_28d"
        raise refused(Fault("compare_to", "missing_parameter", detail, name, (suggestion,)))
    return name


def matchable(match: bool, info: ValidationInfo) -> bool:
    """Refuse to match weekdays without a comparison."""
    if match and "compare_to" in info.data and not info.data["compare_to"]:
        detail = "match_weekdays moves the days that compare_to compares with, and needs it."
        raise refused(Fault("match_weekdays", "missing_parameter", detail, match, ("compare_to=previous_period",)))
    return match


def rollable(days: int, info: ValidationInfo) -> int:
    """Refuse rolling sums of anything but days in a row."""
    grouped = info.data.get("group_by")
    grains = [name for name in grouped or () if name in GRAINS]
    if grouped is not None and grains != ["date"]:
        detail = f"rolling makes each date the sums of {days} days, and needs group_by=date"
        detail += f", not {grains[0]}." if grains else "."
        others = ["date", *(name for name in grouped if name not in grains)]
        raise refused(Fault("rolling", "conflicting_parameters", detail, days, (f"group_by={','.join(others)}",)))
    return days_in_a_row(days, info)


def days_in_a_row(days: int, info: ValidationInfo) -> int:
    """Refuse rolling sums where a filter leaves out weekdays."""
    for name in (WEEKDAY, f"exclude_{WEEKDAY}"):
        if info.data.get(name):
            detail = f"rolling sums days in a row, and {name} leaves some out; give one or the other."
            raise refused(Fault("rolling", "conflicting_parameters", detail, days))
    return days


def averageable(average: bool, info: ValidationInfo) -> bool:
    """Refuse means of nothing but single days."""
    if average and "rolling" in info.data and not info.data["rolling"]:
        detail = "average makes means of the days that rolling sums, and needs it."
        raise refused(Fault("average", "missing_parameter", detail, average, ("rolling=7",)))
    return average


_DAY = re.compile(
    r"(?P<year>\d{4})(?P<between>[-/.]?)(?P<month>\d\d?)(?:(?P=between)(?P<day>\d\d?))?(?!\d)"
    r"|(?P<day_first>\d\d?)\.(?P<month_then>\d\d?)\.(?P<year_last>\d{4})",
    re.ASCII,
)
"""How people write a day or a month. 03/04/2026 is two days, so it is not one of them."""


def _possible_intervals(text: str) -> Iterable[str]:
    """Yield the interval of whole days that the text may mean."""
    days, rest = [list(_possible_days(match)) for match in _DAY.finditer(text)], _DAY.sub("", text)
    duration = re.fullmatch(r"/P(\d{1,4})([DW])", rest.upper(), re.ASCII)
    if not all(days):
        return
    if len(days) == 1 and duration:
        with suppress(OverflowError):
            weeks = 7 if duration[2] == "W" else 1
            yield f"{days[0][0]}/{days[0][0] + timedelta(days=int(duration[1]) * weeks - 1)}"
    elif len(days) == 2 or (len(days) == 1 and not re.search(r"[/\d]", rest)):
        every = sorted(day for of_one in days for day in of_one)
        yield f"{every[0]}/{every[-1]}"


def _possible_days(match: re.Match[str]) -> Iterable[date]:
    """Yield the first and last day that a day or a month may mean; nothing where there is no such month."""
    year, month = int(match["year"] or match["year_last"]), int(match["month"] or match["month_then"])
    day = int(match["day"] or match["day_first"] or 0)
    if year and 1 <= month <= 12:
        longest = monthrange(year, month)[1]
        yield date(year, month, min(day or 1, longest))
        yield date(year, month, min(day or longest, longest))
