"""Which day is compared with which: against a plain-Python calendar, for ten years of days."""

from bisect import bisect_right
from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from project.catalog import DATE_PRESETS, GRAINS
from project.query.periods import Comparison, Period, compare, starts_of
from tests.support import calendar_model
from tests.support.calendar_model import COMPARISONS

FIRST, LAST = date(2019, 1, 1), date(2028, 12, 31)
DAYS = st.dates(FIRST, LAST)
ENDS = st.dates(FIRST, LAST) | st.sampled_from(
    [date(2024, 2, 29), date(2024, 2, 28), date(2023, 2, 28), date(2024, 3, 31), date(2024, 12, 31), date(2021, 1, 3)]
)
PERIODS = st.one_of(
    st.builds(lambda first, days: Period(first, first + timedelta(days=days)), ENDS, st.integers(0, 400)),
    # Whole months, the last perhaps cut short.
    st.builds(
        lambda first, months, less: Period(
            first.replace(day=1),
            max(first, (first.replace(day=1) + timedelta(days=31 * months)).replace(day=1) - timedelta(days=1 + less)),
        ),
        ENDS,
        st.integers(1, 14),
        st.integers(0, 1),
    ),
)
LOADED = st.builds(lambda first, days: Period(first, first + timedelta(days=days)), DAYS, st.integers(0, 1500))


@st.composite
def asked(draw: st.DrawFn) -> tuple[Period, Period, str, bool]:
    """Draw days, those that are loaded, what they are compared with, and whether weekdays are matched."""
    period = draw(PERIODS)
    end = period.last - timedelta(days=draw(st.integers(-30, 30)))
    loaded = draw(LOADED | st.just(Period(FIRST, LAST)) | st.just(Period(min(FIRST, end), end)))
    other = draw(PERIODS)
    compare_to = draw(st.sampled_from((*COMPARISONS, f"{other.first}/{other.last}")))
    return period, loaded, compare_to, draw(st.booleans())


def ask(period: Period, loaded: Period | None, compare_to: str, match: bool, preset: str | None = None):
    """Return the service's comparison and the model's."""
    other = Period(*map(date.fromisoformat, compare_to.split("/"))) if "/" in compare_to else compare_to
    extent = (loaded.first, loaded.last) if loaded else None
    return (
        compare(period, loaded, other, preset=preset, match_weekdays=match),
        calendar_model.compare(
            period.first, period.last, compare_to, extent, preset=preset, match_weekdays=match
        ),
    )  # fmt: skip


def rows(comparison: Comparison, period: Period, grain: str) -> dict[date, date]:
    """Return the bucket that each day of the previous period counts for."""
    starts = comparison.starts(GRAINS[grain].buckets(period.first, period.last), GRAINS[grain])
    assert [start for start, _ in starts] == sorted({start for start, _ in starts})
    reached = {}
    for day in GRAINS["date"].buckets(comparison.previous.first, comparison.previous.last):
        index = bisect_right([start for start, _ in starts], day)
        bucket = starts[index - 1][1] if index else None
        if bucket:
            reached[day] = bucket
    return reached


@settings(max_examples=settings.default.max_examples * 4)
@given(asked())
@example((Period(date(2026, 11, 1), date(2026, 11, 30)), Period(FIRST, date(2026, 11, 24)), "previous_period", False))
@example((Period(date(2026, 3, 29), date(2026, 3, 31)), Period(FIRST, LAST), "previous_month", False))
def test_the_days_compared_are_those_of_the_calendar(question: tuple[Period, Period, str, bool]) -> None:
    period, loaded, compare_to, match = question
    ours, model = ask(period, loaded, compare_to, match)
    assert (ours is None) == (model is None)
    if ours is None or model is None:
        return
    assert (ours.current.first, ours.current.last) == (model.current[0], model.current[-1])
    assert (ours.previous.first, ours.previous.last) == (model.previous[0], model.previous[-1])
    assert ours.unmatched_days() == model.unmatched
    for grain in GRAINS:
        assert rows(ours, period, grain) == model.rows(grain), grain
    if match:
        pairs = rows(ours, period, "date").items()
        assert all(day.weekday() == other.weekday() for day, other in pairs)


