"""The servers under measurement, on loopback, one at a time; and their database."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from project.store.postgres.embedded import EmbeddedPostgres

PORT = 8765
VARY = Path(__file__).with_name("vary.lua")
"""A script of wrk that asks each time about other days."""


@contextmanager
def postgres() -> Iterator[EmbeddedPostgres]:
    """Run the benchmarks' own PostgreSQL, whose data is kept for the next run."""
    server = EmbeddedPostgres(Path(__file__).parent.parent / ".benchmarks" / "postgres")
    server.start()
    try:
        yield server
    finally:
        server.stop()


async def create(server: EmbeddedPostgres, name: str) -> str:
    """Create a database where it does not exist, and return its address."""
    connection = await asyncpg.connect(server.url("postgres"))
    if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
        await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return server.url(name)


def need_wrk() -> None:
    """Exit where there is none."""
    if not shutil.which("wrk"):
        sys.exit("wrk is missing; on Debian: apt-get install wrk")


@contextmanager
def serving(app: str, dsn: str, *arguments: str, cache_mb: int = 32) -> Iterator[str]:
    """Serve an application on a database for as long as the block lasts; yields its address."""
    environment = os.environ | {
        "BENCHMARK_DSN": dsn,
        "DATABASE_URL": dsn,
        "ANSWER_CACHE_MB": str(cache_mb),
        "LOG_LEVEL": "ERROR",
        "HEARTBEAT_LOG": ".benchmarks/heartbeat.log",
        "METRICS_DIR": ".benchmarks/metrics",
    }
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(PORT), "--log-level", "warning", "--no-access-log"]
    command += arguments
    process = subprocess.Popen(command, env=environment)
    try:
        _wait_for(process)
        yield f"http://127.0.0.1:{PORT}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _wait_for(process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", PORT)) == 0:
                return
        time.sleep(0.05)
    sys.exit("the server did not start")
