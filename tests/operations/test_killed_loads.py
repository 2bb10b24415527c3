"""Loads that are killed, with kill -9, of the process or of PostgreSQL, leave nothing; the next run completes them."""

import os
import signal
import subprocess
import time
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from project.ingest.sample import sample_records
from project.settings import Settings
from project.store.postgres import migrations
from project.store.postgres.embedded import EmbeddedPostgres
from tests.conftest import ROOT, apart
from tests.support.processes import AD_METRICS, environment, run
from tests.support.records import record, write

pytestmark = pytest.mark.slow
DAYS, RECORDS_A_DAY = 31, 1500
MOMENTS = (0.05, 0.5, 1.0, 1.6)
"""Seconds after the first message: while it reads, sums, fills, references, sums up."""

TABLES = (
    "fact_ad_metrics_daily", "rollup_ad_metrics_daily", "fact_ledger", "data_change", "dim_region", "dim_date", "ingest_log"
)  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month's export."""
    records = sample_records(date(2024, 3, 31), DAYS, RECORDS_A_DAY)
    rows = [record(date=one.day, **one.labels, **one.measures) for one in records]
    return write(tmp_path_factory.mktemp("killed") / "a.csv", rows)


async def state(url: str) -> Any:
    """Return what there is at one moment: what a load that was killed had sent last may be its commit."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            counts = [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES]
            return counts, tuple(await connection.fetchrow("SELECT version, changed_at FROM data_version"))
    finally:
        await connection.close()


def start_load(file: Path, url: str) -> subprocess.Popen[bytes]:
    """Start a load, and return when it reads."""
    process = subprocess.Popen(
        [*AD_METRICS, "load", str(file)],
        cwd=ROOT,
        env=environment(DATABASE_URL=url),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr
    assert b"read as canonical" in process.stderr.readline()
    return process


async def completed(file: Path, url: str) -> None:
    done = run([*AD_METRICS, "load", str(file)], DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    counts, _ = await state(url)
    assert counts[0] == DAYS * RECORDS_A_DAY
    assert run([*AD_METRICS, "check"], DATABASE_URL=url).returncode == 0


async def test_a_process_that_is_killed(database: str, file: Path) -> None:
    before = await state(database)
    for moment in MOMENTS:
        process = start_load(file, database)
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.stderr
        process.stderr.close()
        after = await state(database)
        if after != before:
            # It was done before it was killed.
            assert after[0][0] == DAYS * RECORDS_A_DAY
            break
    await completed(file, database)


async def test_a_server_that_is_killed(short_directory: Path, file: Path) -> None:
    server = EmbeddedPostgres(short_directory / "killed")
    server.start()
    try:
        await apart(migrations.upgrade(Settings(database_url=server.url())))
        before = await state(server.url())
        for moment in MOMENTS[1::2]:
            process = start_load(file, server.url())
            time.sleep(moment)
            pid = server.pid
            assert pid
            os.kill(pid, signal.SIGKILL)
            _, errors = process.communicate(timeout=30)
            assert process.returncode in (0, 3), errors
            assert b"Traceback" not in errors
            server.start()
            if (await state(server.url())) != before:
                break
        await completed(file, server.url())
    finally:
        server.destroy()
