"""Errors of the database: every request gets the right answer, or a 503 or 504 with `Retry-After`, in time."""

import asyncio
import random
import time
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.support.hosting import Network, asking, backends, checked, hosted, locked, soon
from tests.support.model import FACTS, as_answered, in_order
from tests.support.processes import AD_METRICS, eventually, run

pytestmark = pytest.mark.slow

ROWS = "/v1/ad-metrics?limit=20"
SETTINGS = {"DATABASE_POOL_MAX": "4", "DATABASE_POOL_TIMEOUT": "1", "DATABASE_STATEMENT_TIMEOUT": "2"}
IN_TIME = 2 + 5 + 1
"""Seconds: the timeout of a statement, the delay of a network, and a pause of the machine."""


def first_rows() -> list[dict[str, Any]]:
    rows = [as_answered(fact) for fact in in_order(FACTS, [])[:20]]
    return [{name: float(value) if name == "cost" else value for name, value in row.items()} for row in rows]


EXPECTED = first_rows()


def rows_url(number: int) -> str:
    """Return the URL of a question that has the same answer as ROWS, and is not shared with those of other numbers."""
    return f"{ROWS}&date_to={date(2900, 1, 1) + timedelta(number)}"


async def test_a_query_whose_connection_ends_is_retried(own_facts: str, tmp_path: Path) -> None:
    with hosted(own_facts, tmp_path, workers=1, **SETTINGS) as service:
        async with asking(service.site) as client:
            async with locked(own_facts) as connection:
                asked = asyncio.create_task(client.get(ROWS))
                [reading] = await soon(lambda: backends(connection, "active"), what="the query")
                assert await connection.fetchval("SELECT pg_terminate_backend($1)", reading)
                await soon(lambda: backends(connection, "active"), what="the query on another connection")
            answer = await asked
            assert checked(answer, EXPECTED) == 200
            assert "retrying" in service.said


async def test_most_requests_succeed_while_connections_end_all_the_time(own_facts: str, tmp_path: Path) -> None:
    dice = random.Random(5)
    with hosted(own_facts, tmp_path, **SETTINGS) as service:
        async with asking(service.site) as client:
            connection = await asyncpg.connect(own_facts)
            statuses: list[int] = []
            end = time.monotonic() + 4

            async def ask() -> None:
                while time.monotonic() < end:
                    statuses.append(checked(await client.get(rows_url(len(statuses))), EXPECTED))

            async def kill() -> None:
                while time.monotonic() < end:
                    if pids := await backends(connection):
                        await connection.execute("SELECT pg_terminate_backend($1)", dice.choice(pids))
                    await asyncio.sleep(0.02)

            await asyncio.gather(kill(), *(ask() for _ in range(6)))
            assert len(statuses) > 100
            # Fifty connections a second end; one request rarely loses two.
            assert statuses.count(200) > 0.9 * len(statuses), statuses
            for _ in range(20):
                assert checked(await client.get(ROWS), EXPECTED) == 200
            await connection.close()


async def test_a_stalled_network_is_503_in_time(own_facts: str, tmp_path: Path) -> None:
    with Network(own_facts) as network, hosted(network.url, tmp_path, **SETTINGS) as service:
        async with asking(service.site) as client:
            assert checked(await client.get(ROWS), EXPECTED) == 200
            network.stall()
            started = time.monotonic()

            async def ask(url: str) -> tuple[int, float]:
                status = checked(await client.get(url), EXPECTED)
                return status, time.monotonic() - started

            answers = await asyncio.gather(*(ask(url) for number in range(15) for url in (ROWS, rows_url(number))))
            assert {status for status, _ in answers} <= {503, 504}
            assert max(seconds for _, seconds in answers) < IN_TIME + 1
            assert (await client.get("/health/live")).status_code == 200
            unready = await client.get("/health/ready")
            assert unready.status_code == 503
            assert unready.headers["retry-after"]
            network.resume()
            await soon(lambda: ready(client), 10, "readiness")
            for _ in range(20):
                assert checked(await client.get(ROWS), EXPECTED) == 200
            connection = await asyncpg.connect(own_facts)
            # The connections of the stall are closed; two workers have at most four each.
            assert len(await backends(connection)) <= 8
            await connection.close()
            # Now the network breaks.
            for _ in range(5):
                network.cut()
                assert checked(await client.get(ROWS), EXPECTED) in (200, 503)
            await soon(lambda: ready(client), 10, "readiness")
            assert checked(await client.get(ROWS), EXPECTED) == 200


