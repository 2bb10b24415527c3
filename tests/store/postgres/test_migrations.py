"""Migrations: up, down, concurrent, and in agreement with the models."""

import asyncio
import os
import subprocess
import sys
from typing import Any

import aerich
import asyncpg
import pytest
from aerich.migrate import Migrate
from aerich.utils import import_py_file
from tortoise.context import TortoiseContext
from tortoise.fields.relational import ForeignKeyFieldInstance

from project.catalog import DIMENSIONS
from project.database_url import parse
from project.errors import MigrationRefused
from project.settings import Settings
from project.store.models import FactAdMetricsDaily
from project.store.postgres import migrations
from project.store.postgres.connections import tortoise_config
from tests.conftest import ROOT, apart
from tests.support.processes import AD_METRICS

TABLES = {
    "fact_ad_metrics_daily": [
        "id", "date_id", "region_id", "age_id", "gender_id", "platform_id", "placement_id", "device_type_id",
        "impressions", "clicks", "cost", "conversions", "likes",
    ],
    "rollup_ad_metrics_daily": [
        "date_id", "grouping_set", "region_id", "age_id", "gender_id", "platform_id", "placement_id", "device_type_id",
        "impressions", "clicks", "cost", "conversions", "likes", "facts",
    ],
    "dim_date": ["date_id", "date_value"],
    "dim_region": ["region_id", "region_name"],
    "dim_age_group": ["age_id", "age_range"],
    "dim_gender": ["gender_id", "gender_name"],
    "dim_platform": ["platform_id", "platform_name"],
    "dim_placement": ["placement_id", "placement_name"],
    "dim_device_type": ["device_type_id", "device_type_name"],
}  # fmt: skip

SCHEMA = """
SELECT 'column', table_name::text, column_name::text, data_type::text || column_default || is_nullable
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'aerich'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 'aerich'::regclass
UNION ALL SELECT 'index', tablename::text, indexname::text, indexdef
FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'aerich'
ORDER BY 1, 2, 3, 4
"""


async def test_the_tables_have_exactly_these_columns(connection: asyncpg.Connection) -> None:
    for table, columns in TABLES.items():
        rows = await connection.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position", table
        )
        assert [row[0] for row in rows] == columns


async def test_models_and_database_agree(connection: asyncpg.Connection) -> None:
    """Aerich compares models with its own snapshot and never with the database; this test does."""
    async with TortoiseContext() as context:
        await context.init(
            config=tortoise_config("project.store.postgres.engine", address=parse("postgresql://nowhere"))
        )
        models = [model for model in context.apps["models"].values() if model.__module__.startswith("project.")]
        assert len(models) == 19
        for model in models:
            expected = {}
            for name in model._meta.db_fields:
                field = model._meta.fields_map[model._meta.fields_db_projection_reverse[name]]
                kind = field.get_for_dialect("postgres", "SQL_TYPE").split("(")[0].lower()
                kinds = {
                    "int": "integer",
                    "bool": "boolean",
                    "timestamptz": "timestamp with time zone",
                    "varchar": "character varying",
                    "decimal": "numeric",
                    "int[]": "ARRAY",
                    "text[]": "ARRAY",
                }
                expected[name] = (kinds.get(kind, kind), field.null)
            rows = await connection.fetch(
                "SELECT column_name, data_type, is_nullable = 'YES' FROM information_schema.columns WHERE table_name = $1",
                model._meta.db_table,
            )
            assert {row[0]: (row[1], row[2]) for row in rows} == expected, model


async def test_models_and_migrations_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    async def record(*_arguments: Any, **_options: Any) -> str:
        written.append(Migrate._get_diff_file_content())
        return "drift"

    monkeypatch.setattr(Migrate, "_generate_diff_py", record)
    for name in ("upgrade_operators", "downgrade_operators"):
        monkeypatch.setattr(Migrate, name, [])
    command = aerich.Command(
        tortoise_config("project.store.postgres.engine", address=parse("postgresql://nowhere")),
        location=str(migrations.LOCATION),
    )
    command._init_when_aenter = False

    async def compare() -> None:
        async with command:
            await command.init(offline=True)
            await command.migrate("drift", no_input=True, offline=True)

    await apart(compare())
    assert written == []


async def test_all_migrations_go_down_and_up(empty_database: str) -> None:
    settings = Settings(database_url=empty_database)
    connection = await asyncpg.connect(empty_database)
    applied = await apart(migrations.upgrade(settings))
    files = (path.name for path in (migrations.LOCATION / "models").glob("[0-9]*.py"))
    assert applied == sorted(files, key=lambda name: int(name.split("_")[0]))
    assert await apart(migrations.upgrade(settings)) == []
    assert await migrations.pending(connection) == []
    before = await connection.fetch(SCHEMA)
    assert len(before) > 100
    for name in reversed(applied):
        assert await migrations.newest(connection) == name
        await apart(migrations.downgrade(settings, name))
        assert name in await migrations.pending(connection)
    assert await connection.fetch(SCHEMA) == []
    assert await migrations.pending(connection) == applied
    assert await apart(migrations.upgrade(settings)) == applied
    assert await connection.fetch(SCHEMA) == before
    await connection.close()


