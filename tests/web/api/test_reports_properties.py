"""Reports against the plain-Python model, for random questions, and read from rollups or from the facts."""

import json
from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from project.query import rollup_choice
from tests.support.calendar_model import COMPARISONS, WEEKDAYS
from tests.support.model import LABELS, MEASURES
from tests.support.report_model import FORMULAS, GRAINS, METRICS, REPORT_FACTS, report

pytestmark = pytest.mark.slow

# Often about the end of February, where a year differs from the one before.
DAYS = st.sampled_from([date(2023, 2, 26), date(2024, 2, 27)]).flatmap(
    lambda first: (st.integers(0, 5) | st.integers(-40, 40)).map(lambda count: first + timedelta(days=count))
)
BOUNDS = {name: st.integers(0, 3) for name in ("clicks", "conversions")} | {
    "impressions": st.sampled_from([0, 10, 250_000, 10**6]),
    "cost": st.sampled_from([Decimal(0), Decimal("18.4"), Decimal("1234.567891")]),
    "ctr": st.sampled_from([Decimal(0), Decimal("0.001"), Decimal("0.2")]),
    "cpc": st.sampled_from([Decimal(1), Decimal("400.5")]),
}


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """Draw reports that do not contradict themselves."""
    asked: dict[str, Any] = {}
    if draw(st.booleans()):
        asked["date_from"], asked["date_to"] = sorted([draw(DAYS), draw(DAYS)])
        if draw(st.booleans()):
            asked["date_from"] = asked["date_from"].replace(day=1)
            asked["date_to"] = asked["date_to"].replace(day=monthrange(*asked["date_to"].timetuple()[:2])[1])
    for name in draw(st.sets(st.sampled_from(sorted(LABELS)), max_size=2)):
        prefix = draw(st.sampled_from(["", "exclude_"]))
        asked[prefix + name] = draw(st.lists(st.sampled_from(LABELS[name]), min_size=1, max_size=2, unique=True))
    for name in draw(st.sets(st.sampled_from(["weekday", "exclude_weekday"]), max_size=1)):
        asked[name] = draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=4, unique=True))
    dimensions = draw(st.lists(st.sampled_from(sorted(LABELS)), max_size=3, unique=True))
    grain = draw(st.none() | st.sampled_from(GRAINS) | st.just("date"))
    for name in filter(None, (grain, draw(st.sampled_from([None, None, "weekday"])))):
        dimensions.insert(draw(st.integers(0, len(dimensions))), name)
    if dimensions:
        asked["group_by"] = dimensions
    if draw(st.booleans()):
        asked["metrics"] = draw(st.lists(st.sampled_from(METRICS), min_size=1, unique=True))
    if "date_from" in asked and draw(st.integers(0, 3)):
        interval = "/".join(map(str, sorted([draw(DAYS), draw(DAYS)])))
        asked["compare_to"] = draw(st.sampled_from([*COMPARISONS, interval]))
        asked["match_weekdays"] = draw(st.booleans())
    if (grain or "weekday" in dimensions) and len(dimensions) < 4:
        asked["fill"] = draw(st.booleans())
    if grain == "date" and not {"weekday", "exclude_weekday"} & asked.keys():
        asked |= draw(st.fixed_dictionaries({}, optional={"rolling": st.integers(2, 40)}))
    asked["totals"] = draw(st.booleans())
    for name in draw(st.sets(st.sampled_from(sorted(BOUNDS)), max_size=1)):
        asked[draw(st.sampled_from(["min_", "max_"])) + name] = draw(BOUNDS[name])
    changes = [f"{kind}.{name}" for kind in ("change", "absolute_change", "change_ratio") for name in METRICS]
    changes += [f"contribution.{name}" for name in MEASURES if "rolling" not in asked]
    names = [*dimensions, *METRICS, *(changes if "compare_to" in asked else [])]
    chosen = draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
    asked["sort"] = [draw(st.sampled_from(["", "-"])) + name for name in chosen]
    return asked


