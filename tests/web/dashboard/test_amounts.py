"""Changes and lines, as tiles have them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.query.reports.groups import Change
from project.web.dashboard.amounts import judge_change, sparkline


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


@given(st.lists(st.none() | st.decimals(0, 10**12, places=2), max_size=50))
def test_a_line_goes_from_its_lowest_to_its_highest(values: list[Decimal | None]) -> None:
    path, known = sparkline(values), [value for value in values if value is not None]
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
