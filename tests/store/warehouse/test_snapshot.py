"""A snapshot reads one state of the data, and always returns its connection."""

import asyncio
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from project.errors import DatabaseUnavailable, QueryTooSlow, ServerFull
from project.store.warehouse.snapshot import snapshot
from tests.conftest import Client
from tests.support.records import loaded, record, write

ROWS = "/v1/ad-metrics"


async def backends(url: str) -> list[Any]:
    connection = await asyncpg.connect(url, server_settings={"application_name": "test"})
    rows = await connection.fetch(
        "SELECT pid, state FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ad-metrics'"
    )
    await connection.close()
    return rows


async def test_a_snapshot_does_not_see_a_later_load(database: str, tmp_path: Path, serving: Client) -> None:
    async with serving(database):
        await loaded(database, write(tmp_path / "a.csv", [record()]))
        async with snapshot() as current:
            await loaded(database, write(tmp_path / "b.csv", [record(date="2024-03-02", region="Zug")]))
            assert await current.connection.fetchval("SELECT count(*) FROM fact_ad_metrics_daily") == 1
            assert (current.version.number, current.labels.last_date) == (1, date(2024, 3, 1))
            assert "Zug" not in current.labels["region"].labels.values()
            async with snapshot() as newer:
                assert (newer.version.number, newer.labels.last_date) == (2, date(2024, 3, 2))
                assert "Zug" in newer.labels["region"].labels.values()


async def test_the_services_connections_cannot_write(database: str, serving: Client) -> None:
    async with serving(database):
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with snapshot() as current:
                await current.connection.execute("DELETE FROM data_version")


async def test_a_full_pool_is_503_after_the_timeout(database: str, serving: Client) -> None:
    async with serving(database, database_pool_max=2, database_pool_timeout=0.3) as client, snapshot():
        # The first answer of all has the document made that it is held to.
        await client.get("/health/live")
        request, four_seconds = asyncio.create_task(client.get(ROWS)), asyncio.create_task(asyncio.sleep(4))
        await asyncio.wait({request, four_seconds}, return_when=asyncio.FIRST_COMPLETED)
        # By default it is 5 s.
        assert not four_seconds.done()
        four_seconds.cancel()
        response = await request
        assert response.status_code == 503
        assert response.headers["retry-after"] == "2"
        assert response.json()["detail"] == "No database connection came free in time."
        # One connection is reserved.
        assert (await client.get("/health/ready")).status_code == 200
        async with snapshot(reserved=True):
            assert (await client.get("/health/ready")).status_code == 503


async def test_a_full_queue_is_503_at_once(database: str, serving: Client) -> None:
    async with serving(database, database_pool_max=2, database_queue=1, database_pool_timeout=60) as client:
        async with snapshot():
            waiting = asyncio.create_task(client.get(ROWS))
            await asyncio.sleep(0.1)
            refused = await client.get(ROWS)
            assert not waiting.done()
            assert (refused.status_code, refused.json()["type"]) == (503, "/problems/server-full")
            assert refused.headers["retry-after"] == "1"
            assert (await client.get("/health/live")).status_code == 200
            with pytest.raises(ServerFull):
                async with snapshot():
                    pass
        assert (await waiting).status_code == 200
        assert (await client.get(ROWS)).status_code == 200


async def test_a_slow_query_raises_after_the_timeout(database: str, serving: Client) -> None:
    async with serving(database, database_statement_timeout=0.2) as client:
        with pytest.raises(QueryTooSlow):
            async with snapshot() as current:
                await current.connection.execute("SELECT pg_sleep(5)")
        assert (await client.get(ROWS)).status_code == 200


async def test_a_connection_that_ended_while_idle_is_replaced(database: str, serving: Client) -> None:
    async with serving(database) as client:
        connection = await asyncpg.connect(database)
        for _ in range(5):
            assert (await client.get(ROWS)).status_code == 200
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ad-metrics'"
                " AND datname = current_database()"
            )
        assert (await client.get(ROWS)).status_code == 200
        await connection.close()


async def test_a_connection_that_ends_in_use_raises(database: str, serving: Client) -> None:
    async with serving(database) as client:
        with pytest.raises(DatabaseUnavailable):
            async with snapshot() as current:
                await current.connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        assert (await client.get(ROWS)).status_code == 200


async def test_cancelled_requests_return_their_connections(facts_database: str, serving: Client) -> None:
    async with serving(facts_database, database_pool_max=4) as client:

        async def cancelled(number: int, url: str) -> None:
            task = asyncio.create_task(client.get(url))
            await asyncio.sleep(0.0005 * number)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        for turn in range(40):
            urls = [f"{ROWS}?limit={1000 - turn - 50 * number}&sort=-cost" for number in range(8)]
            urls[::2] = [f"{url}&count=true" for url in urls[::2]]
            runs = (cancelled(turn + number, url) for number, url in enumerate(urls))
            await asyncio.gather(*runs, return_exceptions=True)
        answers = await asyncio.gather(*(client.get(ROWS) for _ in range(8)))
        assert [answer.status_code for answer in answers] == [200] * 8
        rows = await backends(facts_database)
        assert len(rows) <= 4
        assert {row["state"] for row in rows} == {"idle"}


@pytest.mark.slow
async def test_a_dropped_database_or_one_of_another_release_is_503(database: str, server: Any, serving: Client) -> None:
    async with serving(database) as client:
        assert (await client.get(ROWS)).status_code == 200
        owner = await asyncpg.connect(database)
        await owner.execute("ALTER TABLE data_version RENAME sample TO other")
        other = await client.get(ROWS)
        assert (other.status_code, other.json()["type"]) == (503, "/problems/database-not-migrated")
        await owner.close()
        owner = await asyncpg.connect(server.url("postgres"))
        name = database.split("@/")[1].split("?", maxsplit=1)[0]
        await owner.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await owner.close()
        assert (await client.get(ROWS)).status_code == 503


async def test_concurrent_requests_get_their_own_answers(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.get(ROWS, params={"limit": 1 + number}) for number in range(50)))
    assert [len(answer.json()["data"]) for answer in answers] == [1 + number for number in range(50)]