def as_parameters(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the question as a query string has it."""
    parameters = {}
    for name, value in asked.items():
        if isinstance(value, bool):
            parameters[name] = str(value).lower()
        elif name in ("group_by", "metrics", "sort"):
            parameters[name] = ",".join(value)
        else:
            parameters[name] = value
    return {name: value for name, value in parameters.items() if value not in ("", [])}


async def answer(client: httpx.AsyncClient, parameters: dict[str, Any]) -> dict[str, Any]:
    response = await client.get("/v1/reports", params=parameters)
    assert response.status_code == 200, response.text
    return json.loads(response.text, parse_float=Decimal)


@settings(max_examples=150)
@given(asked=questions(), limit=st.integers(1, 1000))
async def test_all_pages_together_are_the_models_report(
    reports_client: httpx.AsyncClient, asked: dict[str, Any], limit: int
) -> None:
    expected = report(REPORT_FACTS, asked)
    limit = min(1000, max(limit, len(expected["data"]) // 8 + 1))
    parameters = {**as_parameters(asked), "limit": limit}
    rows: list[Any] = []
    cursor = None
    while True:
        page = await answer(reports_client, parameters | ({"cursor": cursor} if cursor else {}))
        rows += page["data"]
        if asked["totals"]:
            assert page["totals"] == expected["totals"]
        else:
            assert "totals" not in page
        cursor = page["page"]["next_cursor"]
        if cursor is None:
            break
        assert len(page["data"]) == limit
    assert rows == expected["data"]


@given(asked=questions(), metric=st.sampled_from(METRICS), choice=st.integers(0, 1000))
async def test_bounds_include_their_value(
    reports_client: httpx.AsyncClient, asked: dict[str, Any], metric: str, choice: int
) -> None:
    asked = {name: value for name, value in asked.items() if name[:4] not in ("min_", "max_")} | {"metrics": [metric]}
    rows = report(REPORT_FACTS, asked)["data"]
    values = [row[metric] for row in rows if row[metric] is not None]
    assume(values)
    bound = values[choice % len(values)]
    bounds = [f"{kind}_{metric}" for kind in ("min", "max") if choice % 3 or kind == "min"]
    text = str(bound) if isinstance(bound, int) else format(bound, "f")
    page = await answer(reports_client, as_parameters(asked) | dict.fromkeys(bounds, text) | {"limit": 1000})
    expected = report(REPORT_FACTS, asked | dict.fromkeys(bounds, bound))["data"]
    assert page["data"] == expected[:1000]
    assert any(row[metric] == bound for row in expected)


@given(asked=questions())
async def test_a_rollup_answers_as_the_facts_do(reports_client: httpx.AsyncClient, asked: dict[str, Any]) -> None:
    from_rollup = await answer(reports_client, as_parameters(asked))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollup_choice, "GROUPING_SETS", ())
        reports_client.app.state.ad_metrics.answers.clear()
        from_facts = await answer(reports_client, as_parameters(asked))
    reports_client.app.state.ad_metrics.answers.clear()
    assert from_facts["meta"].pop("source") == "facts"
    from_rollup["meta"].pop("source")
    assert from_facts == from_rollup


@given(asked=questions())
async def test_each_breakdown_sums_to_the_total(reports_client: httpx.AsyncClient, asked: dict[str, Any]) -> None:
    asked = {name: value for name, value in asked.items() if name[:4] not in ("min_", "max_")} | {"sort": []}
    asked |= {"metrics": list(METRICS), "totals": True}
    asked.pop("fill", None)
    asked.pop("rolling", None)
    parameters = as_parameters(asked) | {"limit": 1000}
    rows, cursor = [], None
    while True:
        page = await answer(reports_client, parameters | ({"cursor": cursor} if cursor else {}))
        rows += page["data"]
        cursor = page["page"]["next_cursor"]
        if cursor is None:
            break
    ungrouped = await answer(reports_client, {name: value for name, value in parameters.items() if name != "group_by"})
    for measure in MEASURES:
        assert sum(row[measure] for row in rows) == page["totals"][measure] == ungrouped["data"][0][measure]
    assert {name: page["totals"][name] for name in FORMULAS} == {name: ungrouped["data"][0][name] for name in FORMULAS}
