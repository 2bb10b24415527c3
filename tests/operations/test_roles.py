"""Roles and schemas: the service, each command and each job run with exactly the rights that `db grants` gives."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest
import sqlalchemy
import time_machine
from loguru import logger
from sqlalchemy.ext.asyncio import create_async_engine
from tortoise.context import TortoiseContext

from project.catalog import DIMENSION_NAMES, MEASURE_NAMES
from project.delivery.dispatch import Dispatcher
from project.ingest.load import load
from project.ingest.options import Options
from project.jobs import partition_maintenance
from project.jobs.consistency_check import daily_check
from project.jobs.leader_election import leadership
from project.settings import Settings
from project.store.postgres.connections import serving_config
from project.store.postgres.embedded import EmbeddedPostgres
from project.store.postgres.grants import VIEW, WRITTEN
from project.store.warehouse.rebuild import rebuild
from tests.conftest import Client
from tests.delivery.conftest import NoCharts
from tests.operations.test_poolers import PATHS
from tests.support.hosting import hosted
from tests.support.mail import mailbox
from tests.support.processes import AD_METRICS, eventually, run
from tests.support.records import facts, record, write

pytestmark = pytest.mark.slow

STAR = (
    "fact_ad_metrics_daily", "dim_date", "dim_region", "dim_age_group", "dim_gender", "dim_platform", "dim_placement",
    "dim_device_type",
)  # fmt: skip


@dataclass(frozen=True)
class Installation:
    """A database whose owner is no superuser, with facts that the loader loaded."""

    database: str
    schema: str
    prefix: str

    def url(self, role: str) -> str:
        return self.database.replace("postgres@", f"{self.prefix}_{role}@")

    def run(self, role: str, *command: str, stdin: bytes | None = None, **settings: str) -> str:
        done = run([*AD_METRICS, *command], stdin=stdin, DATABASE_URL=self.url(role), **settings)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def settings(self, role: str, directory: Path, **changes: object) -> Settings:
        url = self.url(role)
        return Settings(database_url=url, heartbeat_log=directory / "heartbeat.log", _env_file=None, **changes)


@pytest.fixture(scope="module", params=["public", "ads"])
async def installation(
    request: pytest.FixtureRequest, server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installation]:
    prefix, schema = f"r{uuid4().hex[:8]}", request.param
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute(f"CREATE ROLE {prefix}_owner LOGIN CREATEROLE")
    await admin.execute(f"CREATE DATABASE {prefix} OWNER {prefix}_owner")
    installation = Installation(server.url(prefix), schema, prefix)
    inside = await asyncpg.connect(installation.database)
    if schema != "public":
        await inside.execute(f"CREATE SCHEMA {schema} AUTHORIZATION {prefix}_owner; DROP SCHEMA public")
        await inside.execute(f"ALTER ROLE {prefix}_owner SET search_path = {schema}")
    # Nobody has a right that the statements do not give.
    await inside.execute(f"REVOKE ALL ON DATABASE {prefix} FROM PUBLIC")
    installation.run("owner", "db", "upgrade")
    sql = installation.run("owner", "db", "grants", "--prefix", prefix)
    for _ in range(2):
        installation.run("owner", "db", "psql", "-v", "ON_ERROR_STOP=1", "-qf", "-", stdin=sql.encode())
    files = [
        write(tmp_path_factory.mktemp("roles") / "a.csv", [record(date=day) for day in ("2024-01-31", "2024-02-01")])
    ]
    # Two months that have no partition.
    report = await load(files, Options(), Settings(database_url=installation.url("loader")), notify=lambda _: None)
    assert report.inserted == 2
    yield installation
    await inside.close()
    await admin.execute(f"DROP DATABASE {prefix} WITH (FORCE)")
    for role in ("reader", "loader", "analyst", "owner"):
        await admin.execute(f"DROP ROLE {prefix}_{role}")
    await admin.close()


async def test_the_loader_loads_keeps_keys_and_runs_all_jobs(installation: Installation, tmp_path: Path) -> None:
    settings = installation.settings("loader", tmp_path, retention_months=1200)
    files = [write(tmp_path / f"{day}.csv", [record(date=day, clicks=9)]) for day in ("2024-02-01", "2024-05-01")]
    report = await load(files, Options(replace=True), settings, notify=lambda _: None)
    assert (report.inserted, report.changed) == (1, 1)
    await rebuild(settings, date.min, date.max, notify=lambda _: None)
    await partition_maintenance.create_partitions(settings)
    await partition_maintenance.drop_old_facts(settings)
    assert (await daily_check(settings)).kind == "ok"
    for command in (
        ["keys", "create", "a"],
        ["keys", "list"],
        ["keys", "revoke", "a"],
        ["loads"],
        ["check"],
        ["views", "list"],
        ["doctor"],
    ):
        installation.run("loader", *command)
    # The schema may also be named in the URL, of a role that finds another one.
    installed = run([*AD_METRICS, "check"], DATABASE_URL=f"{installation.database}&schema={installation.schema}")
    assert installed.returncode == 0, installed.stderr
    across_hosts = installation.settings("loader", tmp_path, scheduler_lock="postgres")
    async with leadership(across_hosts) as leader, leader.claim_slot(datetime.now(UTC)) as claimed:
        assert claimed
    # The owner has all partitions; those that are filled before they are attached have the same keys as others.
    connection = await asyncpg.connect(installation.url("owner"))
    keys = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = $1::text::regclass ORDER BY 1"
    filled, ahead = [
        await connection.fetch(keys, f"fact_ad_metrics_daily_{month}")
        for month in ("2024_05", f"{datetime.now(UTC):%Y_%m}")
    ]
    assert filled == ahead
    assert len(filled) > 10
    assert (
        await connection.fetchval("SELECT count(DISTINCT relowner) FROM pg_class WHERE relname LIKE '%_metrics_%'") == 1
    )
    assert len(await facts(connection)) == 3
    await connection.close()
    # Retention drops partitions with the owner's rights, too.
    await partition_maintenance.drop_old_facts(installation.settings("loader", tmp_path, retention_months=1))
    connection = await asyncpg.connect(installation.url("loader"))
    assert len(await facts(connection)) == 0
    await connection.close()
    files = [write(tmp_path / "again.csv", [record(date="2024-01-31")])]
    await load(files, Options(), settings, notify=lambda _: None)


async def test_the_loader_saves_views_subscribes_and_delivers(installation: Installation, tmp_path: Path) -> None:
    with mailbox() as box:
        mail = {"SMTP_URL": box.url, "MAIL_FROM": "reports@example.com"}
        for command in (
            ["views", "save", "sent", "metric=clicks"],
            ["views", "save", "old", "metric=clicks"],
            ["views", "export", str(tmp_path / "views.toml")],
            ["views", "import", str(tmp_path / "views.toml"), "--prune"],
            ["views", "delete", "old"],
            ["subscribe", "sent", "--cron", "* * * * *", "--to", "boss@example.com"],
            ["subscriptions", "pause", "1"],
            ["subscriptions", "resume", "1"],
            ["subscriptions", "list"],
            ["deliver", "sent", "--to", "me@example.com", "--attach", "csv"],
            ["deliveries"],
            ["export", "", str(tmp_path / "rows.csv")],
            ["export", "/v1/reports?group_by=platform", str(tmp_path / "report.xlsx")],
            ["heartbeat"],
        ):
            installation.run("loader", *command, HEARTBEAT_LOG=str(tmp_path / "heartbeat.log"), **mail)
        settings = installation.settings("loader", tmp_path, smtp_url=box.url, mail_from="reports@example.com")
        async with TortoiseContext() as context:
            await context.init(config=serving_config(settings))
            with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2), tick=False):
                await Dispatcher(settings, NoCharts()).send_due()
        assert box.recipients == ["boss@example.com", "me@example.com"]
        installation.run("loader", "subscriptions", "remove", "1")
    assert "degraded" not in (tmp_path / "heartbeat.log").read_text()


async def test_the_reader_exports_and_is_told_what_it_may_not(installation: Installation, tmp_path: Path) -> None:
    for command in (
        ["export", "", str(tmp_path / "rows.parquet")],
        ["export", "/v1/reports?group_by=platform", str(tmp_path / "report.csv")],
        ["check"],
        ["loads"],
        ["views", "list"],
        ["deliveries"],
        ["heartbeat"],
    ):
        installation.run("reader", *command, HEARTBEAT_LOG=str(tmp_path / "heartbeat.log"))
    mail = {"SMTP_URL": "smtp://127.0.0.1:9", "MAIL_FROM": "reports@example.com"}
    installation.run("loader", "views", "save", "seen", "metric=clicks")
    for command in (
        ["views", "save", "mine", "metric=clicks"],
        ["views", "delete", "seen"],
        ["subscribe", "seen", "--cron", "* * * * *", "--to", "boss@example.com"],
        ["subscriptions"],
        ["deliver", "seen", "--to", "me@example.com"],
        ["keys", "create", "mine"],
        ["rollups", "rebuild"],
    ):
        refused = run([*AD_METRICS, *command], DATABASE_URL=installation.url("reader"), **mail)
        assert refused.returncode == 3, (command, refused.stdout, refused.stderr)
        assert "lacks a right" in refused.stderr, (command, refused.stderr)
    settings = installation.settings("reader", tmp_path, retention_months=1)
    said: list[str] = []
    sink = logger.add(said.append, level="WARNING", format="{message}")
    await Dispatcher(settings, NoCharts()).send_due()
    await partition_maintenance.drop_old_facts(settings)
    logger.remove(sink)
    assert [line.partition(":")[0] for line in said] == [
        "Nothing is delivered for now",
        "Old facts could not be dropped",
    ]
    assert all("permission denied" in line for line in said)
    await partition_maintenance.create_partitions(installation.settings("owner", tmp_path))
    installation.run("reader", "doctor", HEARTBEAT_LOG=str(tmp_path / "heartbeat.log"))


async def test_the_reader_answers_and_cannot_write(
    installation: Installation, serving: Client, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with serving(installation.url("reader")) as client:
        row = (await client.get("/v1/ad-metrics")).json()["data"][0]["id"]
        version = (await client.get("/v1/catalog")).json()["meta"]["data_version"]
        for example in (*PATHS, "/health/ready", "/v1/views", "/metrics"):
            path = example.replace("ad-metrics/3", f"ad-metrics/{row}").replace("since=12", f"since={version}")
            answer = await client.get(path)
            assert answer.status_code == 200, (path, answer.text)
        refused = await client.put("/v1/views/mine", json={"title": "Mine", "query": "metric=clicks"})
        assert refused.status_code == 503
        assert "`ad-metrics db grants`" in refused.json()["detail"].replace("uv run ", "")
    assert "permission denied for table saved_view" in capfd.readouterr().err
    settings = installation.settings("reader", tmp_path)
    assert (await daily_check(settings)).kind == "ok"
    failed = run(
        [*AD_METRICS, "load", str(write(tmp_path / "a.csv", [record()]))], DATABASE_URL=installation.url("reader")
    )
    assert failed.returncode == 3
    assert "lacks a right" in failed.stderr
    assert "permission denied" in failed.stderr
    assert "upgrade" not in failed.stderr


async def test_the_service_of_the_loader_takes_files_and_views(installation: Installation, tmp_path: Path) -> None:
    settings = {"INGEST_HTTP": "true", "SCHEDULER_LOCK": "postgres"}
    with hosted(installation.url("loader"), tmp_path, workers=1, **settings) as service:
        body = write(tmp_path / "b.csv", [record(date="2023-07-01")]).read_bytes()
        answer = httpx.post(f"{service.site}/v1/ingests?filename=b.csv", content=body, timeout=20)
        assert answer.status_code == 202, answer.text
        href = answer.json()["data"]["href"]
        done = eventually(
            lambda: (data := service.get(href).json()["data"])["state"] not in ("queued", "running") and data, what="it"
        )
        assert done["state"] == "done", done
        view = httpx.put(f"{service.site}/v1/views/mine", json={"title": "M", "query": "metric=clicks"}, timeout=20)
        assert view.status_code in (200, 201), view.text
        assert httpx.delete(f"{service.site}/v1/views/mine", timeout=20).status_code == 204
        assert "permission denied" not in service.said


async def test_the_analyst_sees_the_star_only(installation: Installation) -> None:
    connection = await asyncpg.connect(installation.url("analyst"))
    for table in STAR:
        await connection.fetchval(f"SELECT count(*) FROM {table}")
    for table in WRITTEN.keys() - set(STAR):
        if await connection.fetchval("SELECT to_regclass($1)", table):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetchval(f"SELECT count(*) FROM {table}")
    for statement in (
        "DELETE FROM dim_date", "CREATE TABLE mine ()", "SELECT drop_partition('fact_ad_metrics_daily_2024_01')",
    ):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    [cost] = await connection.fetchrow("SELECT sum(cost) FROM ad_metrics_daily")
    assert cost == await connection.fetchval("SELECT sum(cost) FROM fact_ad_metrics_daily")
    # Metabase, Grafana and others list what the role may read: no partitions, and none of the other tables.
    listed = await connection.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
    )
    assert {row[0] for row in listed} == {*STAR, VIEW}
    await connection.close()


async def test_sqlalchemy_reflects_the_star_and_the_view_as_the_analyst(installation: Installation) -> None:
    url = sqlalchemy.make_url(installation.url("analyst")).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url)
    metadata = sqlalchemy.MetaData()
    async with engine.connect() as connection:
        await connection.run_sync(lambda sync: metadata.reflect(sync, views=True, only=[*STAR, VIEW]))
    await engine.dispose()
    assert metadata.tables.keys() == {*STAR, VIEW}
    facts = metadata.tables["fact_ad_metrics_daily"]
    assert {key.column.table.name for key in facts.foreign_keys} == set(STAR) - {"fact_ad_metrics_daily"}
    assert [column.name for column in metadata.tables[VIEW].columns] == [*DIMENSION_NAMES, *MEASURE_NAMES]
    assert all(column.comment for table in metadata.tables.values() for column in table.columns)


async def test_the_functions_make_and_drop_partitions_only(installation: Installation) -> None:
    connection = await asyncpg.connect(installation.url("loader"))
    for name in ("dim_date", "fact_ad_metrics_daily", "fact_ad_metrics_daily_x", "fact_ad_metrics_daily_2024_01; --"):
        for statement in (
            "SELECT drop_partition($1)", "SELECT attach_partition($1, 20240101, 20240201)",
            "SELECT create_partition($1, 20240101, 20240201, true)",
        ):  # fmt: skip
            with pytest.raises(asyncpg.RaiseError, match="is not the name of a partition"):
                await connection.execute(statement, name)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("DROP TABLE rollup_ad_metrics_daily")
    # A table of the caller's is not in the way of the names inside.
    await connection.execute("CREATE TEMPORARY TABLE fact_ad_metrics_daily ()")
    await connection.execute("SELECT create_partition('fact_ad_metrics_daily_1999_01', 19990101, 19990201, true)")
    await connection.execute("SELECT drop_partition('fact_ad_metrics_daily_1999_01')")
    await connection.close()


async def test_each_table_has_its_rights(connection: asyncpg.Connection) -> None:
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace"
    )
    assert {row[0] for row in rows} <= WRITTEN.keys()