async def test_a_downgrade_says_what_it_drops(connection: asyncpg.Connection) -> None:
    await connection.execute(
        "INSERT INTO api_key (name, digest, scope) VALUES ('a', $1, 'read'), ('b', $1, 'read')", bytes(32)
    )
    names = await migrations.applied(connection)
    found = {name.partition("_")[0]: await migrations.losses(connection, name) for name in names}
    assert found["4"] == ["the table job_slot with 0 rows", "the table api_key with 2 rows"]
    assert found["3"] == ["the column removed of ingest_log", "the table ingest with 0 rows"]
    assert found["5"] == []
    assert "the table fact_ad_metrics_daily with 0 rows" in found["0"]
    # What PostgreSQL says is gone is what was said before, for every migration.
    for name in reversed(names):
        before = await _tables_and_columns(connection)
        said = await migrations.losses(connection, name)
        await connection.execute(await import_py_file(migrations.LOCATION / "models" / name).downgrade(None))
        gone = before - await _tables_and_columns(connection)
        tables = {table for table, column in gone if not column}
        expected = {f"the table {table}" for table in tables}
        expected |= {f"the column {column} of {table}" for table, column in gone if column and table not in tables}
        assert {entry.split(" with ")[0] for entry in said} == expected


async def test_a_migration_that_is_no_longer_the_newest_is_not_undone(empty_database: str) -> None:
    settings = Settings(database_url=empty_database)
    names = await apart(migrations.upgrade(settings))
    with pytest.raises(MigrationRefused, match="no longer the newest"):
        await apart(migrations.downgrade(settings, names[-2]))
    connection = await asyncpg.connect(empty_database)
    assert await migrations.pending(connection) == []
    await connection.close()


@pytest.mark.slow
async def test_concurrent_upgrades_run_each_migration_once(empty_database: str) -> None:
    environment = os.environ | {"DATABASE_URL": empty_database}
    commands = [_aerich("upgrade"), _aerich("upgrade"), *[[*AD_METRICS, "db", "upgrade"]] * 2]
    runs = [
        await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for command in commands
    ]
    outputs = [(await run.communicate())[0].decode() for run in runs]
    assert [run.returncode for run in runs] == [0] * len(runs), outputs
    assert sum("Success upgrading to" in output or "applied" in output for output in outputs) == 1, outputs
    connection = await asyncpg.connect(empty_database)
    assert await connection.fetchval("SELECT count(*) = count(DISTINCT version) FROM aerich")
    assert await migrations.pending(connection) == []
    await connection.close()


@pytest.mark.slow
async def test_the_aerich_command_goes_down_and_up(empty_database: str) -> None:
    environment = os.environ | {"DATABASE_URL": empty_database}
    for arguments in (["upgrade"], ["heads"], ["history"], ["downgrade", "--yes"], ["upgrade"]):
        done = subprocess.run(
            _aerich(*arguments), cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)


async def test_the_schema_follows_its_rules(connection: asyncpg.Connection) -> None:
    for month in (1, 2):
        await connection.execute(
            f"CREATE TABLE part_{month} PARTITION OF fact_ad_metrics_daily FOR VALUES FROM ({20240000 + month * 100}) TO ({20240100 + month * 100})"
        )
    keys = await connection.fetch(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'fact_ad_metrics_daily'::regclass AND contype IN ('p', 'u')"
    )
    assert sorted(row[0] for row in keys) == [
        "PRIMARY KEY (id, date_id)",
        "UNIQUE (date_id, region_id, age_id, gender_id, platform_id, placement_id, device_type_id)",
    ]
    references = await connection.fetch(
        "SELECT confrelid::regclass::text FROM pg_constraint WHERE conrelid = 'fact_ad_metrics_daily'::regclass AND contype = 'f'"
    )
    assert sorted(row[0] for row in references) == sorted(name for name in TABLES if name.startswith("dim_"))
    assert await connection.fetchval("SELECT count(*) FROM information_schema.columns WHERE is_identity = 'YES'") == 0
    assert await connection.fetchval("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == 0
    for column in ("impressions", "clicks", "cost", "conversions", "likes"):
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(
                "INSERT INTO fact_ad_metrics_daily SELECT 1, 20240101, 1, 1, 1, 1, 1, 1, "
                + ", ".join(
                    "-1" if name == column else "0"
                    for name in ("impressions", "clicks", "cost", "conversions", "likes")
                )
            )
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("INSERT INTO dim_date VALUES (20240102, '2024-01-01')")
    await connection.execute("INSERT INTO dim_region (region_name) VALUES ('Île')")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("INSERT INTO dim_region (region_name) VALUES ('îLE')")
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("INSERT INTO dim_region VALUES (0, 'all')")


def test_relations_are_those_of_the_catalogue() -> None:
    for dimension in DIMENSIONS:
        field = FactAdMetricsDaily._meta.fields_map[dimension.relation]
        assert isinstance(field, ForeignKeyFieldInstance)
        assert FactAdMetricsDaily._meta.fields_map[dimension.key].source_field in (dimension.key, None)


async def _tables_and_columns(connection: asyncpg.Connection) -> set[tuple[str, str]]:
    """Return what has data: views are none."""
    tables = await connection.fetch(
        "SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    columns = await connection.fetch(
        "SELECT attrelid, attname FROM pg_attribute WHERE attrelid = ANY($1) AND attnum > 0 AND NOT attisdropped",
        list(names := dict(tables)),
    )
    return {(name, "") for name in names.values()} | {(names[table], column) for table, column in columns}


def _aerich(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from aerich.cli import main; main()", *arguments]
