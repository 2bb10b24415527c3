"""`as_of`: a report as it was known, against the plain-Python model, and against a database that never knew more."""

from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from httpx import AsyncClient
from hypothesis import given, settings
from hypothesis import strategies as st

from project.web.api.reports.schemas import ReportAnswer
from tests.conftest import Client
from tests.store.warehouse.test_ledger import LOADS, SUMS, Model, version
from tests.support.records import Record, loaded, record, write

QUESTIONS = st.fixed_dictionaries(
    {
        "group_by": st.sampled_from(["", "date", "date,platform", "week,platform", "platform", "weekday", "month"]),
        "metrics": st.sampled_from(["cost,ctr", "clicks,likes,conversion_rate"]),
    },
    optional={
        "date_from": st.sampled_from(["2024-02-29", "2024-03-01"]),
        "date_to": st.sampled_from(["2024-03-01", "2024-05-31"]),
        "compare_to": st.sampled_from(["previous_week", "previous_period"]),
        "totals": st.just("true"),
        "weekday": st.just("wed,thu"),
        "min_clicks": st.just(2),
        "sort": st.just("-cost"),
    },
)


@pytest.mark.slow
@settings(max_examples=12)
@given(loads=LOADS, questions=st.lists(QUESTIONS, min_size=3, max_size=6), data=st.data())
async def test_a_report_is_what_it_was(
    serving: Client,
    new_database: Callable[[], Awaitable[str]],
    tmp_path_factory: pytest.TempPathFactory,
    loads: list[tuple[list[Record], bool]],
    questions: list[dict[str, Any]],
    data: st.DataObject,
) -> None:
    """Two databases have the first loads; one goes on, and is asked about the moment when they were equal."""
    file = tmp_path_factory.mktemp("as_of") / "a.csv"
    earlier = loads[: data.draw(st.integers(1, len(loads)))]
    url, url_of_earlier = await new_database(), await new_database()
    model, known, moment = Model(), None, 0
    connection = await asyncpg.connect(url)
    try:
        for number, (rows, replace) in enumerate(loads, 1):
            await loaded(url, write(file, rows), replace=replace)
            model.load(rows, replace)
            if number <= len(earlier):
                await loaded(url_of_earlier, file, replace=replace)
            if number == len(earlier):
                known, moment = model.known(), await version(connection)
    finally:
        await connection.close()
    for question in questions:
        if "date_from" not in question:
            question.pop("compare_to", None)
    async with serving(url_of_earlier) as client:
        then = [await client.get("/v1/reports", params=question) for question in questions]
    async with serving(url) as client:
        now = [await client.get("/v1/reports", params=question | {"as_of": moment}) for question in questions]
        answer = (await client.get(f"/v1/reports?group_by=date,platform&limit=1000&as_of={moment}")).json()
    assert {
        (row["date"], row["platform"]): tuple(Decimal(str(row[name])) for name in SUMS[1:]) for row in answer["data"]
    } == {(day.isoformat(), platform): sums[1:] for (day, platform), sums in (known or {}).items()}
    for one, other in zip(now, then, strict=True):
        assert one.status_code == other.status_code, one.text
        if one.status_code == 200:
            one_answer, other_answer = one.json(), other.json()
            ReportAnswer.model_validate_json(orjson.dumps(one_answer))
            assert one_answer["data"] == other_answer["data"]
            assert one_answer.get("totals") == other_answer.get("totals")
            assert one_answer["meta"].pop("as_of") == moment
            for meta in (one_answer["meta"], other_answer["meta"]):
                del meta["data_version"]
            assert one_answer["meta"] == other_answer["meta"]


async def with_restatement(url: str, directory: Path) -> str:
    """Load the first of March, then restate it and load another day and platform."""
    await loaded(url, write(directory / "a.csv", [record()]))
    later = [record(clicks=40), record(date="2024-03-02"), record(platform="tiktok")]
    await loaded(url, write(directory / "b.csv", later))
    return url


@pytest.fixture
async def restated(database: str, tmp_path: Path) -> str:
    """The URL of a database that the test may change."""
    return await with_restatement(database, tmp_path)


@pytest.fixture(scope="module")
async def shared_database(new_database: Callable[[], Awaitable[str]], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database that nobody changes."""
    return await with_restatement(await new_database(), tmp_path_factory.mktemp("restated"))


@pytest.fixture
async def asked(shared_database: str, serving: Client) -> AsyncIterator[AsyncClient]:
    """A client of a service over a restatement, for tests that only read."""
    async with serving(shared_database) as client:
        yield client


async def test_files_charts_plans_and_pages_are_as_of_too(asked: AsyncClient) -> None:
    answer = await asked.get("/v1/reports?group_by=date,platform&metrics=clicks&as_of=1&format=csv")
    assert answer.text == "date,platform,clicks\r\n2024-03-01,instagram,31\r\n"
    assert "as known at data version 1" in (await asked.get("/v1/reports?group_by=date&as_of=1&format=svg")).text
    plan = (await asked.get("/v1/reports/plan?group_by=date&as_of=1")).json()["data"]
    assert ["fact_ledger" in statement["sql"] for statement in plan["statements"]] == [False, True]
    page = (await asked.get("/v1/reports?group_by=date,platform&metrics=clicks&as_of=2&limit=1")).json()
    cursor = page["page"]["next_cursor"]
    following = await asked.get(f"/v1/reports?group_by=date,platform&metrics=clicks&as_of=2&cursor={cursor}")
    assert len(following.json()["data"]) == 2
    foreign = await asked.get(f"/v1/reports?group_by=date,platform&metrics=clicks&as_of=1&cursor={cursor}")
    assert foreign.json()["errors"][0]["code"] == "foreign_cursor"


async def test_as_of_may_be_a_time(restated: str, connection: asyncpg.Connection, serving: Client) -> None:
    await connection.execute("UPDATE data_change SET changed_at = '2024-03-04T06:00:00Z' WHERE data_version = 1")
    async with serving(restated) as client:
        for moment, clicks in {
            "2024-03-05T00:00:00Z": [31],
            "2024-03-04T08:00:00+02:00": [31],
            "2024-03-01T00:00:00Z": [],
        }.items():
            answer = (await client.get("/v1/reports", params={"group_by": "date", "as_of": moment})).json()
            assert [row["clicks"] for row in answer["data"]] == clicks


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("as_of=1&region=California", "not by region: as_of and region exclude each other."),
        ("as_of=1&group_by=device_type", "not by device type: as_of and group_by=device_type exclude each other."),
        ("as_of=1&exclude_gender=female", "not by gender: as_of and exclude_gender exclude each other."),
        ("as_of=7", "There is no data version 7 yet; the newest is 2."),
        ("as_of=2024-03-01", "neither a data version such as 12 nor a time"),
        ("as_of=2999-01-01T00:00:00Z", "2999-01-01T00:00:00Z has not come yet."),
    ],
)
async def test_what_the_ledger_does_not_know_is_refused(asked: AsyncClient, query: str, detail: str) -> None:
    answer = await asked.get(f"/v1/reports?{query}")
    assert answer.status_code == 422
    assert detail in answer.json()["errors"][0]["detail"]