@pytest.mark.parametrize("preset", [name for name in DATE_PRESETS if name != "maximum"])
def test_every_preset_on_every_day_of_ten_years(preset: str) -> None:
    day = FIRST
    while day <= LAST:
        asked = Period(*DATE_PRESETS[preset](day))
        loaded = Period(date(2010, 1, 1), day - timedelta(days=1))
        ours = compare(asked, loaded, "previous_period", preset=preset)
        # The first day of a unit that goes on, when nothing of it is loaded.
        assert (ours is None) == (asked.first == day)
        if ours:
            assert ours.current == Period(asked.first, min(asked.last, loaded.last))
            expected = PREVIOUS[preset.split("_")[1] if "_" in preset else preset](ours.current)
            assert (ours.previous.first, ours.previous.last) == expected, day
        day += timedelta(days=1)


def _month_before(current: Period, months: int) -> tuple[date, date]:
    first = current.first
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    end = current.last
    tomorrow = end + timedelta(days=1)
    if tomorrow.day == 1:
        month = tomorrow
        for _ in range(months):
            month = (month - timedelta(days=1)).replace(day=1)
        return first, month - timedelta(days=1)
    month = end.replace(day=1)
    for _ in range(months):
        month = (month - timedelta(days=1)).replace(day=1)
    longest = max(day for day in range(28, 32) if (month + timedelta(days=day - 1)).month == month.month)
    return first, month.replace(day=min(end.day, longest))


def _days_before(count: int):
    return lambda current: (current.first - timedelta(days=count), current.last - timedelta(days=count))


PREVIOUS = {
    "yesterday": _days_before(1),
    "week": _days_before(7),
    "8w": _days_before(56),
    "month": lambda current: _month_before(current, 1),
    "quarter": lambda current: _month_before(current, 3),
    "year": lambda current: _month_before(current, 12),
} | {f"{count}d": _days_before(count) for count in (7, 14, 28, 30, 90)}


@pytest.mark.parametrize(
    ("days", "compare_to", "other"),
    [
        # A leap day: a year has one more, and the one before it none.
        ("2025-02-01/2025-02-28", "previous_year", "2024-02-01/2024-02-29"),
        ("2025-02-01/2025-02-27", "previous_year", "2024-02-01/2024-02-27"),
        ("2024-02-01/2024-02-29", "previous_year", "2023-02-01/2023-02-28"),
        ("2024-02-29/2024-03-01", "previous_year", "2023-03-01/2023-03-01"),
        ("2024-02-28/2024-02-28", "previous_year", "2023-02-28/2023-02-28"),
        ("9999-01-01/9999-12-31", "previous_year", "9998-01-01/9998-12-31"),
        # Whole months, quarters and years; days that only look like a month.
        ("2026-10-01/2026-10-31", "previous_period", "2026-09-01/2026-09-30"),
        ("2026-03-01/2026-03-31", "previous_period", "2026-02-01/2026-02-28"),
        ("2026-07-01/2026-09-30", "previous_period", "2026-04-01/2026-06-30"),
        ("2024-01-01/2024-12-31", "previous_period", "2023-01-01/2023-12-31"),
        ("2026-05-01/2026-06-30", "previous_period", "2026-03-01/2026-04-30"),
        ("2026-10-02/2026-11-01", "previous_period", "2026-09-01/2026-10-01"),
        # Days that the month before does not have.
        ("2026-03-15/2026-03-31", "previous_month", "2026-02-15/2026-02-28"),
        ("2026-03-31/2026-04-02", "previous_month", "2026-03-01/2026-03-02"),
        ("2026-11-29/2026-11-29", "previous_quarter", "2026-08-29/2026-08-29"),
        # ISO years: 2020 had 53 weeks.
        ("2020-12-28/2021-01-03", "previous_week", "2020-12-21/2020-12-27"),
    ],
)
def test_days_and_their_counterparts(days: str, compare_to: str, other: str) -> None:
    period = Period(*map(date.fromisoformat, days.split("/")))
    comparison = compare(period, Period(date(1, 1, 1), date.max), compare_to)
    assert comparison is not None
    assert comparison.previous == Period(*map(date.fromisoformat, other.split("/")))


