"""Reports by example: refusals, shape, source, plan, what every answer says."""

from typing import Any

import httpx
import pytest
import time_machine

from project.query import cursors
from project.query.filters import Filters
from project.query.reports import fetch, limits, result, rolling
from project.query.reports.question import ReportQuestion
from project.web.api.reports.schemas import PlanAnswer, ReportAnswer
from tests.support.calendar_model import WEEKDAYS
from tests.support.model import MEASURES, known
from tests.support.report_model import REPORT_FACTS

REPORTS = "/v1/reports"
AGES = ["18-24", "25-34", "65+", "(not set)"]
MARCH = "date_from=2024-03-01&date_to=2024-03-31"


async def faults(client: httpx.AsyncClient, query: str, path: str = REPORTS) -> dict[str, dict[str, Any]]:
    response = await client.get(f"{path}?{query}")
    assert response.status_code == 422, response.text
    return {error["parameter"]: error for error in response.json()["errors"]}


async def test_without_parameters_it_is_the_total_of_all_measures(reports_client: httpx.AsyncClient) -> None:
    answer = (await reports_client.get(REPORTS)).json()
    assert len(answer["data"]) == 1
    assert tuple(known(answer["data"][0])) == MEASURES
    assert answer["page"] == {"limit": 100, "next_cursor": None}
    assert answer["meta"]["source"] == "rollup"
    assert answer["meta"]["group_by"] == []
    assert answer["meta"]["metrics"][2] == {"name": "cost", "unit": "currency"}
    assert "totals" not in answer


async def test_answers_are_as_documented(reports_client: httpx.AsyncClient) -> None:
    for query in (
        "",
        f"group_by=date,platform&{MARCH}&metrics=cost,ctr&totals=true&compare_to=previous_period&fill=true",
        "group_by=quarter&sort=-cpm,quarter",
        f"group_by=week,region&{MARCH}&compare_to=previous_year&sort=-change.cost,change_ratio.clicks",
        f"group_by=date,weekday&{MARCH}&rolling=7&compare_to=previous_month&match_weekdays=true&totals=true",
        f"group_by=weekday&{MARCH}&compare_to=2024-02-01/2024-02-29&sort=-contribution.cost&exclude_weekday=sun",
        "min_cpc=1&group_by=device_type&region=Texas&exclude_gender=male",
    ):
        response = await reports_client.get(f"{REPORTS}?{query}")
        assert response.status_code == 200, response.text
        ReportAnswer.model_validate_json(response.content)
        plan = await reports_client.get(f"{REPORTS}/plan?{query}")
        PlanAnswer.model_validate_json(plan.content)
        assert plan.json()["data"]["source"] == response.json()["meta"]["source"]


@pytest.mark.parametrize(
    ("query", "grouping_set"),
    [
        ("", []),
        ("group_by=month", []),
        ("group_by=date,platform", ["platform"]),
        ("group_by=platform&region=Texas", ["region", "platform"]),
        ("group_by=platform&exclude_device_type=desktop", ["platform", "device_type"]),
        ("group_by=platform,placement&device_type=iphone", ["platform", "placement", "device_type"]),
        ("group_by=platform,placement,device_type,gender", None),
        ("group_by=platform&region=Texas&gender=male&placement=Feed", None),
    ],
)
async def test_the_smallest_set_that_covers_it(
    reports_client: httpx.AsyncClient, query: str, grouping_set: list[str] | None
) -> None:
    plan = (await reports_client.get(f"{REPORTS}/plan?{query}&{MARCH}")).json()["data"]
    assert plan.get("grouping_set") == grouping_set
    assert plan["source"] == ("facts" if grouping_set is None else "rollup")
    assert plan["days"] == 31
    table = "fact_ad_metrics_daily" if grouping_set is None else "rollup_ad_metrics_daily"
    assert table in plan["statements"][0]["sql"]
    assert plan["estimated_rows"] > 0


async def test_a_plan_has_both_periods(reports_client: httpx.AsyncClient) -> None:
    plan = (await reports_client.get(f"{REPORTS}/plan?{MARCH}&compare_to=previous_year")).json()["data"]
    assert [one["values"][1:3] for one in plan["statements"]] == [[20240301, 20240331], [20230301, 20230331]]
    assert plan["days"] == 62


