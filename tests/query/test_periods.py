"""Which day of the previous period corresponds to which of the current one."""

from bisect import bisect_right
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.catalog import GRAINS
from project.query.periods import COMPARISONS, Period, bucket_starts, compare, previous_period, previous_year

DAYS = st.dates(date(1999, 1, 1), date(2030, 1, 1))
PERIODS = st.builds(lambda first, days: Period(first, first + timedelta(days=days)), DAYS, st.integers(0, 800))


@given(PERIODS)
def test_the_previous_period_is_as_long_and_ends_the_day_before(own: Period) -> None:
    other = previous_period(own).previous
    assert other.days == own.days
    assert own.first - other.last == timedelta(days=1)


@given(DAYS, st.integers(0, 800), st.sampled_from(list(GRAINS.values())))
def test_units_cover_the_days_once(first: date, days: int, grain) -> None:
    last = first + timedelta(days=days)
    units = grain.buckets(first, last)
    assert units == sorted({grain.start(first + timedelta(days=count)) for count in range(days + 1)})
    own = Period(first, last)
    assert bucket_starts(units, own)[0] == first


@pytest.mark.parametrize(
    ("first", "last", "other_first", "other_last"),
    [
        ("2025-02-01", "2025-02-28", "2024-02-01", "2024-02-29"),
        ("2025-02-01", "2025-02-27", "2024-02-01", "2024-02-27"),
        ("2024-02-01", "2024-02-29", "2023-02-01", "2023-02-28"),
        ("2024-02-29", "2024-03-01", "2023-03-01", "2023-03-01"),
        ("2024-02-28", "2024-02-28", "2023-02-28", "2023-02-28"),
        ("9999-01-01", "9999-12-31", "9998-01-01", "9998-12-31"),
        ("2025-01-01", "2025-03-31", "2024-01-01", "2024-03-31"),
    ],
)
def test_the_same_dates_a_year_earlier(first: str, last: str, other_first: str, other_last: str) -> None:
    own = Period(date.fromisoformat(first), date.fromisoformat(last))
    assert previous_year(own).previous == Period(date.fromisoformat(other_first), date.fromisoformat(other_last))


def test_a_29_february_has_no_counterpart() -> None:
    day = date(2024, 2, 29)
    assert previous_year(Period(day, day)).previous is None


@given(PERIODS, st.sampled_from(list(COMPARISONS)))
def test_what_a_day_is_compared_with_does_not_depend_on_the_units(own: Period, comparison: str) -> None:
    against = COMPARISONS[comparison](own)
    if against.previous is None:
        return
    for grain in GRAINS.values():
        units = grain.buckets(own.first, own.last)
        reached = bucket_starts(units, own, against)
        assert reached == sorted(reached)
        assert reached[0] == against.previous.first
        assert reached[-1] <= against.previous.last + timedelta(days=1)


@given(PERIODS, PERIODS)
def test_what_a_day_is_compared_with_a_year_before_does_not_depend_on_the_period(one: Period, another: Period) -> None:
    first, last = max(one.first, another.first), min(one.last, another.last)
    left, right = (_compared_days(own) for own in (one, another))
    for day in GRAINS["date"].buckets(first, last):
        assert left.get(day) == right.get(day)


def _compared_days(own: Period) -> dict[date, list[date]]:
    """Return the days of the year before that count for each day."""
    against = previous_year(own)
    counted: dict[date, list[date]] = {}
    if against.previous:
        days = GRAINS["date"].buckets(own.first, own.last)
        reached = bucket_starts(days, own, against)
        for other in GRAINS["date"].buckets(against.previous.first, against.previous.last):
            counted.setdefault(days[bisect_right(reached, other) - 1], []).append(other)
    return counted


@pytest.mark.parametrize("comparison", list(COMPARISONS))
def test_days_to_come_are_not_compared(comparison: str) -> None:
    month, today = Period(date(2026, 11, 1), date(2026, 11, 30)), date(2026, 11, 23)
    come = Period(month.first, today)
    assert compare(comparison, month, today).previous == COMPARISONS[comparison](come).previous
    assert compare(comparison, month, date(2027, 1, 1)).previous == COMPARISONS[comparison](month).previous
    # Of a month that is all to come, nothing is partial.
    assert compare(comparison, month, date(2026, 10, 31)).previous == COMPARISONS[comparison](month).previous


def test_the_end_of_february() -> None:
    own = Period(date(2024, 2, 28), date(2024, 3, 1))
    days = GRAINS["date"].buckets(own.first, own.last)
    # Nothing stands against 29 February: its threshold is that of the day after it.
    assert bucket_starts(days, own, previous_year(own)) == [date(2023, 2, 28), date(2023, 3, 1), date(2023, 3, 1)]
    own = Period(date(2025, 2, 28), date(2025, 3, 1))
    days = GRAINS["date"].buckets(own.first, own.last)
    assert bucket_starts(days, own, previous_year(own)) == [date(2024, 2, 28), date(2024, 3, 1)]


def test_before_the_calendar_there_is_nothing() -> None:
    with pytest.raises(OverflowError):
        previous_year(Period(date(1, 3, 1), date(1, 3, 2)))
    with pytest.raises(OverflowError):
        previous_period(Period(date(1, 1, 2), date(1, 1, 5)))
    assert GRAINS["year"].buckets(date(9998, 5, 1), date.max) == [date(9998, 1, 1), date(9999, 1, 1)]
