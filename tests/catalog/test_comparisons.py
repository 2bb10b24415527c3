"""The tables of comparisons: how far back each preset and each name leads."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from project.catalog import DATE_PRESETS
from project.catalog.comparisons import COMPARISONS, PREVIOUS_PERIOD, compared_as, interval, step_back
from project.query.periods import Period, counterpart

DAYS = st.dates(date(2016, 1, 1), date(2026, 12, 31))


def test_every_preset_has_a_row() -> None:
    assert PREVIOUS_PERIOD.keys() == DATE_PRESETS.keys() - {"maximum"}


@given(DAYS, st.sampled_from(["last_week", "last_month", "last_quarter", "last_year", "yesterday", "last_7d"]))
def test_a_preset_of_whole_units_is_compared_as_its_dates_are(today: date, preset: str) -> None:
    first, last = DATE_PRESETS[preset](today)
    assert first is not None
    assert last is not None
    assert step_back("previous_period", first, last, preset) == step_back("previous_period", first, last)


@given(DAYS, st.sampled_from(sorted(PREVIOUS_PERIOD)), st.sampled_from(COMPARISONS))
def test_dates_instead_of_a_preset_are_compared_with_the_same_days(today: date, preset: str, comparison: str) -> None:
    first, last = DATE_PRESETS[preset](today)
    assert first is not None
    assert last is not None
    name = compared_as(comparison, preset, first, last)
    asked = Period(first, last)
    expected = counterpart(asked, step_back(comparison, first, last, preset))
    days = interval(name)
    assert (Period(*days) if days else counterpart(asked, step_back(name, first, last))) == expected


@given(DAYS, st.sampled_from(COMPARISONS), st.integers(0, 400))
def test_a_step_leads_back_and_weeks_lead_from_monday_to_monday(first: date, comparison: str, days: int) -> None:
    step = step_back(comparison, first, first + timedelta(days=days))
    assert step.last(first) <= step.first(first) <= first
    assert step.first(first) - step.last(first) <= timedelta(days=1)
    weeks = step.of_weeks(first)
    back = first - weeks.first(first)
    assert back.days % 7 == 0
    assert abs((first - step.last(first)) - back) < timedelta(days=7) or step.months > 12


@given(DAYS, DAYS)
def test_an_interval_is_two_days_in_order(first: date, last: date) -> None:
    assert interval(f"{first}/{last}") == ((first, last) if first <= last else None)
    for text in (f"{first}", f"{first}/", f"{first}/{last}/", f"{first:%Y%m%d}/{last:%Y%m%d}", f"{first}T00:00/{last}"):
        assert interval(text) is None