async def test_a_29_february_is_compared_with_nothing(reports_client: httpx.AsyncClient) -> None:
    query = "date_from=2024-02-29&date_to=2024-02-29&compare_to=previous_year&metrics=clicks"
    answer = (await reports_client.get(f"{REPORTS}?{query}")).json()
    nothing = {"date_from": None, "date_to": None}
    unmatched = {"current": 0, "previous": 0}
    assert answer["meta"]["compare"] == {**nothing, "current": nothing, "unmatched_days": unmatched}
    assert set(answer["data"][0]["compare"]["clicks"].values()) == {None}
    assert len((await reports_client.get(f"{REPORTS}/plan?{query}")).json()["data"]["statements"]) == 1


async def test_days_after_all_data(reports_client: httpx.AsyncClient) -> None:
    answer = (await reports_client.get(f"{REPORTS}?date_from=2030-01-01&group_by=date&fill=true")).json()
    assert answer["data"] == []
    assert (answer["meta"]["date_from"], answer["meta"]["date_to"]) == ("2030-01-01", None)


async def test_days_that_are_not_loaded_are_left_out_of_both_sides(reports_client: httpx.AsyncClient) -> None:
    newest = max(fact["date"] for fact in REPORT_FACTS)
    first, last = newest.replace(day=1), newest.replace(day=30)
    query = f"date_from={first}&date_to={last}&compare_to=previous_period&group_by=date&fill=true&metrics=clicks"
    answer = (await reports_client.get(f"{REPORTS}?{query}")).json()
    meta = answer["meta"]
    assert newest < last
    assert (meta["date_from"], meta["date_to"], meta["complete_to"]) == (str(first), str(last), str(newest))
    assert meta["compare"] == {
        "date_from": "2024-03-01",
        "date_to": str(newest.replace(month=3)),
        "current": {"date_from": str(first), "date_to": str(newest)},
        "unmatched_days": {"current": 0, "previous": 0},
    }
    for row in answer["data"]:
        assert (row["compare"]["clicks"]["value"] is None) == (row["date"] > str(newest))


@pytest.mark.parametrize(
    ("preset", "current", "previous"),
    [
        ("this_week", "2024-04-01/2024-04-03", "2024-03-25/2024-03-27"),
        ("last_week", "2024-03-25/2024-03-31", "2024-03-18/2024-03-24"),
        ("this_month", "2024-04-01/2024-04-03", "2024-03-01/2024-03-03"),
        ("last_month", "2024-03-01/2024-03-31", "2024-02-01/2024-02-29"),
        ("this_quarter", "2024-04-01/2024-04-03", "2024-01-01/2024-01-03"),
        ("last_quarter", "2024-01-01/2024-03-31", "2023-10-01/2023-12-31"),
        ("this_year", "2024-01-01/2024-04-03", "2023-01-01/2023-04-03"),
        ("last_7d", "2024-03-29/2024-04-03", "2024-03-22/2024-03-27"),
    ],
)
async def test_a_preset_is_compared_like_for_like_in_every_form(
    reports_client: httpx.AsyncClient, preset: str, current: str, previous: str
) -> None:
    extent = [str(fact["date"]) for fact in REPORT_FACTS]
    with time_machine.travel("2024-04-05T09:00:00Z"):
        query = f"date_preset={preset}&compare_to=previous_period&metrics=clicks"
        answer = (await reports_client.get(f"{REPORTS}?{query}")).json()
        file = (await reports_client.get(f"{REPORTS}?{query}&format=csv")).text
    facts = {
        period: sum(fact["clicks"] for fact in REPORT_FACTS if first <= str(fact["date"]) <= last)
        for period in (current, previous)
        for first, last in [period.split("/")]
    }
    compared = answer["meta"]["compare"]
    assert "/".join(compared["current"].values()) == current
    first, last = previous.split("/")
    if last < min(extent):
        assert compared["date_from"] is None
        return
    assert (compared["date_from"], compared["date_to"]) == (max(first, min(extent)), last)
    assert answer["data"][0]["compare"]["clicks"]["value"] == facts[previous]
    assert answer["data"][0]["clicks"] == facts[current]
    assert file.splitlines()[1].split(",")[:3] == [
        str(facts[current]),
        str(facts[previous]),
        str(facts[current] - facts[previous]),
    ]