@pytest.mark.parametrize(
    ("days", "compare_to", "shift"),
    [
        ("2026-11-01/2026-11-24", "previous_year", 364),
        ("2024-11-01/2024-11-24", "previous_year", 364),
        ("2026-01-01/2026-12-31", "previous_period", 364),
        ("2026-11-01/2026-11-24", "previous_month", 35),
        ("2026-03-01/2026-03-31", "previous_month", 28),
        ("2026-11-01/2026-11-24", "previous_quarter", 98),
        ("2026-11-01/2026-11-10", "previous_period", 14),
        ("2026-11-01/2026-11-07", "previous_period", 7),
    ],
)
def test_mondays_meet_mondays(days: str, compare_to: str, shift: int) -> None:
    period = Period(*map(date.fromisoformat, days.split("/")))
    comparison = compare(period, Period(FIRST, LAST), compare_to, match_weekdays=True)
    assert comparison is not None
    back = timedelta(days=shift)
    assert comparison.previous == Period(period.first - back, period.last - back)


def test_what_has_no_counterpart_has_none() -> None:
    march, february = Period(date(2026, 3, 1), date(2026, 3, 31)), Period(date(2026, 2, 1), date(2026, 2, 28))
    shorter = compare(march, Period(FIRST, LAST), "previous_month")
    assert shorter is not None
    assert shorter.unmatched_days() == (3, 0)
    assert max(rows(shorter, march, "date").values()) == date(2026, 3, 28)
    longer = compare(february, Period(FIRST, LAST), "previous_month")
    assert longer is not None
    assert longer.unmatched_days() == (0, 3)
    assert date(2026, 1, 31) not in rows(longer, february, "date")
    # A month is compared with a month, however long they are.
    assert rows(longer, february, "month")[date(2026, 1, 31)] == date(2026, 2, 1)


def test_of_some_weekdays_the_first_is_compared_with_the_first() -> None:
    month = Period(date(2026, 11, 1), date(2026, 11, 30))
    mondays = frozenset({0})
    comparison = compare(month, Period(FIRST, LAST), "previous_month", weekdays=mondays)
    assert comparison is not None
    days = [day for day in GRAINS["date"].buckets(month.first, month.last) if day.weekday() == 0]
    starts = comparison.starts(days, GRAINS["date"])
    assert [(start.day, day.day) for start, day in starts if day] == [(5, 2), (12, 9), (19, 16), (26, 23)]
    assert comparison.unmatched_days() == (1, 0)


@given(
    PERIODS,
    st.sampled_from(
        [None, Period(date(2030, 1, 1), date(2031, 1, 1)), Period(FIRST - timedelta(1), FIRST - timedelta(1))]
    ),
)
def test_without_loaded_days_nothing_is_compared(period: Period, loaded: Period | None) -> None:
    assert compare(period, loaded, "previous_period") is None


@given(DAYS, st.integers(0, 800), st.sampled_from(list(GRAINS.values())))
def test_units_cover_the_days_once(first: date, days: int, grain) -> None:
    last = first + timedelta(days=days)
    units = grain.buckets(first, last)
    assert units == sorted({grain.start(first + timedelta(days=count)) for count in range(days + 1)})
    assert starts_of(units, Period(first, last))[0] == (first, units[0])


def test_before_the_calendar_there_is_nothing() -> None:
    loaded = Period(date.min, date.max)
    with pytest.raises(OverflowError):
        compare(Period(date(1, 3, 1), date(1, 3, 2)), loaded, "previous_year")
    with pytest.raises(OverflowError):
        compare(Period(date(1, 1, 2), date(1, 1, 5)), loaded, "previous_period")
    assert GRAINS["year"].buckets(date(9998, 5, 1), date.max) == [date(9998, 1, 1), date(9999, 1, 1)]
