"""Across hosts, a leader that loses its connection steps down, and another host leads within seconds."""

import asyncio
import time
from pathlib import Path

import asyncpg
import pytest

from tests.support.hosting import Network, hosted, soon
from tests.support.processes import beats, eventually

pytestmark = pytest.mark.slow


async def leaders(connection: asyncpg.Connection) -> list[int]:
    rows = await connection.fetch(
        "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE locktype = 'advisory' AND granted AND objid = $1 AND datname = current_database()",
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


async def has_beats(log: Path) -> bool:
    return bool(beats(log))


async def is_candidate(connection: asyncpg.Connection) -> bool:
    found = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1",
        "ad-metrics leader",
    )
    return found == 2 and len(await leaders(connection)) == 1
