"""`ad-metrics doctor`: what is wrong is said, with what to do about it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from project.doctor import Finding, examine
from project.jobs.heartbeat_log import Beat, append_line, keep_check, line_of
from project.logs import timestamp
from project.settings import Settings
from project.store.warehouse import partitions
from tests.processes import AD_METRICS, run


async def examined(settings: Settings) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    async for finding in examine(settings):
        found.setdefault(finding.name, []).append(finding)
        assert finding.advice or finding.state == "ok"
    return found


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database, heartbeat_log=tmp_path / "heartbeat.log", _env_file=None)


async def test_all_is_well(settings: Settings, connection: asyncpg.Connection) -> None:
    now = datetime.now(UTC)
    await partitions.ensure(connection, partitions.months_ahead(now.date()))
    append_line(settings.heartbeat_log, line_of(Beat(now, "ok", {"next": timestamp(now + timedelta(hours=6))})))
    keep_check(settings.heartbeat_log, Beat(now, "ok", {}, "check"))
    found = await examined(settings)
    assert {name: [one.state for one in findings] for name, findings in found.items()} == {
        name: ["ok"]
        for name in (
            "settings", "access", "disk", "log", "database", "migrations", "partitions", "heartbeat", "rollups",
        )
    }  # fmt: skip


async def test_what_is_wrong(
    settings: Settings, connection: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    env = settings.heartbeat_log.with_name(".env")
    env.write_text("DATABSE_URL=x\n# COMMENT=1\nLOG_LEVEL=INFO\n")
    monkeypatch.setitem(Settings.model_config, "env_file", str(env))
    monkeypatch.setattr("project.doctor.LEAST_FREE", 1 << 80)
    late = Beat(now - timedelta(hours=9), "ok", {"next": timestamp(now - timedelta(hours=3))})
    append_line(settings.heartbeat_log, line_of(late))
    keep_check(settings.heartbeat_log, Beat(now, "failed", {"rollups": "2_wrong"}, "check"))
    await connection.execute("DELETE FROM aerich WHERE version LIKE '4%'")
    found = await examined(settings.model_copy(update={"api_allow_anonymous": True, "heartbeat_cron": "daily"}))
    assert found["settings"][0].detail == "`.env` has DATABSE_URL, which is no setting."
    assert found["settings"][0].advice == "Did you mean DATABASE_URL?"
    assert "'daily' is not a cron expression" in found["settings"][1].detail
    assert found["access"][0].state == "warn"
    assert found["disk"][0].state == "warn"
    assert found["migrations"][0].detail.startswith("Pending: 4_")
    assert found["migrations"][0].advice == "Run `aerich upgrade`."
    assert "late" in found["heartbeat"][0].detail
    assert "rollups=2_wrong" in found["rollups"][0].detail


async def test_partitions_and_sample_data(settings: Settings, connection: asyncpg.Connection) -> None:
    await connection.execute("UPDATE data_version SET sample = true")
    found = await examined(settings)
    assert found["partitions"][0].state == "warn"
    assert "fact_ad_metrics_daily_" in found["partitions"][0].detail
    assert found["data"][0].detail == "The facts are sample data, made up."


async def test_a_database_that_is_away(settings: Settings, tmp_path: Path) -> None:
    found = await examined(settings.model_copy(update={"database_url": "postgresql://u:swordfish@127.0.0.1:9/x"}))
    assert found["database"][0].state == "fail"
    assert "swordfish" not in str(found)
    embedded = settings.model_copy(update={"database_url": None, "embedded_postgres_dir": tmp_path / "pg"})
    found = await examined(embedded)
    assert found["database"][0].advice.startswith("`ad-metrics db start`")
    assert not (tmp_path / "pg").exists()


@pytest.mark.slow
def test_the_command(settings: Settings) -> None:
    given = {"DATABASE_URL": str(settings.database_url), "HEARTBEAT_LOG": str(settings.heartbeat_log)}
    done = run([*AD_METRICS, "doctor"], **given)
    assert done.returncode == 0, done.stdout
    assert "ok    database    PostgreSQL" in done.stdout
    away = run([*AD_METRICS, "doctor"], **given | {"DATABASE_URL": "postgresql://127.0.0.1:9/x"})
    assert away.returncode == 1
    assert "fail  database" in away.stdout
