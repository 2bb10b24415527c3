"""Loads that are interrupted say what they left, and that is true."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from project.store.postgres.connections import INSTALLATION
from tests.conftest import ROOT
from tests.support.processes import AD_METRICS, environment
from tests.support.records import csv_text, record, state, write

pytestmark = pytest.mark.slow
SIGNALS = (signal.SIGINT, signal.SIGTERM)
NOTHING = "Interrupted; nothing was loaded.\n"


@contextmanager
def load(database: str, *arguments: str, stdin: int = subprocess.DEVNULL) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*AD_METRICS, "load", *arguments], cwd=ROOT, env=environment(DATABASE_URL=database), text=True,
        stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def interrupted(process: subprocess.Popen[str], number: signal.Signals) -> tuple[str, str]:
    """Interrupt a process, and return what it printed."""
    process.send_signal(number)
    output, errors = await asyncio.to_thread(process.communicate, timeout=30)
    assert process.returncode == 130
    return output, errors


async def until(connection: asyncpg.Connection, sql: str) -> None:
    async with asyncio.timeout(30):
        while not await connection.fetchval(f"SELECT count(*) FROM pg_stat_activity WHERE {sql}"):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("number", SIGNALS)
async def test_while_it_reads_a_pipe_that_stays_open(
    database: str, connection: asyncpg.Connection, number: signal.Signals
) -> None:
    before = await state(connection)
    reader, writer = os.pipe()
    try:
        os.write(writer, csv_text([record()]).encode())
        with load(database, "-", stdin=reader) as process:
            await until(connection, "application_name = 'ad-metrics load'")
            output, errors = await interrupted(process, number)
    finally:
        os.close(reader)
        os.close(writer)
    assert output == ""
    assert errors.endswith(NOTHING)
    assert await state(connection) == before


async def test_while_it_waits_for_another_load(database: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    before = await state(connection)
    file = write(tmp_path / "a.csv", [record()])
    await connection.execute(f"SELECT pg_advisory_lock(x'0AD10AD'::int, {INSTALLATION})")
    with load(database, str(file)) as process:
        await until(connection, "wait_event_type = 'Lock' AND wait_event = 'advisory'")
        output, errors = await interrupted(process, signal.SIGTERM)
    assert output == ""
    assert errors.endswith(NOTHING)
    assert await state(connection) == before


async def test_while_the_database_commits(database: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    await connection.execute("""\
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(2); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON ingest_log DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION slow()""")
    file = write(tmp_path / "a.csv", [record()])
    with load(database, str(file)) as process:
        await until(connection, "query = 'COMMIT;' AND state = 'active'")
        _, errors = await interrupted(process, signal.SIGINT)
    assert errors.endswith("Interrupted; the load was complete: 1 facts, data version 1.\n")
    assert await connection.fetchval("SELECT count(*) FROM fact_ad_metrics_daily") == 1


def test_while_the_command_is_imported() -> None:
    code = "import project.cli as c, signal; c.import_module = lambda _: signal.raise_signal(signal.{}); c.main()"
    for number in SIGNALS:
        done = subprocess.run(
            [AD_METRICS[0], "-c", code.format(number.name), "load", "a.csv"], cwd=ROOT, env=environment(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (130, NOTHING)
