"""The service as operators host it: uvicorn with workers and a real PostgreSQL, which are killed."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from project.store.postgres.embedded import EmbeddedPostgres
from tests.support.hosting import workers
from tests.support.processes import AD_METRICS, AERICH, UVICORN, alive, beats, eventually, free_port, run, started

pytestmark = pytest.mark.slow


@pytest.fixture
def directory(short_directory: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A directory for an embedded server of this test alone."""
    path = short_directory / f"s{abs(hash(request.node.name)) % 10**6}"
    yield path
    EmbeddedPostgres(path).destroy()


def ready(site: str) -> httpx.Response | None:
    response = httpx.get(f"{site}/health/ready")
    return response if response.status_code == 200 else None


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    return [worker.pid for worker in workers(process)]


def leader_of(log: Path, pids: list[int]) -> int | None:
    """Return the one process that holds the lock of the log."""
    lock = log.with_name(f".{log.name}.lock")
    holders = []
    inode = lock.stat().st_ino
    for line in Path("/proc/locks").read_text().splitlines():
        parts = line.split()
        if parts[1] != "->" and parts[5].split(":")[2] == str(inode):
            holders.append(int(parts[4]))
    assert len(holders) <= 1
    return holders[0] if holders and holders[0] in pids else None


def test_four_workers_have_one_leader_and_another_takes_over(directory: Path, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "heartbeat.log"
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    settings = {"EMBEDDED_POSTGRES_DIR": str(directory), "HEARTBEAT_LOG": str(log)}
    assert run([*AERICH, "upgrade"], **settings).returncode == 0
    assert run([*AD_METRICS, "db", "stop"], **settings).returncode == 0
    with started([*UVICORN, "--workers", "4", "--port", str(port)], tmp_path / "out", **settings) as process:
        eventually(lambda: ready(site), what="readiness")
        pids = eventually(lambda: len(workers_of(process)) == 4 and workers_of(process))
        eventually(lambda: beats(log), what="the first heartbeat")
        assert len(beats(log)) == 1
        leader = eventually(lambda: leader_of(log, pids))
        os.kill(leader, signal.SIGKILL)
        eventually(lambda: len([beat for beat in beats(log) if "heartbeat start" in beat]) == 2, 10, "a takeover")
        successor = eventually(lambda: leader_of(log, workers_of(process)))
        assert successor != leader
        # A worker that starts would start the server, too.
        eventually(lambda: (tmp_path / "out").read_text().count("Application startup complete") == 5, what="its heir")
        # Nobody but the service starts the server again, whatever ends it.
        server = EmbeddedPostgres(directory)
        for number, ending in enumerate((signal.SIGKILL, signal.SIGINT), 1):  # SIGTERM waits for the clients
            pid = server.pid
            os.kill(pid, ending)
            eventually(lambda pid=pid: not alive(pid), what="the end of the server")
            eventually(lambda: ready(site), what="readiness after the end of the server")
            # The service is ready before the worker that started the server has learned that.
            said = f"line {number} about a new start"
            eventually(lambda n=number: (tmp_path / "out").read_text().count("started it again") == n, what=said)
        # What an operator stops stays down.
        assert run([*AD_METRICS, "db", "stop"], **settings).stdout == "stopped\n"
        time.sleep(2.5)
        assert not server.running
        eventually(lambda: httpx.get(f"{site}/v1/ad-metrics").status_code == 503, what="the refusal")
        examined = run([*AD_METRICS, "doctor"], **settings)
        assert examined.returncode == 1
        assert "fail  database    The embedded server is down" in examined.stdout
        assert not server.running
        assert run([*AD_METRICS, "db", "start"], **settings).returncode == 0
        eventually(lambda: ready(site), what="readiness after `db start`")
    assert not [pid for pid in pids if alive(pid)]
    assert EmbeddedPostgres(directory).running, "the database stays up until `db stop`"


def test_the_service_recovers_when_the_database_does(directory: Path, tmp_path: Path) -> None:
    server = EmbeddedPostgres(directory)
    server.start()
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    settings = {"DATABASE_URL": server.url(), "HEARTBEAT_LOG": str(tmp_path / "heartbeat.log")}
    with started([*UVICORN, "--workers", "2", "--port", str(port)], tmp_path / "out", **settings):
        pending = eventually(lambda: httpx.get(f"{site}/health/ready"))
        assert pending.status_code == 503
        assert "ad-metrics db upgrade`." in pending.json()["detail"]
        unready = httpx.get(f"{site}/v1/ad-metrics")
        assert unready.status_code == 503
        assert unready.json()["type"] == "/problems/database-not-migrated"
        assert run([*AERICH, "upgrade"], **settings).returncode == 0
        eventually(lambda: ready(site), 10, "readiness")
        for stop in (server.stop, lambda: os.kill(server.pid, signal.SIGKILL)):
            assert httpx.get(f"{site}/v1/ad-metrics").status_code == 200
            stop()
            for path in ("/v1/ad-metrics", "/v1/ad-metrics/1", "/v1/dimensions/region", "/v1/catalog", "/health/ready"):
                away = httpx.get(f"{site}{path}", timeout=15)
                assert away.status_code == 503, path
                assert away.headers["content-type"] == "application/problem+json"
                assert int(away.headers["retry-after"]) > 0
                assert "/" + str(directory) not in away.text
            assert httpx.get(f"{site}/health/live").status_code == 200
            time.sleep(0.5)
            server.start()
            eventually(lambda: ready(site), 10, "readiness")
            for _ in range(20):
                assert httpx.get(f"{site}/v1/ad-metrics").status_code == 200
        head = httpx.head(f"{site}/health/live")
        assert (head.status_code, head.content) == (200, b"")
        # A server that runs and does not answer.
        main = psutil.Process(server.pid)
        frozen = [main, *main.children(recursive=True)]
        try:
            for process in frozen:
                process.suspend()
            started_at = time.monotonic()
            assert httpx.get(f"{site}/health/ready", timeout=15).status_code == 503
            assert time.monotonic() - started_at < 10
        finally:
            for process in frozen:
                process.resume()
        eventually(lambda: ready(site), 10, "readiness")


def test_the_demo_serves_sample_data(directory: Path, tmp_path: Path) -> None:
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    log = tmp_path / "heartbeat.log"
    settings = {"EMBEDDED_POSTGRES_DIR": str(directory), "HEARTBEAT_LOG": str(log)}
    command = [*AD_METRICS, "demo", "--port", str(port), "--no-browser"]
    with started(command, tmp_path / "out", **settings) as process:
        eventually(lambda: ready(site), 90, "the demo")
        said = (tmp_path / "out").read_text()
        assert f"page         {site}/" in said
        assert f"API          {site}/docs" in said
        example = said.split("curl '")[1].split("'")[0]
        answer = httpx.get(example).json()
        assert len(answer["data"]) == 3
        assert answer["meta"]["sample_data"] is True
        assert httpx.get(f"{site}/v1/ad-metrics?count=true&limit=1").json()["page"]["count"] >= 100_000
        assert httpx.get(f"{site}/docs").status_code == 200
        assert eventually(lambda: beats(log))
        second = run(command, **settings)
        assert second.returncode == 2
        assert f"Cannot listen on 127.0.0.1:{port}" in second.stderr
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
        assert process.wait(20) == 0
    assert "Traceback" not in (tmp_path / "out").read_text()
    assert EmbeddedPostgres(directory).running
    started_at = time.monotonic()
    with started(command, tmp_path / "second", **settings):
        eventually(lambda: ready(site), 20, "the second run")
        assert time.monotonic() - started_at < 15
        assert "loaded before" in (tmp_path / "second").read_text()
        assert httpx.get(f"{site}/v1/catalog").json()["meta"]["data_version"] == 1
