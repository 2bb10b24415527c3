import json
from decimal import Decimal

import httpx
import pytest
import time_machine

from project.web.api.rows.schemas import RowAnswer, RowsAnswer
from tests.support.model import FACTS, LABELS, MEASURES, as_answered, in_order, known, matching

ROWS = "/v1/ad-metrics"


async def test_a_row_has_labels_and_exact_numbers(client: httpx.AsyncClient) -> None:
    response = await client.get(ROWS, params={"sort": "-cost,-impressions", "limit": 1})
    assert response.headers["content-type"] == "application/json"
    assert f'"cost":{Decimal("999999999999.999999")}' in response.text
    [row] = json.loads(response.text, parse_float=Decimal)["data"]
    assert known(row) == as_answered(in_order(FACTS, ["-cost", "-impressions"])[0])
    assert row["impressions"] == 2**62


async def test_answers_are_as_documented(client: httpx.AsyncClient) -> None:
    for parameters in ({}, {"count": "true", "expand": "date,region"}, {"fields": "cost"}, {"date_from": "2031-01-01"}):
        RowsAnswer.model_validate_json((await client.get(ROWS, params=parameters)).content)
    RowAnswer.model_validate_json((await client.get(f"{ROWS}/{FACTS[0].id}")).content)


async def test_one_row_has_all_dimensions_nested(client: httpx.AsyncClient) -> None:
    fact = FACTS[700]
    response = await client.get(f"{ROWS}/{fact.id}")
    data = json.loads(response.text, parse_float=Decimal)["data"]
    assert data["id"] == fact.id
    assert {name: data[name] for name in MEASURES} == {name: fact[name] for name in MEASURES}
    assert data["date"] == {"date_id": fact.key[0], "date_value": fact["date"].isoformat()}
    assert data["region"] == {"region_id": fact.key[1], "region_name": fact["region"]}
    assert data["age_range"] == {"age_id": fact.key[2], "age_range": fact["age_range"]}


async def test_a_row_that_is_not_there(client: httpx.AsyncClient) -> None:
    response = await client.get(f"{ROWS}/999999999")
    assert response.status_code == 404
    assert response.json()["detail"] == "No fact has the id 999999999."


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("platform=TikTok", {"tiktok"}),
        ("platform=tiktok,facebook", {"tiktok", "facebook"}),
        ("platform=tiktok&platform=facebook", {"tiktok", "facebook"}),
        ("platform=%20tiktok%20", {"tiktok"}),
        ("platform=tiktok,TIKTOK", {"tiktok"}),
    ],
)
async def test_lists_repeat_or_use_commas_and_labels_match_in_any_case(
    client: httpx.AsyncClient, query: str, labels: set[str]
) -> None:
    data = (await client.get(f"{ROWS}?{query}&limit=1000")).json()["data"]
    assert [row["id"] for row in data] == [fact.id for fact in FACTS if fact["platform"] in labels][:1000]


@pytest.mark.parametrize(
    ("region", "labels"),
    [
        (["Paris, Texas"], {"Paris, Texas"}),
        (["paris, texas", "California"], {"Paris, Texas", "California"}),
        (['"Paris, Texas",California'], {"Paris, Texas", "California"}),
        (["Texas,California"], {"Texas", "California"}),
        (["I\u0302le-de-France"], {"Île-de-France"}),  # the same letters, decomposed
        (["O'Hara; DROP TABLE dim_region"], {"O'Hara; DROP TABLE dim_region"}),
        (["100%_real"], {"100%_real"}),
    ],
)
async def test_awkward_labels(client: httpx.AsyncClient, region: list[str], labels: set[str]) -> None:
    response = await client.get(ROWS, params={"region": region, "limit": 1000})
    assert {row["region"] for row in response.json()["data"]} == labels
    assert len(response.json()["data"]) == sum(fact["region"] in labels for fact in FACTS)


@pytest.mark.parametrize("preset", ["last_7d", "this_month", "last_month", "yesterday", "maximum"])
async def test_presets_are_counted_from_today_and_echoed(client: httpx.AsyncClient, preset: str) -> None:
    expected = {
        "last_7d": ("2024-03-08", "2024-03-14"),
        "this_month": ("2024-03-01", "2024-03-15"),
        "last_month": ("2024-02-01", "2024-02-29"),
        "yesterday": ("2024-03-14", "2024-03-14"),
        "maximum": (FACTS[0]["date"].isoformat(), FACTS[-1]["date"].isoformat()),
    }[preset]
    with time_machine.travel("2024-03-15T10:00:00Z", tick=True):
        answer = (await client.get(ROWS, params={"date_preset": preset, "count": "true"})).json()
    assert (answer["meta"]["date_from"], answer["meta"]["date_to"]) == expected
    assert answer["page"]["count"] == sum(expected[0] <= fact["date"].isoformat() <= expected[1] for fact in FACTS)


async def test_without_dates_meta_has_the_first_and_last_day(client: httpx.AsyncClient) -> None:
    meta = (await client.get(ROWS)).json()["meta"]
    first, last = FACTS[0]["date"].isoformat(), FACTS[-1]["date"].isoformat()
    assert meta == {"date_from": first, "date_to": last, "settled_to": None, "data_version": 12}


async def test_a_question_without_matches_is_an_empty_answer(client: httpx.AsyncClient) -> None:
    response = await client.get(ROWS, params={"date_from": "2031-01-01", "count": "true"})
    assert response.status_code == 200
    assert response.json()["data"] == []
    assert response.json()["page"] == {"limit": 100, "next_cursor": None, "count": 0}


async def test_a_cursor_goes_with_other_fields_and_limits_but_not_with_another_question(
    client: httpx.AsyncClient,
) -> None:
    first = (await client.get(ROWS, params={"platform": "tiktok", "limit": 5})).json()
    cursor = first["page"]["next_cursor"]
    second = await client.get(ROWS, params={"platform": "TIKTOK", "limit": 3, "fields": "id", "cursor": cursor})
    expected = matching(FACTS, {"platform": ["tiktok"]})[5:8]
    assert second.json()["data"] == [{"id": fact.id} for fact in expected]
    for other in ({"platform": "facebook"}, {"platform": "tiktok", "sort": "-cost"}, {}):
        refused = await client.get(ROWS, params={**other, "cursor": cursor})
        assert refused.status_code == 422
        assert [error["code"] for error in refused.json()["errors"]] == ["foreign_cursor"]


async def test_one_open_end_beyond_all_there_is(client: httpx.AsyncClient) -> None:
    meta = (await client.get(ROWS, params={"date_from": "2031-01-01"})).json()["meta"]
    assert (meta["date_from"], meta["date_to"]) == ("2031-01-01", None)


async def test_sorting_by_a_label_is_alphabetical(client: httpx.AsyncClient) -> None:
    data = (await client.get(ROWS, params={"sort": "-region", "limit": 1000, "fields": "region"})).json()["data"]
    seen = list(dict.fromkeys(row["region"] for row in data))
    assert seen == sorted(LABELS["region"], reverse=True)[: len(seen)]
    assert len(seen) > 2
