"""Across hosts, a leader that loses its connection steps down, and another host leads within seconds."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from project.jobs.leader_election import leadership
from project.settings import Settings
from project.store.postgres import migrations
from project.store.postgres.connections import lock_writes, write_connection
from tests.conftest import apart
from tests.support.hosting import Network, hosted, soon
from tests.support.processes import beats, eventually
from tests.support.records import loaded, record, write

pytestmark = pytest.mark.slow


async def leaders(connection: asyncpg.Connection) -> list[int]:
    rows = await connection.fetch(
        "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE locktype = 'advisory' AND granted AND classid = $1 AND datname = current_database()",
        0x0AD1EAD,
    )
    return [row[0] for row in rows]


async def test_the_other_host_leads_when_the_network_of_the_first_stalls(database: str, tmp_path: Path) -> None:
    settings = {"SCHEDULER_LOCK": "postgres"}
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    connection = await asyncpg.connect(database)
    with Network(database) as network, hosted(network.url, tmp_path / "a", **settings) as first:
        eventually(lambda: beats(first.log), what="the first heartbeat")
        with hosted(database, tmp_path / "b", **settings) as second:
            await asyncio.sleep(2)
            assert beats(second.log) == []
            [leader] = await leaders(connection)
            # The first host loses the database; its leader steps down, and the other host leads.
            stalled_at = time.monotonic()
            await connection.execute("SELECT pg_terminate_backend($1)", leader)
            network.stall()
            await soon(lambda: has_beats(second.log), 15, "a takeover")
            assert time.monotonic() - stalled_at < 10
            eventually(
                lambda: "This process is no longer the leader" in first.said, 10, "the log line of the old leader"
            )
            assert len(await leaders(connection)) == 1
            network.resume()
            network.cut()
            # The first host becomes a candidate.
            await soon(lambda: is_candidate(connection), 15, "the first host among the candidates")
    await connection.close()


async def test_installations_in_two_schemas_of_a_database_wait_for_nothing_of_each_other(
    database: str, tmp_path: Path
) -> None:
    role = f"role_{uuid4().hex[:12]}"
    connection = await asyncpg.connect(database)
    await connection.execute(
        f"CREATE ROLE {role} LOGIN SUPERUSER; CREATE SCHEMA {role}; ALTER ROLE {role} SET search_path = {role}"
    )
    urls = [database, database.replace("postgres@", f"{role}@")]
    try:
        # Each is migrated, loads and leads while the other does.
        await connection.execute("SELECT pg_advisory_lock(0x0AD3E7, hashtext('public'))")
        await asyncio.wait_for(apart(migrations.upgrade(Settings(database_url=urls[1]))), 60)
        files = [write(tmp_path / f"{url}.csv", [record()]) for url in "ab"]
        async with write_connection(Settings(database_url=urls[0])) as loading, loading.transaction():
            await lock_writes(loading, pytest.fail)
            await asyncio.wait_for(loaded(urls[1], files[1]), 60)
        async with AsyncExitStack() as leading:
            for url, name in zip(urls, "ab", strict=True):
                settings = Settings(
                    database_url=url, scheduler_lock="postgres", heartbeat_log=tmp_path / name / "x.log"
                )
                leader = await asyncio.wait_for(leading.enter_async_context(leadership(settings)), 20)
                async with leader.claim_slot(datetime(2024, 3, 1, tzinfo=UTC)) as claimed:
                    assert claimed
            assert len(await leaders(connection)) == 2
    finally:
        await connection.execute(f"DROP SCHEMA {role} CASCADE; DROP ROLE {role}")
        await connection.close()


async def has_beats(log: Path) -> bool:
    return bool(beats(log))


async def is_candidate(connection: asyncpg.Connection) -> bool:
    found = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1",
        "ad-metrics leader",
    )
    return found == 2 and len(await leaders(connection)) == 1