@pytest.mark.parametrize("preset", ["this_week", "this_month", "this_quarter", "this_year", "today"])
async def test_on_the_first_day_of_everything_nothing_is_compared(
    reports_client: httpx.AsyncClient, preset: str
) -> None:
    newest = max(fact["date"] for fact in REPORT_FACTS)
    # 1 January 2029 is a Monday.
    with time_machine.travel("2029-01-01T09:00:00Z"):
        query = f"date_preset={preset}&compare_to=previous_period&metrics=cost"
        answer = (await reports_client.get(f"{REPORTS}?{query}")).json()
    assert set(answer["data"][0]["compare"]["cost"].values()) == {None}
    assert answer["meta"]["compare"]["date_from"] is None
    assert answer["meta"]["complete_to"] == str(newest)


async def test_what_does_not_fit_together_is_refused_with_what_would(reports_client: httpx.AsyncClient) -> None:
    for interval, suggestion in {
        "2024-03-31/2024-03-01": "2024-03-01/2024-03-31",
        "2024-03-01T00:00:00Z/2024-03-31T23:59:59Z": "2024-03-01/2024-03-31",
        "2024-03-01/P30D": "2024-03-01/2024-03-30",
        "2024-03-01/P2W": "2024-03-01/2024-03-14",
        "2024-02": "2024-02-01/2024-02-29",
        "2024-02-30/2024-03-03": "2024-02-29/2024-03-03",
        "2024-03-01--2024-03-31": "2024-03-01/2024-03-31",
        "2024-03-01": "2024-03-01/2024-03-01",
        "2024-3-1 to 2024-3-31": "2024-03-01/2024-03-31",
        "2024-03-01..2024-03-31": "2024-03-01/2024-03-31",
        "01.03.2024 - 31.03.2024": "2024-03-01/2024-03-31",
        "2024/03/01-2024/03/31": "2024-03-01/2024-03-31",
        "20240301/20240331": "2024-03-01/2024-03-31",
        "previous_weeks": "previous_week",
    }.items():
        found = (await faults(reports_client, f"{MARCH}&compare_to={interval}"))["compare_to"]
        assert found["suggestions"][0] == suggestion
        assert "2026-09-01/2026-09-30" in found["detail"]
    # A suggestion that means other days would be worse than none.
    for interval in (
        "2024-03-01/",
        "2024-03-01/31",
        "2024-13-01/2024-03-31",
        "03/01/2024",
        "2024-03-01/2024-03-31/2024-04-01",
    ):
        assert "suggestions" not in (await faults(reports_client, f"{MARCH}&compare_to={interval}"))["compare_to"]
    for query, parameter, suggestions in (
        ("match_weekdays=true", "match_weekdays", ["compare_to=previous_period"]),
        ("rolling=7", "rolling", ["group_by=date"]),
        ("rolling=7&group_by=platform,week", "rolling", ["group_by=date,platform"]),
        ("rolling=7&group_by=date&compare_to=previous_year&sort=-contribution.cost", "sort", ["-change.cost"]),
        ("sort=contribution.ctr&compare_to=previous_year", "sort", None),
        ("sort=-contribution.cost", "sort", ["compare_to=previous_period"]),
        ("weekday=monday", "weekday", ["mon"]),
        ("rolling=1&group_by=date", "rolling", ["2"]),
    ):
        found = (await faults(reports_client, f"{MARCH}&{query}"))[parameter]
        assert suggestions is None or found["suggestions"] == suggestions, query
    found = await faults(reports_client, "weekday=mon&exclude_weekday=mon,tue")
    assert found["exclude_weekday"]["code"] == "contradictory_filters"
    found = await faults(reports_client, "exclude_weekday=mon,tue,wed,thu,fri,sat,sun")
    assert found["exclude_weekday"]["code"] == "contradictory_filters"


