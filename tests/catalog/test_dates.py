from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.catalog import DATE_PRESETS, GRAINS, Grain, date_id, date_of


@given(st.dates())
def test_a_date_and_its_number(day: date) -> None:
    assert str(date_id(day)).rjust(8, "0") == day.isoformat().replace("-", "")
    assert date_of(date_id(day)) == day


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        ("today", "2024-03-13", "2024-03-13"),
        ("yesterday", "2024-03-12", "2024-03-12"),
        ("last_7d", "2024-03-06", "2024-03-12"),
        ("last_14d", "2024-02-28", "2024-03-12"),
        ("last_28d", "2024-02-14", "2024-03-12"),
        ("last_30d", "2024-02-12", "2024-03-12"),
        ("last_90d", "2023-12-14", "2024-03-12"),
        ("last_8w", "2024-01-15", "2024-03-10"),
        ("this_week", "2024-03-11", "2024-03-13"),
        ("last_week", "2024-03-04", "2024-03-10"),
        ("this_month", "2024-03-01", "2024-03-13"),
        ("last_month", "2024-02-01", "2024-02-29"),
        ("this_quarter", "2024-01-01", "2024-03-13"),
        ("last_quarter", "2023-10-01", "2023-12-31"),
        ("this_year", "2024-01-01", "2024-03-13"),
        ("last_year", "2023-01-01", "2023-12-31"),
    ],
)
def test_presets_on_a_wednesday_in_march(preset: str, first: str, last: str) -> None:
    assert DATE_PRESETS[preset](date(2024, 3, 13)) == (date.fromisoformat(first), date.fromisoformat(last))


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 1, 1)), st.sampled_from(sorted(DATE_PRESETS)))
def test_every_preset_is_in_order_and_excludes_today_where_it_says_so(today: date, preset: str) -> None:
    first, last = DATE_PRESETS[preset](today)
    if preset == "maximum":
        assert (first, last) == (None, None)
        return
    assert first is not None
    assert last is not None
    assert first <= last
    if preset.startswith("last_") or preset == "yesterday":
        assert last < today
    else:
        assert last == today
    if preset.endswith("d"):
        assert last - first == timedelta(days=int(preset.removeprefix("last_").removesuffix("d")) - 1)


@pytest.mark.parametrize("grain", GRAINS.values(), ids=GRAINS)
@given(day=st.dates())
def test_the_days_of_a_unit(grain: Grain, day: date) -> None:
    unit = grain.start(day)
    around = (unit.toordinal() + number for number in range(400))
    days = [date.fromordinal(number) for number in around if number <= date.max.toordinal()]
    assert grain.days(unit) == sum(grain.start(one) == unit for one in days)
