"""By how much numbers usually still rise, against plain arithmetic."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.catalog import MEASURE_NAMES
from project.query.settling import usual_rise
from project.store.warehouse.maturity import LAST_AGE, Known, Maturity

LAST = date(2024, 5, 31)


@st.composite
def platforms(draw: st.DrawFn) -> tuple[Maturity, int, list[float]]:
    """Return what is known of a platform, after how many days its conversions settle, and the medians before that."""
    settles = draw(st.integers(0, 6))
    slowest = draw(st.integers(settles, 8))
    medians = draw(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.25]), min_size=settles, max_size=settles))
    known = [Known(median, median, median) for median in [*medians, *[1.0] * (LAST_AGE + 1 - settles)]]
    # The newest load is of the day after the last one.
    settled_to = LAST + timedelta(days=1 - slowest)
    after = dict.fromkeys(MEASURE_NAMES, slowest) | {"conversions": settles}
    return Maturity(28, dict.fromkeys(MEASURE_NAMES, known), after, settled_to), settles, medians


@given(st.lists(platforms(), min_size=1, max_size=3), st.data())
def test_the_rise_is_that_of_each_day_at_its_age(
    drawn: list[tuple[Maturity, int, list[float]]], data: st.DataObject
) -> None:
    sums, cells = [], []
    for maturity, settles, medians in drawn:
        for age in range(1, 10):
            value = data.draw(st.integers(0, 50))
            sums.append((LAST - timedelta(days=age - 1), maturity, value))
            cells.append((age, medians[age] if age < settles else 1.0, value))
    oldest = max((age for age, part, value in cells if value and part != 1), default=0)
    newest = [(part, value) for age, part, value in cells if value and age <= oldest]
    rise = usual_rise("conversions", sums)
    if not oldest or any(value and not part for _, part, value in cells):
        assert rise is None
        return
    assert rise is not None
    assert (rise.measure, rise.days.days, rise.days.last) == ("conversions", oldest, LAST)
    now, then = sum(value for _, value in newest), sum(value / part for part, value in newest)
    assert rise.ratio == pytest.approx(then / now - 1)


def test_nothing_is_guessed() -> None:
    unknown = Maturity(27, {}, {}, None)
    never = Maturity(28, {}, dict.fromkeys(MEASURE_NAMES), None)
    for maturity in (None, unknown, never):
        assert usual_rise("conversions", [(LAST, maturity, 5)]) is None
    assert usual_rise("conversions", []) is None
