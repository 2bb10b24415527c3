"""Rows against the plain-Python model, for random questions."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.calendar_model import WEEKDAYS
from tests.support.model import (
    DAYS,
    DIMENSIONS,
    FACTS,
    FIRST_DAY,
    LABELS,
    MEASURES,
    as_answered,
    in_order,
    known,
    matching,
)

pytestmark = pytest.mark.slow

DAY = st.integers(-3, DAYS + 3).map(lambda offset: FIRST_DAY + timedelta(days=offset))
BOUND = {
    "impressions": st.sampled_from([0, 10, 11, 2**62]),
    "clicks": st.integers(0, 4),
    "cost": st.sampled_from([Decimal("0"), Decimal("0.000001"), Decimal("18.4"), Decimal("999999999999.999999")]),
    "conversions": st.integers(0, 1),
    "likes": st.just(0),
}


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """Draw filters that do not contradict themselves."""
    asked: dict[str, Any] = {}
    if draw(st.booleans()):
        asked["date_from"], asked["date_to"] = sorted([draw(DAY), draw(DAY)])
    for name, labels in LABELS.items():
        chosen = draw(st.lists(st.sampled_from(labels), max_size=3, unique=True))
        if chosen and draw(st.booleans()):
            asked[name] = chosen
        excluded = draw(st.lists(st.sampled_from(labels), max_size=2, unique=True))
        if excluded and draw(st.booleans()) and not set(asked.get(name, ["one more"])) <= set(excluded):
            asked[f"exclude_{name}"] = excluded
    for name in draw(st.sets(st.sampled_from(["weekday", "exclude_weekday"]), max_size=1)):
        asked[name] = draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=5, unique=True))
    for name in draw(st.sets(st.sampled_from(MEASURES), max_size=2)):
        low, high = sorted([draw(BOUND[name]), draw(BOUND[name])])
        asked |= draw(
            st.sampled_from([{f"min_{name}": low}, {f"max_{name}": high}, {f"min_{name}": low, f"max_{name}": high}])
        )
    return asked


@st.composite
def sorts(draw: st.DrawFn) -> list[str]:
    names = draw(st.lists(st.sampled_from([*DIMENSIONS, *MEASURES]), max_size=3, unique=True))
    return [draw(st.sampled_from(["", "-"])) + name for name in names]


async def answer(client: httpx.AsyncClient, parameters: dict[str, Any]) -> dict[str, Any]:
    response = await client.get("/v1/ad-metrics", params=parameters)
    assert response.status_code == 200, response.text
    return json.loads(response.text, parse_float=Decimal)


@given(asked=questions(), sort=sorts(), limit=st.integers(1, 1000))
async def test_a_walk_over_all_pages_gives_each_matching_row_once_and_in_order(
    client: httpx.AsyncClient, asked: dict[str, Any], sort: list[str], limit: int
) -> None:
    expected = [as_answered(fact) for fact in in_order(matching(FACTS, asked), sort)]
    # At most a dozen pages: a limit of 1 would walk over 1,400.
    limit = max(limit, len(expected) // 12 + 1)
    parameters = {**asked, "sort": ",".join(sort) or None, "limit": limit}
    parameters = {name: value for name, value in parameters.items() if value is not None}
    rows: list[Any] = []
    cursor = None
    while True:
        page = await answer(client, parameters | ({"cursor": cursor} if cursor else {}))
        rows += map(known, page["data"])
        cursor = page["page"]["next_cursor"]
        if cursor is None:
            break
        assert len(page["data"]) == limit
    assert rows == expected


@given(asked=questions(), shown=st.sets(st.sampled_from(["id", *DIMENSIONS, *MEASURES]), min_size=1))
async def test_count_and_fields(client: httpx.AsyncClient, asked: dict[str, Any], shown: set[str]) -> None:
    expected = in_order(matching(FACTS, asked), [])
    page = await answer(client, {**asked, "count": "true", "fields": ",".join(shown), "limit": 3})
    assert page["page"]["count"] == len(expected)
    assert page["data"] == [
        {name: value for name, value in as_answered(fact).items() if name in shown} for fact in expected[:3]
    ]


@given(asked=questions(), sort=sorts(), expanded=st.sets(st.sampled_from(DIMENSIONS), min_size=1))
async def test_expanded_rows_are_the_same_rows(
    client: httpx.AsyncClient, asked: dict[str, Any], sort: list[str], expanded: set[str]
) -> None:
    parameters = {**asked, "sort": ",".join(sort), "limit": 20}
    if not sort:
        del parameters["sort"]
    plain = await answer(client, parameters)
    nested = await answer(client, {**parameters, "expand": ",".join(expanded)})
    for row in nested["data"]:
        for name in expanded:
            number, label = row[name].values()
            if name == "date":
                assert number == int(label.replace("-", ""))
            else:
                assert LABELS[name][number - 1] == label
            row[name] = label
    assert nested["data"] == plain["data"]
    assert nested["page"]["next_cursor"] == plain["page"]["next_cursor"]
