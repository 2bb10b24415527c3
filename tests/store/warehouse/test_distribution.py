"""`ad-metrics distribute`, and what differs on Citus, with a stand-in for its catalogue (`tests/support/citus`).

The stand-in distributes nothing: what Citus itself makes of the statements, only a run on it shows (`docs/scaling.md`).
"""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from project.catalog import DIMENSIONS
from project.doctor import examine
from project.errors import DistributionRefused
from project.ingest.sample import load_sample
from project.settings import Settings
from project.store.warehouse import distribution
from tests.support.processes import AD_METRICS, run
from tests.support.records import facts, loaded, record, write

DIMENSION_TABLES = [dimension.table for dimension in DIMENSIONS]
FACTS = "fact_ad_metrics_daily"
SPREAD = [FACTS, "rollup_ad_metrics_daily", "fact_ledger"]


@pytest.fixture
async def citus(citus_database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database that has the stand-in, with two workers."""
    connection = await asyncpg.connect(citus_database)
    await connection.execute("CREATE EXTENSION citus")
    await connection.execute(
        "INSERT INTO pg_dist_node VALUES ('a', true, true, 'primary'), ('b', true, true, 'primary')"
    )
    yield connection
    await connection.close()


async def distribute(connection: asyncpg.Connection, shards: int | None = None) -> list[str]:
    lines: list[str] = []
    await distribution.distribute(connection, shards, notify=lines.append)
    return lines


async def refusal(connection: asyncpg.Connection, shards: int | None = None) -> str:
    with pytest.raises(DistributionRefused) as refused:
        await distribute(connection, shards)
    return str(refused.value)


async def test_it_is_refused_with_what_would_work(connection: asyncpg.Connection, citus_database: str) -> None:
    assert (await refusal(connection)).startswith("The server has no Citus. Install it on every server")
    there = await asyncpg.connect(citus_database)
    assert "On every server: `CREATE EXTENSION citus`" in await refusal(there)
    await there.execute("CREATE EXTENSION citus")
    assert "Add each worker" in await refusal(there)
    await there.execute("INSERT INTO pg_dist_node VALUES ('a', true, true, 'primary')")
    await there.execute("UPDATE pg_extension SET extversion = '12.1-1' WHERE extname = 'citus'")
    assert await refusal(there) == "Citus 12.1-1 is too old; 13.0 or newer works."
    await there.execute("UPDATE pg_extension SET extversion = '14.0-1' WHERE extname = 'citus'")
    await there.execute(
        "CREATE OR REPLACE FUNCTION citus_is_coordinator() RETURNS boolean LANGUAGE sql AS 'SELECT false'"
    )
    assert await refusal(there) == "DATABASE_URL names a worker of Citus; name the coordinator."
    await there.execute(
        "CREATE OR REPLACE FUNCTION citus_is_coordinator() RETURNS boolean LANGUAGE sql AS 'SELECT true'"
    )
    await there.execute("INSERT INTO citus_tables VALUES ('dim_region', 'distributed', 'region_id', 32)")
    assert "`SELECT undistribute_table('dim_region')`" in await refusal(there)
    await there.execute("DELETE FROM citus_tables")
    await there.execute("DELETE FROM aerich WHERE version LIKE '6%'")
    assert (await refusal(there)).startswith("Pending migrations: 6_")
    assert await there.fetchval("SELECT count(*) FROM citus_calls") == 0
    await there.close()


async def test_it_distributes_all_in_one_transaction_and_once(
    database: str, citus: asyncpg.Connection, tmp_path: Path
) -> None:
    await loaded(database, write(tmp_path / "a.csv", [record()]))
    # What is done when it fails, is undone.
    await citus.execute("ALTER FUNCTION create_distributed_table RENAME TO gone")
    with pytest.raises(asyncpg.UndefinedFunctionError):
        await distribute(citus)
    assert await citus.fetchval("SELECT count(*) FROM citus_tables") == 0
    await citus.execute("ALTER FUNCTION gone RENAME TO create_distributed_table")

    version = await citus.fetchval("SELECT version FROM data_version")
    lines = await distribute(citus)
    assert [line.split(":")[0] for line in lines if not line.startswith(" ")] == [*DIMENSION_TABLES, *SPREAD]
    assert "  Copying data from local table..." in lines
    assert await citus.fetchval("SELECT version FROM data_version") == version + 1
    calls = [row[0] for row in await citus.fetch("SELECT call FROM citus_calls ORDER BY id")]
    assert calls == [
        *(f"reference {table}" for table in DIMENSION_TABLES),
        f"distributed {FACTS} by date_id with none",
        *(f"distributed {table} by date_id with {FACTS}" for table in SPREAD[1:]),
        *(f"truncated {table}" for table in (*DIMENSION_TABLES, *SPREAD)),
    ]
    assert await citus.fetchval("SELECT shard_count FROM citus_tables WHERE table_name = 'fact_ledger'::regclass") == 8
    assert await distribute(citus) == []
    assert await distribute(citus, 8) == []
    assert "alter_distributed_table('fact_ad_metrics_daily', shard_count => 16" in await refusal(citus, 16)
    # The stand-in frees nothing, so that each run tries it again.
    later = [row[0] for row in await citus.fetch("SELECT call FROM citus_calls ORDER BY id")][len(calls) :]
    assert all(call.startswith("truncated") for call in later)
    await citus.execute("ALTER FUNCTION truncate_local_data_after_distributing_table RENAME TO gone")
    assert f"{FACTS}: the copy on this server, which nothing reads, stays: " in "\n".join(await distribute(citus))
    # A table that was left out is distributed alone.
    await citus.execute("DELETE FROM citus_tables WHERE table_name = 'fact_ledger'::regclass")
    assert next(line.split(":")[0] for line in await distribute(citus)) == "fact_ledger"


async def test_doctor_says_whether_the_tables_are_distributed(
    database: str, citus: asyncpg.Connection, tmp_path: Path
) -> None:
    settings = Settings(database_url=database, heartbeat_log=tmp_path / "heartbeat.log", _env_file=None)

    async def finding() -> tuple[str, str]:
        [of_citus] = [finding for finding in await examine(settings) if finding.name == "citus"]
        return of_citus.state, of_citus.detail

    state, detail = await finding()
    assert (state, detail) == ("warn", f"Citus 14.0-1: not distributed: {', '.join([*DIMENSION_TABLES, *SPREAD])}.")
    await distribute(citus, 16)
    assert await finding() == ("ok", "Citus 14.0-1. The facts have 16 shards on 2 servers.")
    await citus.execute("UPDATE citus_tables SET distribution_column = 'id' WHERE citus_table_type = 'distributed'")
    assert (await finding())[0] == "fail"


@pytest.mark.slow
async def test_the_command_says_what_it_did(database: str, citus: asyncpg.Connection) -> None:
    command = [*AD_METRICS, "distribute"]
    done = run([*command, "--shards", "4"], DATABASE_URL=database)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "distributed: 10 tables, the facts in 4 shards on 2 servers"
    assert run(command, DATABASE_URL=database).stdout == done.stdout.splitlines()[-1] + "\n"
    refused = run([*command, "--shards", "8"], DATABASE_URL=database)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("--shards 8: the facts have 4 shards.")
    pooled = run(command, DATABASE_URL=database, DATABASE_POOLER="transaction")
    assert (pooled.returncode, pooled.stdout) == (1, "")
    assert pooled.stderr.startswith("DATABASE_URL names a pooler in transaction mode")


async def test_loads_month_by_month_and_loads_at_once_have_the_same_result(
    database: str, citus: asyncpg.Connection, new_database, tmp_path: Path
) -> None:
    first = [
        record(date=f"2024-{month:02}-05", platform=platform) for month in (1, 2, 3) for platform in ("tiktok", "bing")
    ]
    restated = [
        record(date="2024-02-05", platform="bing", clicks=99),
        record(date="2024-03-06"),
        record(date="2024-05-01"),
    ]
    replacing = [
        record(date="2024-01-05", platform="tiktok", region="Texas"),
        record(date="2024-03-05", platform="bing"),
    ]
    results = []
    for url in (database, await new_database()):
        reports = []
        await load_sample(Settings(database_url=url), date(2024, 3, 5), days=3, notify=lambda _: None)
        for number, (rows, replace) in enumerate(((first, False), (restated, False), (replacing, True))):
            report = await loaded(url, write(tmp_path / f"{number}.csv", rows), replace=replace)
            reports.append((report.inserted, report.changed, report.removed, report.unchanged, report.sample_removed))
        connection = await asyncpg.connect(url)
        stored = [
            [tuple(row) for row in await connection.fetch(sql)]
            for sql in (
                "SELECT * FROM rollup_ad_metrics_daily ORDER BY grouping_set, date_id, 3, 4, 5, 6, 7, 8",
                "SELECT date_id, platform_id, facts, clicks, cost FROM fact_ledger ORDER BY data_version, 1, 2",
                "SELECT cause, first_date_id, last_date_id FROM data_change ORDER BY data_version",
            )
        ]
        results.append((reports, await facts(connection), stored))
        await connection.close()
    assert results[0] == results[1]
    assert results[0][0] == [(6, 0, 0, 0, 900), (2, 1, 0, 0, 0), (1, 0, 3, 1, 0)]
