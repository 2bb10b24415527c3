"""Shutdown: running requests are answered, new ones are refused, and it ends in time."""

import asyncio
import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.operations.test_faults import EXPECTED, ROWS, rows_url
from tests.support.hosting import asking, backends, checked, hosted, locked, soon
from tests.support.processes import alive, beats, eventually

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("workers", [1, 2])
async def test_requests_end_before_the_service_does(own_facts: str, tmp_path: Path, workers: int) -> None:
    with hosted(own_facts, tmp_path, workers=workers) as service:
        pids = [worker.pid for worker in service.workers]
        eventually(lambda: beats(service.log), what="the first heartbeat")
        async with asking(service.site) as client:
            async with locked(own_facts) as connection:
                asked = [asyncio.create_task(client.get(rows_url(number))) for number in range(6)]
                await soon(lambda: minimum(6, backends(connection, "active")), what="the queries")
                service.process.send_signal(signal.SIGTERM)
                await asyncio.sleep(1)
                late = asyncio.create_task(client.get("/health/live"))
                await asyncio.sleep(0.5)
                assert not any(task.done() for task in asked)
                # The parent of several workers holds the port until they have ended, and answers nothing.
                assert late.done() == (workers == 1)
            answers = await asyncio.gather(*asked)
            assert [checked(answer, EXPECTED) for answer in answers] == [200] * 6
            with pytest.raises(httpx.TransportError):
                await late
        started = time.monotonic()
        await asyncio.to_thread(service.process.wait, 20)
        assert time.monotonic() - started < 10
        # systemd and Docker accept both as a clean end.
        assert service.process.returncode in (0, -signal.SIGTERM)
        assert not [pid for pid in pids if alive(pid)]
        assert "heartbeat start" in service.log.read_text()
        assert service.log.read_text().endswith("\n")
        assert service.said.count("Application shutdown complete") == workers
        assert "Traceback" not in service.said


async def test_a_request_that_does_not_end_does_not_prevent_the_shutdown(own_facts: str, tmp_path: Path) -> None:
    settings = {"DATABASE_STATEMENT_TIMEOUT": "60"}
    with hosted(own_facts, tmp_path, "--timeout-graceful-shutdown", "2", **settings) as service:
        async with asking(service.site) as client, locked(own_facts) as connection:
            asked = asyncio.create_task(client.get(ROWS))
            await soon(lambda: minimum(1, backends(connection, "active")), what="the query")
            # A client that does not read its answer.
            _, writer = await asyncio.open_connection("127.0.0.1", int(service.site.rpartition(":")[2]), limit=1)
            writer.write(b"GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n")
            service.process.send_signal(signal.SIGTERM)
            started = time.monotonic()
            await asyncio.to_thread(service.process.wait, 30)
            assert time.monotonic() - started < 12
            answer = await asked
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/shutting-down")
            assert answer.headers["retry-after"] == "2"
            writer.close()
            await soon(lambda: none_left(connection), 10, "the end of the connections")


async def test_a_worker_that_is_killed_is_replaced(own_facts: str, tmp_path: Path) -> None:
    with hosted(own_facts, tmp_path) as service:
        async with asking(service.site) as client:
            for _ in range(2):
                before = {worker.pid for worker in service.workers}
                os.kill(next(iter(before)), signal.SIGKILL)
                await soon(lambda: minimum(2, replaced(service, before)), 20, "another worker")  # noqa: B023
                for _ in range(10):
                    answer = await soon(lambda: client.get(ROWS), 10, "an answer")
                    assert checked(answer, EXPECTED) == 200


async def minimum(count: int, values: object) -> bool:
    return len(await values) >= count


async def replaced(service: object, before: set[int]) -> list[int]:
    pids = [worker.pid for worker in service.workers if worker.is_running()]
    return pids if set(pids) != before else []


async def none_left(connection: object) -> bool:
    return not await backends(connection)
