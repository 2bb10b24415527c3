"""Behind a real PgBouncer, in both of its modes, everything works as it does without one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from project.doctor import examine
from project.errors import DatabaseUnavailable
from project.ingest.load import load
from project.ingest.options import Options
from project.jobs import partition_maintenance
from project.jobs.consistency_check import daily_check
from project.jobs.leader_election import leadership
from project.settings import Settings
from project.store.postgres import migrations
from project.store.postgres.connections import write_connection
from project.store.postgres.embedded import EmbeddedPostgres
from project.store.postgres.errors import TRANSACTION_POOLER
from project.store.warehouse.rebuild import rebuild
from tests.conftest import Client, apart
from tests.support.hosting import asking, hosted, locked
from tests.support.model import insert_facts
from tests.support.pooler import Pooler, pooler
from tests.support.processes import AD_METRICS, beats, eventually, run
from tests.support.records import facts, record, write
from tests.support.report_model import REPORT_FACTS

pytestmark = pytest.mark.slow

PATHS = (
    "/v1/ad-metrics?limit=7", "/v1/ad-metrics?expand=region,platform&limit=3", "/v1/ad-metrics/3",
    "/v1/ad-metrics?format=csv", "/v1/ad-metrics?format=parquet", "/v1/reports?group_by=month,platform&totals=true",
    "/v1/reports?group_by=week&compare_to=2024-01-01/2024-01-31&date_from=2024-02-01&date_to=2024-03-02", "/v1/reports/plan?group_by=region",
    "/v1/reports?group_by=region&format=ndjson", "/v1/reports?group_by=date&metrics=ctr",
    "/v1/dimensions/region?counts=true", "/v1/catalog", "/v1/changes?since=12", "/v1/loads", "/",
)  # fmt: skip


@pytest.fixture(scope="module", params=["session", "transaction"])
def pooled(request: pytest.FixtureRequest, server: EmbeddedPostgres, short_directory: Path) -> Iterator[Pooler]:
    with pooler(server, short_directory, request.param) as pooled:
        yield pooled


@pytest.fixture
def in_transactions(server: EmbeddedPostgres, short_directory: Path) -> Iterator[Pooler]:
    with pooler(server, short_directory, "transaction") as pooled:
        yield pooled


async def test_two_workers_answer_load_and_lead_as_without_a_pooler(
    pooled: Pooler, database: str, serving: Client, tmp_path: Path
) -> None:
    url = pooled.url(database)
    connection = await asyncpg.connect(database)
    await insert_facts(connection, REPORT_FACTS)
    await connection.close()
    await rebuild(Settings(database_url=url, database_pooler=pooled.mode), date.min, date.max, notify=lambda _: None)
    async with serving(database) as client:
        expected = [await client.get(path) for path in PATHS]
    settings = {
        "DATABASE_POOLER": pooled.mode,
        "SCHEDULER_LOCK": "postgres",
        "DATABASE_DIRECT_URL": database,
        "INGEST_HTTP": "true",
        "API_AUTH": "required",
    }
    done = run([*AD_METRICS, "keys", "create", "loader", "--scope", "ingest"], **settings, DATABASE_URL=url)
    key = {"Authorization": f"Bearer {done.stdout.split()[-1]}"}
    with hosted(url, tmp_path, **settings) as service:
        async with asking(service.site) as client:
            # Many at a time, of two processes: sessions change hands.
            for _ in range(3):
                answers = await asyncio.gather(*(client.get(path, headers=key) for path in PATHS))
                for answer, wanted in zip(answers, expected, strict=True):
                    assert answer.status_code == wanted.status_code == 200, (answer.url, answer.text)
                    # The page says what time it is, and a plan is an estimate.
                    if wanted.url.path not in ("/", "/v1/reports/plan"):
                        assert answer.content == wanted.content, answer.url
            body = write(tmp_path / "a.csv", [record(date="2024-04-05")]).read_bytes()
            answer = await client.post("/v1/ingests?filename=a.csv", content=body, headers=key)
            assert answer.status_code == 202, answer.text
            href = answer.json()["data"]["href"]
            eventually(lambda: service.get(href, headers=key).json()["data"]["state"] == "done", what="the load")
            for _ in range(6):
                assert len((await client.get("/v1/ad-metrics?date_from=2024-04-05", headers=key)).json()["data"]) == 1
        eventually(lambda: beats(service.log), what="the heartbeat")
        assert "Traceback" not in service.said
    await keeps_no_settings(url)


async def test_a_slow_query_ends_and_the_next_client_of_the_session_has_no_timeout(
    pooled: Pooler, database: str, serving: Client
) -> None:
    url = pooled.url(database)
    async with serving(url, database_pooler=pooled.mode, database_statement_timeout=0.3) as client:
        async with locked(database):
            assert (await client.get("/v1/ad-metrics")).status_code == 504
        assert (await client.get("/v1/ad-metrics")).status_code == 200
    await keeps_no_settings(url)


async def test_migrations_loads_jobs_keys_and_doctor(pooled: Pooler, empty_database: str, tmp_path: Path) -> None:
    url = pooled.url(empty_database)
    settings = Settings(
        database_url=url, database_pooler=pooled.mode, heartbeat_log=tmp_path / "heartbeat.log", retention_months=1200
    )
    # Two at once wait for each other.
    applied = await asyncio.gather(*(apart(migrations.upgrade(settings)) for _ in range(2)))
    assert [] in applied
    files = [write(tmp_path / f"{month}.csv", [record(date=f"2024-{month:02}-03")]) for month in (1, 2, 3)]
    reports = await asyncio.gather(*(load([file], Options(), settings, notify=lambda _: None) for file in files))
    assert [report.inserted for report in reports] == [1, 1, 1]
    again = await load(files, Options(replace=True), settings, notify=lambda _: None)
    assert (again.inserted, again.unchanged) == (0, 3)
    dry = await load([write(tmp_path / "dry.csv", [record()])], Options(), settings, dry_run=True)
    assert dry.inserted == 1
    connection = await asyncpg.connect(empty_database)
    assert len(await facts(connection)) == 3
    await rebuild(settings, date.min, date.max, notify=lambda _: None)
    await partition_maintenance.create_partitions(settings)
    await partition_maintenance.drop_old_facts(settings)
    line = await daily_check(settings)
    assert line.kind == "ok", line
    environment = {"DATABASE_URL": url, "DATABASE_POOLER": pooled.mode, "HEARTBEAT_LOG": str(settings.heartbeat_log)}
    for command in (["keys", "create", "mine"], ["keys", "list"], ["loads"], ["check"]):
        done = run([*AD_METRICS, *command], **environment)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    states = {finding.name: finding.state for finding in await examine(settings)}
    assert (states["database"], states["migrations"], states["partitions"]) == ("ok", "ok", "ok")
    await connection.close()
    await keeps_no_settings(url)


async def test_the_leader_needs_a_session(in_transactions: Pooler, database: str, tmp_path: Path) -> None:
    url = in_transactions.url(database)
    lock: dict[str, Any] = {"scheduler_lock": "postgres", "database_pooler": "transaction", "_env_file": None}
    with pytest.raises(ValueError, match="set DATABASE_DIRECT_URL"):
        Settings(database_url=url, **lock)
    with pytest.raises(ValueError, match="ALTER ROLE … SET search_path"):
        Settings(database_url=f"{url}?schema=ads".replace("postgres@", ""), database_pooler="transaction")
    with pooler(in_transactions.server, in_transactions.directory, "session") as sessions:
        # A pooler that gives each connection one session is as good as the server.
        for direct in (database, sessions.url(database)):
            settings = Settings(
                database_url=url, database_direct_url=direct, heartbeat_log=tmp_path / direct[-5:] / "x.log", **lock
            )
            async with leadership(settings) as leader, leader.claim_slot(datetime.now(UTC)) as claimed:
                assert claimed


async def test_without_the_setting_all_say_what_to_set(
    in_transactions: Pooler, facts_database: str, serving: Client, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    url = in_transactions.url(facts_database)
    settings = Settings(database_url=url, heartbeat_log=tmp_path / "heartbeat.log", _env_file=None)
    async with serving(url) as client:
        for path in ("/v1/ad-metrics", "/health/ready", "/v1/ad-metrics"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["detail"]) == (503, TRANSACTION_POOLER)
    assert TRANSACTION_POOLER in capfd.readouterr().err
    [finding] = [finding for finding in await examine(settings) if finding.name == "database"]
    assert (finding.state, finding.detail.startswith(TRANSACTION_POOLER)) == ("fail", True)
    with pytest.raises(DatabaseUnavailable, match="set DATABASE_POOLER=transaction"):
        async with write_connection(settings):
            pytest.fail("it must not write")
    await keeps_no_settings(url)


@pytest.mark.parametrize("query", ["pgbouncer=true", "search_path=public", "options=-csearch_path%3Dpublic"])
async def test_what_urls_say_is_no_parameter_of_a_start(
    query: str, pooled: Pooler, facts_database: str, serving: Client
) -> None:
    url = f"{pooled.url(facts_database)}?{query}"
    if pooled.mode == "transaction" and query != "pgbouncer=true":
        with pytest.raises(ValueError, match="search_path"):
            Settings(database_url=url, database_pooler="transaction")
        return
    async with serving(url) as client:
        assert (await client.get("/v1/ad-metrics")).status_code == 200


@pytest.mark.parametrize(
    ("limits", "database", "cause"),
    [
        ({}, "no_such", 'database "no_such" does not exist'),
        ({"max_client_conn": 1}, "", "no more connections allowed"),
        ({"auth_type": "hba", "auth_hba_file": "hba"}, "", "login rejected"),
    ],
)
async def test_the_cause_of_a_refusal_is_told(
    limits: dict[str, object], database: str, cause: str, server: EmbeddedPostgres, short_directory: Path,
    facts_database: str, serving: Client, tmp_path: Path, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    with pooler(server, short_directory, "session", **limits) as pooled:
        url = pooled.url(facts_database)
        async with busy(url if "max_client_conn" in limits else None):
            url = url.rpartition("/")[0] + f"/{database}" if database else url
            settings = Settings(database_url=url, heartbeat_log=tmp_path / "heartbeat.log", _env_file=None)
            async with serving(url) as client:
                answer = await client.get("/v1/catalog")
                assert answer.status_code == 503
                assert answer.json()["detail"].startswith("The server ")
            assert capfd.readouterr().err.count(cause) >= 2
            [finding] = [finding for finding in await examine(settings) if finding.name == "database"]
            assert cause in finding.detail
            assert "The database cannot be reached" not in finding.detail


async def keeps_no_settings(url: str) -> None:
    """Assert that another client of the pooler finds no setting of the service in any session."""
    connections = [await asyncpg.connect(url, statement_cache_size=0) for _ in range(5)]
    for connection in connections:
        await connection.execute("BEGIN")
        row = await connection.fetchrow(
            "SELECT current_setting('default_transaction_read_only'), current_setting('statement_timeout'),"
            " current_setting('client_connection_check_interval'), (SELECT count(*) FROM pg_prepared_statements),"
            " (SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND pg_table_is_visible(oid))"
        )
        assert tuple(row) == ("off", "0", "0", 0, 0)
    for connection in connections:
        await connection.close()


@asynccontextmanager
async def busy(url: str | None) -> AsyncIterator[None]:
    connection = await asyncpg.connect(url) if url else None
    yield
    if connection:
        await connection.close()
