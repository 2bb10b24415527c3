"""Changes and lines, as tiles have them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.query.reports.groups import Change
from project.web.dashboard.amounts import format_change, judge_change, sparkline


@pytest.mark.parametrize(
    ("metric", "change", "verdict"),
    [
        ("cost_per_conversion", 1, "bad"),
        ("cost_per_conversion", -1, "good"),
        ("cpm", 1, "bad"),
        ("conversions", 1, "good"),
        ("ctr", Decimal("-0.001"), "bad"),
        ("cost", 1, ""),
        ("clicks", 0, ""),
        ("clicks", None, ""),
    ],
)
def test_which_change_is_good(metric: str, change: Decimal | None, verdict: str) -> None:
    assert judge_change(metric, Change(1, change, None)) == verdict


def test_a_change_that_rounds_to_nothing_is_no_fall() -> None:
    change = Change(5000, -1, Decimal("-0.0002"))
    assert format_change("clicks", change) == "+0.0%"
    assert judge_change("clicks", change) == ""
    assert judge_change("clicks", Change(5000, -3, Decimal("-0.0006"))) == "bad"


@given(st.lists(st.none() | st.decimals(0, 10**12, places=2), max_size=50))
def test_a_line_goes_from_its_lowest_to_its_highest(values: list[Decimal | None]) -> None:
    (path, dashed), known = sparkline(values), [value for value in values if value is not None]
    assert dashed == ""
    if len(known) < 2:
        assert path == ""
        return
    points = [tuple(map(float, point.split(","))) for point in path.removeprefix("M").split("L")]
    assert len(points) == len(known)
    assert all(1 <= x <= 119 and 1 <= y <= 27 for x, y in points)
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    # Up is more.
    lowest, highest = known.index(min(known)), known.index(max(known))
    assert points[lowest][1] == (27 if min(known) < max(known) else points[highest][1])
    assert points[highest][1] == (1 if min(known) < max(known) else points[lowest][1])


def test_the_parts_of_a_line_to_and_from_incomplete_values_are_apart() -> None:
    whole, dashed = sparkline([1, 2, None, 3, 5], incomplete={0, 4}, width=42, height=22)
    assert (whole, dashed) == ("M11.0,16.0L31.0,11.0", "M1.0,21.0L11.0,16.0M31.0,11.0L41.0,1.0")
    assert sparkline([1, 2], incomplete={1})[0] == ""
