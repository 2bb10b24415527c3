"""`ad-metrics doctor`: each finding says what is wrong and what to do."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from project.commands import typed
from project.doctor import Finding, examine
from project.jobs.heartbeat_log import LogLine, append_line, save_check
from project.logs import timestamp
from project.settings import Settings
from project.store.warehouse import partitions
from tests.support.processes import AD_METRICS, run


async def examined(settings: Settings) -> dict[str, list[Finding]]:
    by_name: dict[str, list[Finding]] = {}
    for finding in await examine(settings):
        by_name.setdefault(finding.name, []).append(finding)
        assert finding.advice or finding.state == "ok"
    return by_name


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database, heartbeat_log=tmp_path / "heartbeat.log", _env_file=None)


async def test_a_sound_installation_has_no_warning(settings: Settings, connection: asyncpg.Connection) -> None:
    now = datetime.now(UTC)
    await partitions.ensure(connection, partitions.months_ahead(now.date()))
    append_line(settings.heartbeat_log, LogLine(now, "ok", {"next": timestamp(now + timedelta(hours=6))}))
    save_check(settings.heartbeat_log, LogLine(now, "ok", {}, "check"))
    findings = await examined(settings)
    assert {name: [finding.state for finding in of_name] for name, of_name in findings.items()} == {
        name: ["ok"]
        for name in (
            "settings", "access", "disk", "log", "database", "migrations", "partitions", "heartbeat", "rollups",
        )
    }  # fmt: skip


async def test_findings_name_the_fault_and_the_remedy(
    settings: Settings, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    env = settings.heartbeat_log.with_name(".env")
    env.write_text("DATABSE_URL=x\n# COMMENT=1\nLOG_LEVEL=INFO\n")
    monkeypatch.setitem(Settings.model_config, "env_file", str(env))
    monkeypatch.setattr("project.doctor.LEAST_FREE", 1 << 80)
    late = LogLine(now - timedelta(hours=9), "ok", {"next": timestamp(now - timedelta(hours=3))})
    append_line(settings.heartbeat_log, late)
    save_check(settings.heartbeat_log, LogLine(now, "failed", {"rollups": "2_wrong"}, "check"))
    await connection.execute("DELETE FROM aerich WHERE version LIKE '4%'")
    findings = await examined(settings.model_copy(update={"api_allow_anonymous": True, "heartbeat_cron": "daily"}))
    assert findings["settings"][0].detail == "`.env` has DATABSE_URL, which is not a setting."
    assert findings["settings"][0].advice == "Did you mean DATABASE_URL?"
    assert "'daily' is not a cron expression" in findings["settings"][1].detail
    assert findings["access"][0].state == "warn"
    assert findings["disk"][0].state == "warn"
    assert findings["migrations"][0].detail.startswith("Pending: 4_")
    assert findings["migrations"][0].advice == f"Run `{typed('ad-metrics db upgrade')}`."
    assert "late" in findings["heartbeat"][0].detail
    assert "rollups=2_wrong" in findings["rollups"][0].detail


@pytest.mark.parametrize(
    ("name", "value"), [("rotation", "every monday"), ("retention", "never"), ("compression", "rar")]
)
async def test_a_rotation_that_the_service_refuses_fails(settings: Settings, name: str, value: str) -> None:
    [finding] = (await examined(settings.model_copy(update={f"heartbeat_{name}": value})))["log"]
    assert finding.state == "fail"
    assert f"HEARTBEAT_{name.upper()}={value}" in finding.detail
    assert not settings.heartbeat_log.exists()


async def test_the_version_is_the_servers_own(settings: Settings, connection: asyncpg.Connection) -> None:
    version = await connection.fetchval("SHOW server_version")
    [finding] = (await examined(settings))["database"]
    assert finding.detail == f"PostgreSQL {version} answers."


async def test_missing_partitions_and_sample_data_are_warnings(
    settings: Settings, connection: asyncpg.Connection
) -> None:
    await connection.execute("UPDATE data_version SET sample = true")
    findings = await examined(settings)
    assert findings["partitions"][0].state == "warn"
    assert "fact_ad_metrics_daily_" in findings["partitions"][0].detail
    assert findings["data"][0].detail == "The facts are sample data, made up."


async def test_an_unavailable_database_fails_without_its_password(settings: Settings, tmp_path: Path) -> None:
    findings = await examined(settings.model_copy(update={"database_url": "postgresql://u:swordfish@127.0.0.1:9/x"}))
    assert findings["database"][0].state == "fail"
    assert ", at 127.0.0.1:9)" in findings["database"][0].detail
    assert "swordfish" not in str(findings)
    embedded = settings.model_copy(update={"database_url": None, "embedded_postgres_dir": tmp_path / "pg"})
    findings = await examined(embedded)
    assert findings["database"][0].state == "fail"
    assert findings["database"][0].advice.startswith(f"`{typed('ad-metrics db start')}`")
    assert not (tmp_path / "pg").exists()


@pytest.mark.slow
def test_the_command(settings: Settings) -> None:
    environment = {"DATABASE_URL": str(settings.database_url), "HEARTBEAT_LOG": str(settings.heartbeat_log)}
    done = run([*AD_METRICS, "doctor"], **environment)
    assert done.returncode == 0, done.stdout
    assert "ok    database    PostgreSQL" in done.stdout
    away = run([*AD_METRICS, "doctor"], **environment | {"DATABASE_URL": "postgresql://127.0.0.1:9/x"})
    assert away.returncode == 1
    assert "fail  database" in away.stdout
