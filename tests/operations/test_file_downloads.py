"""Files over a real connection: an incomplete one is an error, and one that nobody reads ends."""

import asyncio
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.operations.test_faults import shows
from tests.support.hosting import asking, backends, hosted, soon

pytestmark = pytest.mark.slow

FILE = "/v1/ad-metrics?format=ndjson"
FACTS = 100_000


@pytest.fixture
async def many_facts(own_facts: str) -> str:
    """The URL of a database with 100,000 facts."""
    connection = await asyncpg.connect(own_facts)
    await connection.execute("DELETE FROM fact_ad_metrics_daily")
    await connection.execute("INSERT INTO dim_region SELECT n, 'Region ' || n FROM generate_series(1001, 3000) AS n")
    await connection.execute(
        "INSERT INTO fact_ad_metrics_daily (date_id, region_id, age_id, gender_id, platform_id, placement_id,"
        " device_type_id, impressions, clicks, cost, conversions, likes)"
        " SELECT date_id, region_id, 1, 1, 1, 1, 1, region_id, 1, 1.5, 0, 0"
        " FROM (SELECT date_id FROM dim_date ORDER BY 1 LIMIT 50) AS days, dim_region WHERE region_id > 1000"
    )
    await connection.execute("UPDATE data_version SET version = 13")
    await connection.close()
    return own_facts


async def test_an_incomplete_file_is_an_error_of_the_transfer(many_facts: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(many_facts)
    with hosted(many_facts, tmp_path, workers=1) as service:
        async with asking(service.site) as client:
            complete = await client.get(FILE)
            assert complete.content.count(b"\n") == int(complete.headers["x-row-count"]) == FACTS
            with pytest.raises(httpx.RemoteProtocolError):
                await read_until_cut(client, connection)
            # A client that disconnects leaves no query behind.
            async with client.stream("GET", FILE) as answer:
                await anext(answer.aiter_raw())
            await soon(lambda: none_active(connection), 10, "the end of the query")
            repeated = await client.get(FILE)
            assert repeated.content == complete.content
            assert await shows(client, "ad_metrics_pool_in_use 0.0")
    await connection.close()


async def test_files_do_not_delay_other_requests(many_facts: str, tmp_path: Path) -> None:
    with hosted(many_facts, tmp_path, workers=1, DATABASE_POOL_MAX="2", DATABASE_EXPORTS="3") as service:
        async with asking(service.site) as client:
            files = [asyncio.create_task(client.get(FILE)) for _ in range(6)]
            await asyncio.sleep(0.2)
            for _ in range(20):
                assert (await client.get("/v1/ad-metrics?limit=1")).status_code == 200
            for file in await asyncio.gather(*files):
                assert file.status_code == 200
                assert file.content.count(b"\n") == FACTS
            # Beyond the limits, files are refused at once.
            answers = await asyncio.gather(*(client.get(FILE) for _ in range(12)))
            assert {answer.status_code for answer in answers} == {200, 503}


async def read_until_cut(client: httpx.AsyncClient, connection: asyncpg.Connection) -> None:
    async with client.stream("GET", FILE) as answer:
        assert answer.status_code == 200
        [pid] = await soon(lambda: backends(connection, "active"), what="the file")
        await connection.execute("SELECT pg_terminate_backend($1)", pid)
        async for _ in answer.aiter_raw():
            pass


async def none_active(connection: asyncpg.Connection) -> bool:
    return not await backends(connection, "active")
