"""Cron expressions, as crontab(5) has them: minute, hour, day, month and weekday, in UTC or another time zone.

Where day and weekday are both restricted (neither starts with `*`), either of them is enough.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from project.errors import SettingsError
from project.suggestions import nearest

MISFIRE_GRACE = timedelta(hours=1)
"""How long after its slot a missed run of a job is still made."""

EXAMPLE = "0 */6 * * *"

_MINUTE = timedelta(minutes=1)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_SHORT_MONTHS = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
_TERM = re.compile(r"(?:\*|([0-9]+|[a-z]+)(?:-([0-9]+|[a-z]+))?)(?:/([0-9]+))?", re.IGNORECASE)


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 7, _WEEKDAYS),
)
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_OTHER_SYNTAX = {
    "@reboot": "each start of the service writes a line anyway; choose a time",
    "?": "write * for any day",
    "#": "cron has no n-th weekday; choose days or a weekday",
    "L": "cron has no last day; choose a day from 1 to 28",
    "LAST": "cron has no last day; choose a day from 1 to 28",
    "W": "cron has no nearest weekday; choose a day or 1-5 as the weekday",
}


class CronSchedule(OrTrigger):  # type: ignore[misc]
    """The slots of a cron expression."""

    def __init__(self, cron: str, triggers: list[CronTrigger], every_hour: bool) -> None:
        super().__init__(triggers)
        self._cron, self._every_hour = cron, every_hour

    def __str__(self) -> str:
        return self._cron

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the slot after the previous one; without one, the first from now on."""
        # The scheduler asks for slot after slot up to now. After a clock that was years behind, these are millions; it
        # would run none that is older than the grace.
        previous = previous_fire_time and max(previous_fire_time, now - MISFIRE_GRACE)
        slot: datetime | None = super().get_next_fire_time(previous, now)
        # When clocks go back, an hour comes twice; what has an hour of its own runs once, as cron does.
        while slot and slot.fold and not self._every_hour:
            slot = super().get_next_fire_time(after := _just_after(slot), after)
        return slot


def cron_schedule(cron: str, setting: str = "HEARTBEAT_CRON", timezone: tzinfo = UTC) -> CronSchedule:
    """Return the slots of a cron expression. Raises SettingsError, which names the setting."""
    try:
        texts = _texts(cron)
        minutes, hours, days, months, weekdays = map(_values, _FIELDS, texts)
    except ValueError as error:
        message = f"{setting} {cron!r} is not a cron expression such as {EXAMPLE!r}: {error}."
        raise SettingsError(message) from error
    either = not (texts[2].startswith("*") or texts[4].startswith("*"))
    if not either and min(days) > (most := max(_SHORT_MONTHS.get(month, 31) for month in months)):
        raise SettingsError(f"{setting} {cron!r} never fires: the months that it selects have at most {most} days.")
    common = {"minute": _list(minutes), "hour": _list(hours), "month": _list(months), "timezone": timezone}
    by_day = {"day": _list(days)}
    by_weekday = {"day_of_week": ",".join(sorted({_WEEKDAYS[number % 7] for number in weekdays}))}
    choices = (by_day, by_weekday) if either else (by_day | by_weekday,)
    return CronSchedule(cron, [CronTrigger(**common, **choice) for choice in choices], texts[1].startswith("*"))


def next_slot(schedule: CronSchedule, after: datetime) -> datetime | None:
    """Return the first slot after a moment."""
    return schedule.get_next_fire_time(moment := _just_after(after), moment)


def newest_slot(schedule: CronSchedule, now: datetime) -> datetime:
    """Return the newest slot of the last hour (MISFIRE_GRACE), or now where there is none."""
    return latest_slot(schedule, now - MISFIRE_GRACE, now) or now


def latest_slot(schedule: CronSchedule, after: datetime, now: datetime) -> datetime | None:
    """Return the newest slot after a moment, up to now; None where there is none."""
    slot = next_slot(schedule, after)
    if slot is None or slot > now:
        return None
    # In UTC: in the zone, the sum of a time and a duration is that of the wall clock.
    slot, last = slot.astimezone(UTC), now.astimezone(UTC)
    # Halving what remains: after a year, a slot each minute is found in 20 steps.
    while last - slot >= _MINUTE:
        middle = slot + (last - slot) / 2
        later = next_slot(schedule, middle)
        slot, last = (later.astimezone(UTC), last) if later and later <= now else (slot, middle)
    return slot


def _just_after(moment: datetime) -> datetime:
    """Return the next microsecond: moments of two zones are never equal in an hour that comes twice (PEP 495)."""
    return moment.astimezone(UTC) + timedelta(microseconds=1)


def _texts(cron: str) -> list[str]:
    texts = _NICKNAMES.get(cron.strip().lower(), cron).split()
    if len(texts) == 1:
        if reason := _OTHER_SYNTAX.get(texts[0].lower()):
            raise ValueError(reason)
        similar = nearest(texts[0].lower(), list(_NICKNAMES), 1)
        raise ValueError(f"did you mean {similar[0]}" if similar else f"names are {', '.join(_NICKNAMES)}")
    if len(texts) != len(_FIELDS):
        names = " ".join(field.name for field in _FIELDS)
        advice = "; leave out seconds and year" if len(texts) > len(_FIELDS) else ""
        raise ValueError(f"it has {len(texts)} fields instead of five, {names}{advice}")
    return texts


def _values(field: _Field, text: str) -> set[int]:
    return {value for term in text.split(",") for value in _of_term(field, term)}


def _of_term(field: _Field, term: str) -> range:
    match = _TERM.fullmatch(term)
    if match is None:
        sign = next((sign for sign in "?#" if sign in term), term.upper().lstrip("0123456789"))
        reason = _OTHER_SYNTAX.get(sign, "expected *, a number, a range such as 1-5, */2, or a list of these")
        raise ValueError(f"the {field.name} {term!r} is not valid: {reason}")
    first, last, step = match.groups()
    if step and int(step) == 0:
        raise ValueError(f"the {field.name} {term!r} has a step of 0")
    start = _number(field, first) if first else field.low
    end = _number(field, last) if last else field.high if step or not first else start
    if field.names is _WEEKDAYS and end == 0:
        end = 7 if start else 0  # mon-sun
    if end < start:
        raise ValueError(f"the {field.name} {term!r} runs backwards; write two ranges, with a comma")
    return range(start, end + 1, int(step or 1))


def _number(field: _Field, text: str) -> int:
    if text.lower() in field.names:
        # The first month is 1, the first weekday 0.
        return field.names.index(text.lower()) + field.low
    if not text.isdigit():
        if reason := _OTHER_SYNTAX.get(text.upper()):
            raise ValueError(f"the {field.name} {text!r} is not valid: {reason}")
        names = f", or {field.names[0]} to {field.names[-1]}" if field.names else ""
        raise ValueError(f"the {field.name} {text!r} is not valid: expected {field.low} to {field.high}{names}")
    if not field.low <= int(text) <= field.high:
        raise ValueError(f"the {field.name} {text!r} is not in {field.low} to {field.high}")
    return int(text)


def _list(values: set[int]) -> str:
    return ",".join(map(str, sorted(values)))