async def test_a_cursor_is_bound_to_what_is_compared_and_summed(reports_client: httpx.AsyncClient) -> None:
    query = f"{MARCH}&group_by=date&limit=1&compare_to=previous_period"
    cursor = (await reports_client.get(f"{REPORTS}?{query}")).json()["page"]["next_cursor"]
    for other in ("match_weekdays=true", "rolling=7", "weekday=fri", "exclude_weekday=mon"):
        found = await faults(reports_client, f"{query}&{other}&cursor={cursor}")
        assert found["cursor"]["code"] == "foreign_cursor"


async def test_weekdays_and_ages_come_in_their_order(reports_client: httpx.AsyncClient) -> None:
    rows = (await reports_client.get(f"{REPORTS}?group_by=weekday,age_range&metrics=clicks")).json()["data"]
    order = [(WEEKDAYS.index(row["weekday"]), AGES.index(row["age_range"])) for row in rows]
    assert order == sorted(order)
    assert len(order) == 28
    descending = (await reports_client.get(f"{REPORTS}?group_by=age_range&sort=-age_range")).json()["data"]
    assert [row["age_range"] for row in descending] == AGES[::-1]
    labels = (await reports_client.get("/v1/dimensions/age_range")).json()["data"]
    assert [entry["label"] for entry in labels] == AGES


async def test_the_biggest_movers_are_rises_and_falls_by_size(reports_client: httpx.AsyncClient) -> None:
    question = f"{REPORTS}?group_by=region,placement&{MARCH}&metrics=clicks&compare_to=previous_period"
    rows = (await reports_client.get(f"{question}&sort=-absolute_change.clicks")).json()["data"]
    changes = [row["compare"]["clicks"]["change"] for row in rows]
    assert min(changes) < 0 < max(changes)
    assert [abs(change) for change in changes] == sorted(map(abs, changes), reverse=True)
    # Pages follow each other in that order.
    pages, cursor = [], ""
    while cursor is not None:
        page = (await reports_client.get(f"{question}&sort=-absolute_change.clicks&limit=7{cursor}")).json()
        pages += page["data"]
        cursor = page["page"]["next_cursor"] and f"&cursor={page['page']['next_cursor']}"
    assert pages == rows


async def test_every_refusal_says_what_would_work(reports_client: httpx.AsyncClient) -> None:
    found = await faults(
        reports_client,
        "group_by=month,week,regoin&metrics=cost,crt&compare_to=previous_yr&min_ctr=many&max_cpc=-1&limt=3&sort=coast&breakdowns=region",
    )
    assert found["group_by"]["suggestions"] == ["region"]
    assert found["metrics"]["suggestions"][0] == "ctr"
    assert "previous_year" in found["compare_to"]["suggestions"]
    assert found["min_ctr"]["value"] == "many"
    assert found["max_cpc"]["code"] in ("invalid_value", "out_of_range")
    assert found["limt"]["suggestions"] == ["limit"]
    assert "cost" in found["sort"]["suggestions"]
    assert found["breakdowns"]["suggestions"] == ["group_by"]
    found = await faults(reports_client, "group_by=month,week,region")
    assert found["group_by"]["suggestions"] == ["month,region", "week,region"]
    found = await faults(reports_client, "sort=region&group_by=date")
    assert found["sort"]["suggestions"] == ["group_by=date,region"]
    found = await faults(reports_client, "sort=month&group_by=date,region")
    assert found["sort"]["suggestions"] == ["group_by=region,month"]
    found = await faults(reports_client, "compare_to=previous_year&date_to=2024-03-05")
    assert found["compare_to"]["suggestions"] == ["date_from=2024-03-01"]
    found = await faults(reports_client, "sort=-change.cost")
    assert found["sort"]["suggestions"] == ["compare_to=previous_period"]
    found = await faults(reports_client, "fill=true&group_by=region")
    assert found["fill"]["suggestions"] == ["group_by=date,region"]
    for query in ("compare_to=previous_year", "compare_to=previous_period&date_preset=maximum", "compare_to=previous_year&date_to=2024-03-01"):  # fmt: skip
        assert (await faults(reports_client, query))["compare_to"]["code"] == "missing_parameter"
    for comparison in ("previous_year", "previous_period"):
        found = await faults(reports_client, f"compare_to={comparison}&date_from=0001-01-02&date_to=0001-01-31")
        assert found["compare_to"]["code"] == "out_of_range"


