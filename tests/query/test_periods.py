"""Which day of a compared period stands against which of a report's own."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.catalog import GRAINS
from project.query.periods import Period, previous_period, previous_year, thresholds

DAYS = st.dates(date(1999, 1, 1), date(2030, 1, 1))
PERIODS = st.builds(lambda first, days: Period(first, first + timedelta(days=days)), DAYS, st.integers(0, 800))


@given(PERIODS)
def test_the_previous_period_is_as_long_and_ends_the_day_before(own: Period) -> None:
    other = previous_period(own).other
    assert other.days == own.days
    assert own.first - other.last == timedelta(days=1)


@given(DAYS, st.integers(0, 800), st.sampled_from(list(GRAINS.values())))
def test_units_cover_the_days_once(first: date, days: int, grain) -> None:
    last = first + timedelta(days=days)
    units = grain.units(first, last)
    assert units == sorted({grain.start(first + timedelta(days=count)) for count in range(days + 1)})
    own = Period(first, last)
    assert thresholds(units, own)[0] == first


@pytest.mark.parametrize(
    ("first", "last", "other_first", "other_last"),
    [
        ("2025-02-01", "2025-02-28", "2024-02-01", "2024-02-28"),
        ("2024-02-01", "2024-02-29", "2023-02-01", "2023-02-28"),
        ("2024-02-29", "2024-02-29", "2023-02-28", "2023-02-28"),
        ("2025-01-01", "2025-03-31", "2024-01-01", "2024-03-31"),
    ],
)
def test_the_same_dates_a_year_earlier(first: str, last: str, other_first: str, other_last: str) -> None:
    own = Period(date.fromisoformat(first), date.fromisoformat(last))
    assert previous_year(own).other == Period(date.fromisoformat(other_first), date.fromisoformat(other_last))


def test_the_end_of_february() -> None:
    own = Period(date(2024, 2, 28), date(2024, 3, 1))
    days = GRAINS["date"].units(own.first, own.last)
    # Nothing stands against 29 February: its threshold is that of the day after it.
    assert thresholds(days, own, previous_year(own)) == [date(2023, 2, 28), date(2023, 3, 1), date(2023, 3, 1)]
    own = Period(date(2025, 2, 28), date(2025, 3, 1))
    days = GRAINS["date"].units(own.first, own.last)
    assert thresholds(days, own, previous_year(own)) == [date(2024, 2, 28), date(2024, 3, 1)]


def test_before_the_calendar_there_is_nothing() -> None:
    with pytest.raises(OverflowError):
        previous_year(Period(date(1, 3, 1), date(1, 3, 2)))
    with pytest.raises(OverflowError):
        previous_period(Period(date(1, 1, 2), date(1, 1, 5)))
    assert GRAINS["year"].units(date(9998, 5, 1), date.max) == [date(9998, 1, 1), date(9999, 1, 1)]