async def test_a_stalled_network_is_503_in_time_where_keys_are_required(own_facts: str, tmp_path: Path) -> None:
    key = run([*AD_METRICS, "keys", "create", "k"], DATABASE_URL=own_facts).stdout.strip()
    settings = SETTINGS | {"API_AUTH": "required", "API_RATE_LIMIT": "0"}
    with Network(own_facts) as network, hosted(network.url, tmp_path, workers=1, **settings) as service:
        async with asking(service.site) as client:
            client.headers["Authorization"] = f"Bearer {key}"
            assert checked(await client.get(ROWS), EXPECTED) == 200
            network.stall()
            started = time.monotonic()
            answers = await asyncio.gather(
                *(client.get(url) for number in range(15) for url in (ROWS, rows_url(number))), client.get("/metrics")
            )
            assert time.monotonic() - started < 2 * IN_TIME
            assert {checked(answer, EXPECTED) for answer in answers[:-1]} <= {503, 504}
            # Monitors get their answer.
            assert answers[-1].status_code == 200
            assert "ad_metrics_database_up 0.0" in answers[-1].text
            network.resume()
            await soon(lambda: is_right(client), 10, "an answer")


async def test_a_slow_query_is_504(own_facts: str, tmp_path: Path) -> None:
    with hosted(own_facts, tmp_path, workers=1, **SETTINGS) as service:
        async with asking(service.site) as client, locked(own_facts):
            started = time.monotonic()
            answer = await client.get(ROWS)
            assert time.monotonic() - started < IN_TIME
            assert (answer.status_code, answer.json()["type"]) == (504, "/problems/query-too-slow")
            assert answer.headers["retry-after"] == "30"
            # Requests that do not read the facts succeed.
            assert (await client.get("/v1/dimensions/region")).status_code == 200
            assert (await client.get("/health/ready")).status_code == 200


async def test_a_full_pool_refuses_requests_at_once(own_facts: str, tmp_path: Path) -> None:
    settings = SETTINGS | {"DATABASE_QUEUE": "5", "DATABASE_STATEMENT_TIMEOUT": "20", "DATABASE_POOL_TIMEOUT": "20"}
    with hosted(own_facts, tmp_path, workers=1, **settings) as service:
        async with asking(service.site) as client:
            async with locked(own_facts):
                # Three read (the fourth connection is reserved), five wait.
                held = [asyncio.create_task(client.get(rows_url(number))) for number in range(8)]
                await soon(lambda: shows(client, "ad_metrics_pool_waiting 5.0"), what="the queue")
                assert await shows(client, "ad_metrics_pool_in_use 3.0")
                started = time.monotonic()
                refused = await asyncio.gather(*(client.get(rows_url(8 + number)) for number in range(50)))
                assert time.monotonic() - started < 3
                assert {answer.json()["type"] for answer in refused} == {"/problems/server-full"}
                assert {checked(answer, EXPECTED) for answer in refused} == {503}
                # Operators get their answer.
                assert (await client.get("/health/ready")).status_code == 200
            assert [checked(answer, EXPECTED) for answer in await asyncio.gather(*held)] == [200] * 8
            assert await shows(client, 'ad_metrics_refusals_total{problem="server-full"} 50.0')
            eventually(lambda: "The service is full; requests refused within a second: 50." in service.said, 5)


async def test_nothing_is_read_for_clients_that_disconnect_while_they_wait(own_facts: str, tmp_path: Path) -> None:
    settings = SETTINGS | {"DATABASE_STATEMENT_TIMEOUT": "20", "DATABASE_POOL_TIMEOUT": "20", "LOG_LEVEL": "DEBUG"}
    with hosted(own_facts, tmp_path, workers=1, **settings) as service:
        async with asking(service.site) as client:
            async with locked(own_facts):
                held = [asyncio.create_task(client.get(rows_url(number))) for number in range(13)]
                await soon(lambda: shows(client, "ad_metrics_pool_waiting 10.0"), what="the queue")
                # A client is only checked after a quarter of a second.
                await asyncio.sleep(0.5)
                for task in held:
                    task.cancel()
                await asyncio.gather(*held, return_exceptions=True)
            await soon(lambda: shows(client, "ad_metrics_pool_waiting 0.0"), what="the end of the queue")
            await soon(lambda: shows(client, "ad_metrics_pool_in_use 0.0"), what="the end of the queries")
            assert await shows(client, 'ad_metrics_refusals_total{problem="client-disconnected"} 10.0')
            assert checked(await client.get(ROWS), EXPECTED) == 200


