"""Answers in memory: made once for each question and state of the data, never for a stranger, never a file."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from project.store import api_keys, key_ring
from project.web.server.answer_cache import OVERHEAD, Answer, AnswerCache
from tests.conftest import Client, with_facts
from tests.support.records import loaded, record, write
from tests.web.test_loads_between_statements import after_each_statement

URLS = (
    "/v1/ad-metrics",
    "/v1/ad-metrics/1",
    "/v1/reports?group_by=platform&date_from=2024-03-01&date_to=2024-03-31&compare_to=previous_period",
    "/v1/reports?group_by=platform&format=svg",
    "/v1/reports/plan?group_by=platform",
    "/v1/dimensions",
    "/v1/dimensions/region?counts=true",
    "/v1/catalog",
    "/v1/changes/maturity",
    "/",
)
LOOK = ["SELECT version, changed_at, sample FROM data_version"]


@pytest.fixture
async def reader(serving: Client, reports_database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(reports_database, answer_cache_mb=1) as client:
        client.app.state.ad_metrics.last_beat = lambda: None
        yield client


async def nothing() -> None:
    pass


async def counted(client: httpx.AsyncClient) -> dict[str, float]:
    text = (await client.get("/metrics")).text
    return {name: float(value) for name, value in re.findall(r"^ad_metrics_answer_cache_(\w+) (\S+)$", text, re.M)}


async def test_asked_again_an_answer_costs_one_look_at_the_data_version(reader: httpx.AsyncClient) -> None:
    await reader.get("/health/ready")  # It waits for the heartbeat.
    before = await counted(reader)
    for number, url in enumerate(URLS, start=1):
        first = await reader.get(url)
        assert first.status_code == 200, first.text
        with after_each_statement("ad-metrics", nothing) as statements:
            second = await reader.get(url)
        assert statements == LOOK, url
        counts = await counted(reader)
        assert {name: counts[name] - before[name] for name in ("hits_total", "misses_total")} == {
            "hits_total": number,
            "misses_total": number,
        }
        assert second.content == first.content
        for answer in (first, second):
            del answer.headers["x-request-id"]
        assert second.headers == first.headers
        with after_each_statement("ad-metrics", nothing) as statements:
            unchanged = await reader.get(url, headers={"If-None-Match": second.headers["etag"]})
        assert (unchanged.status_code, statements) == (304, LOOK)


async def test_many_who_ask_at_once_cost_one(database: str, tmp_path: Path, serving: Client) -> None:
    url = "/?date_preset=maximum"
    async with serving(database) as client:
        before = await counted(client)
        for state in range(2):
            await loaded(database, write(tmp_path / "a.csv", [record(impressions=1000 + state)]))
            with after_each_statement("ad-metrics", nothing) as statements:
                answers = await asyncio.gather(*(client.get(url) for _ in range(20)))
            assert {answer.status_code for answer in answers} == {200}
            assert len({answer.content for answer in answers}) == 1
            assert statements.count("COMMIT") == 1, statements
        assert (await counted(client))["misses_total"] - before["misses_total"] == 2


async def test_of_whose_request_is_cancelled_the_others_get_theirs(
    reader: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "/v1/reports?group_by=region,platform&metrics=likes"
    asked = [asyncio.create_task(reader.get(url)) for _ in range(3)]
    while not reader.app.state.ad_metrics.answers._being_made:
        await asyncio.sleep(0)
    asked[0].cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [getattr(answer, "status_code", None) for answer in answers[1:]] == [200, 200]
    assert not reader.app.state.ad_metrics.answers._being_made


async def test_a_file_is_never_kept(reader: httpx.AsyncClient) -> None:
    before = await counted(reader)
    for url in ("/v1/ad-metrics?format=csv", "/v1/reports?group_by=platform&format=parquet"):
        for _ in range(2):
            assert (await reader.get(url)).status_code == 200
    after = await counted(reader)
    assert after == before


async def test_a_setting_of_0_keeps_nothing(reports_database: str, serving: Client) -> None:
    async with serving(reports_database, answer_cache_mb=0) as client:
        await client.get("/health/ready")
        await client.get("/v1/reports?group_by=platform")
        with after_each_statement("ad-metrics", nothing) as statements:
            assert (await client.get("/v1/reports?group_by=platform")).status_code == 200
        assert statements != LOOK
        assert client.app.state.ad_metrics.answers.bytes == 0


async def test_who_may_not_ask_gets_no_answer_from_memory(database: str, serving: Client) -> None:
    connection = await asyncpg.connect(await with_facts(database))
    keys = {name: await api_keys.create(connection, name, "read") for name in ("one", "other")}
    async with serving(database, api_auth="required", api_rate_limit=3) as client:
        url = "/v1/reports?group_by=platform"

        async def ask(key: str) -> int:
            return (await client.get(url, headers={"Authorization": f"Bearer {key}"})).status_code

        assert [await ask(keys["one"]) for _ in range(2)] == [200, 200]
        assert (await client.get(url)).status_code == 401
        assert await ask(keys["one"][:-1] + "x") == 401
        assert [await ask(keys["other"]) for _ in range(4)] == [200, 200, 200, 429]
        await api_keys.revoke(connection, "one")
        await asyncio.sleep(key_ring._CACHE_SECONDS)
        assert await ask(keys["one"]) == 401
    await connection.close()


async def test_the_last_used_answers_are_kept_up_to_a_size() -> None:
    cache = AnswerCache(10 * OVERHEAD)

    async def make(body: bytes) -> Answer:
        return Answer(None, body)

    for number in range(30):
        await cache.make(str(number), lambda: make(b"x" * OVERHEAD))
        assert await cache.get("0")
        assert cache.bytes <= 10 * OVERHEAD
    assert [number for number in range(30) if await cache.get(str(number))] == [0, 26, 27, 28, 29]
    # One that is larger than all pushes nothing out.
    assert await cache.make("large", lambda: make(b"x" * 10 * OVERHEAD))
    assert await cache.get("large") is None
    assert await cache.get("0")