async def test_a_cursor_belongs_to_its_question(reports_client: httpx.AsyncClient) -> None:
    first = (await reports_client.get(f"{REPORTS}?group_by=region&limit=1")).json()["page"]["next_cursor"]
    assert (await faults(reports_client, f"group_by=region&sort=-cost&cursor={first}"))["cursor"][
        "code"
    ] == "foreign_cursor"
    assert (await faults(reports_client, f"group_by=region&cursor={first[:-4]}"))["cursor"][
        "code"
    ] == "malformed_cursor"
    # Metrics that are shown do not change which groups come when.
    response = await reports_client.get(f"{REPORTS}?group_by=region&limit=1&metrics=ctr&totals=true&cursor={first}")
    assert response.status_code == 200


async def test_a_forged_position_is_malformed(reports_client: httpx.AsyncClient) -> None:
    question = ReportQuestion(Filters(), ("region",), MEASURES)
    for position in (None, 5, [], [[], [1]], [["x"], ["Texas"]], [[], ["Texas", "x"]], {"a": 1}):
        text = cursors.encode(question.digest, position)
        found = await faults(reports_client, f"group_by=region&limit=1&cursor={text}")
        assert found["cursor"]["code"] == "malformed_cursor", position
        found = await faults(reports_client, f"group_by=region&limit=1&cursor={text}", f"{REPORTS}/plan")
        assert found["cursor"]["code"] == "malformed_cursor", position


async def test_too_many_groups_are_refused_with_smaller_groupings(
    reports_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (fetch, result, limits):
        monkeypatch.setattr(module, "LARGEST_GROUPS", 40)
    found = await faults(reports_client, f"group_by=date,region&{MARCH}")
    assert found["group_by"]["code"] == "too_many_groups"
    assert found["group_by"]["suggestions"] == ["group_by=date", "group_by=week,region"]
    for suggestion in found["group_by"]["suggestions"]:
        assert (await reports_client.get(f"{REPORTS}?{suggestion}&{MARCH}&fill=true")).status_code == 200
    found = await faults(reports_client, "group_by=date&date_from=2023-01-01&date_to=2024-12-31&fill=true")
    assert found["group_by"]["suggestions"] == ["group_by=month"]
    # Few groups, but not when every day of them is filled in.
    small = f"group_by=date,region&{MARCH}&region=Texas&platform=tiktok&gender=male"
    assert (await reports_client.get(f"{REPORTS}?{small}")).status_code == 200
    found = await faults(reports_client, f"{small}&exclude_placement=Feed&fill=true&region=California")
    assert found["group_by"]["code"] == "too_many_groups"


async def test_too_many_rolling_sums_are_refused(
    reports_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (fetch, rolling, result, limits):
        monkeypatch.setattr(module, "LARGEST_GROUPS", 50)
    query = "group_by=date,region&region=Texas&platform=tiktok&gender=male&date_from=2024-01-20"
    assert (await reports_client.get(f"{REPORTS}?{query}")).status_code == 200
    found = await faults(reports_client, f"{query}&rolling=60")
    assert found["group_by"]["code"] == "too_many_groups"
    # Rolling sums are of dates: no coarser grain would do.
    assert "suggestions" not in found["group_by"]


async def test_a_calendar_of_empty_days_is_refused(reports_client: httpx.AsyncClient) -> None:
    query = "group_by=date&fill=true&date_from=0001-01-01&date_to=9999-12-31"
    found = await faults(reports_client, query)
    assert (found["group_by"]["code"], found["group_by"]["suggestions"]) == ("too_many_dates", ["group_by=year"])
    assert (await reports_client.get(f"{REPORTS}?{query}&limit=1".replace("=date&", "=year&"))).status_code == 200
    assert (await reports_client.get(f"{REPORTS}?{query.replace('&fill=true', '')}")).status_code == 200


async def test_an_etag_for_reports(reports_client: httpx.AsyncClient) -> None:
    first = await reports_client.get(f"{REPORTS}?group_by=region")
    headers = {"If-None-Match": first.headers["etag"]}
    assert (await reports_client.get(f"{REPORTS}?group_by=region", headers=headers)).status_code == 304
    assert (await reports_client.get(f"{REPORTS}?group_by=gender", headers=headers)).status_code == 200