async def test_ten_thousand_aborted_requests_leave_nothing_behind(own_facts: str, tmp_path: Path) -> None:
    dice = random.Random(7)
    with hosted(own_facts, tmp_path, **SETTINGS, ANSWER_CACHE_MB="4", LOG_LEVEL="ERROR") as service:
        port = int(service.site.rpartition(":")[2])
        line = "GET /v1/ad-metrics?limit=1000&sort=-cost&count=true&max_clicks={} HTTP/1.1\r\nHost: localhost\r\n\r\n"

        async def aborted(times: int) -> None:
            for _ in range(times):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                request = line.format(10**9 + dice.randrange(10**6)).encode()
                writer.write(request[: dice.choice([20, len(request)])])
                await asyncio.sleep(dice.random() * 0.02)
                writer.transport.abort()

        def memory() -> int:
            return sum(worker.memory_info().rss for worker in service.workers)

        await asyncio.gather(*(aborted(20) for _ in range(50)))
        before = memory()
        await asyncio.gather(*(aborted(180) for _ in range(50)))
        async with asking(service.site) as client:

            async def sixteen_answered() -> bool:
                answers = await asyncio.gather(*(client.get(rows_url(number)) for number in range(16)))
                return [checked(answer, EXPECTED) for answer in answers] == [200] * 16

            # The last aborted requests may still be in a worker's queue.
            await soon(sixteen_answered, 20, "the end of the queues")
            await soon(lambda: shows(client, "ad_metrics_pool_in_use 0.0"), what="the end of the queries")
            connection = await asyncpg.connect(own_facts)
            assert len(await backends(connection)) <= 8
            assert await backends(connection, "active") == []
            assert await backends(connection, "idle in transaction%") == []
            await connection.close()
            assert memory() - before < 40 << 20


async def test_slow_clients_do_not_delay_others(own_facts: str, tmp_path: Path) -> None:
    with hosted(own_facts, tmp_path, workers=1, **SETTINGS) as service:
        port = int(service.site.rpartition(":")[2])
        [worker] = service.workers
        async with asking(service.site) as client:
            assert checked(await client.get(ROWS), EXPECTED) == 200
            files = worker.num_fds()
            writers = []
            for number in range(200):
                _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
                # Half never finish their request, half never read their answer.
                end = b"" if number % 2 else b"Host: localhost\r\n\r\n"
                writer.write(b"GET /v1/ad-metrics?limit=1000 HTTP/1.1\r\n" + end)
                writers.append(writer)
            started = time.monotonic()
            for _ in range(20):
                assert checked(await client.get(ROWS), EXPECTED) in (200, 503)
            await soon(lambda: is_right(client), 5, "an answer")
            assert time.monotonic() - started < 10
            for writer in writers:
                writer.transport.abort()

            async def closed() -> bool:
                return worker.num_fds() <= files + 5

            await soon(closed, 10, "the end of all connections")


async def test_an_endless_header_is_refused(own_facts: str, tmp_path: Path) -> None:
    with hosted(own_facts, tmp_path, workers=1, **SETTINGS) as service:
        port = int(service.site.rpartition(":")[2])
        for beginning in (b"GET /v1/catalog HTTP/1.1\r\nHost: localhost\r\nX: ", b"GET /", b"x" * 7):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(beginning)
            with suppress(ConnectionError):
                for _ in range(100):
                    writer.write(b"a" * 16_000)
                    await writer.drain()
            with suppress(ConnectionError):
                answer = await asyncio.wait_for(reader.read(), 10)
                assert answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400")) or answer == b""
            writer.transport.abort()
        assert "Request Header Fields Too Large (431)" in service.said
        async with asking(service.site) as client:
            assert checked(await client.get(ROWS), EXPECTED) == 200
            large = await client.get(ROWS, headers={"X": "x" * 60_000})
            assert checked(large, EXPECTED) == 200


async def ready(client: Any) -> bool:
    return (await client.get("/health/ready")).status_code == 200


async def is_right(client: Any) -> bool:
    return checked(await client.get(ROWS), EXPECTED) == 200


async def shows(client: Any, line: str) -> bool:
    return line in (await client.get("/metrics")).text
