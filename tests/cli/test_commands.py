"""`ad-metrics`, in real processes."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from project import __version__
from project.jobs.heartbeat_log import last_beat
from project.jobs.leader_election import lock_for
from tests.support.processes import AD_METRICS, run
from tests.support.records import record, write

pytestmark = pytest.mark.slow


async def test_a_load_reports_its_result_and_is_listed(database: str, tmp_path: Path) -> None:
    file = write(tmp_path / "march.csv", [record()])
    done = run([*AD_METRICS, "load", str(file)], DATABASE_URL=database)
    assert done.returncode == 0
    assert done.stderr.startswith("march.csv: text separated by commas, read as canonical\n  date ← date\n")
    assert "read 1 rows of march.csv" in done.stdout
    assert "1 inserted, 0 changed, 0 unchanged" in done.stdout
    repeated = run([*AD_METRICS, "load", "-", "--json"], stdin=gzip.compress(file.read_bytes()), DATABASE_URL=database)
    assert repeated.returncode == 0
    report = json.loads(repeated.stdout)
    assert (report["rows_read"], report["unchanged"], report["data_version"]) == (1, 1, 1)
    listed = run([*AD_METRICS, "loads"], DATABASE_URL=database).stdout.splitlines()
    assert len(listed) == 2
    assert "standard input" in listed[0]
    assert "march.csv" in listed[1]


async def test_options_of_a_load_are_applied(database: str, tmp_path: Path) -> None:
    renamed = {"date": "Day", "cost": "Spend"}
    fields = record(date="3/1/2024", cost="1.10")
    del fields["platform"], fields["likes"]
    file = write(tmp_path / "a.csv", [fields], [renamed.get(name, name) for name in fields])
    command = [*AD_METRICS, "load", str(file), "--map", "date=Day", "--map", "cost=Spend", "--set", "platform=tiktok",
               "--set", "likes=0", "--date-format", "%m/%d/%Y"]  # fmt: skip
    dry = run([*command, "--dry-run"], DATABASE_URL=database)
    assert dry.returncode == 0
    assert dry.stdout.endswith("a dry run: nothing was kept\n")
    assert run(command, DATABASE_URL=database).returncode == 0
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT sum(cost)::text FROM fact_ad_metrics_daily") == "1.100000"
    await connection.close()


async def test_exit_codes_tell_refusals_usage_and_the_database(database: str, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [record(), record(date="tomorrow")])
    refused = run([*AD_METRICS, "load", str(file)], DATABASE_URL=database)
    assert refused.returncode == 1
    assert "a.csv, line 3: date 'tomorrow': not a date such as 2024-03-01" in refused.stdout
    assert "1 of 2 rows could not be read; nothing was loaded. --rejects FILE writes them" in refused.stderr
    for wrong in (
        ["load"],
        ["load", str(file), "--map", "cost"],
        ["load", str(file), "--set", "a=1", "--set", "a=2"],
        ["fly"],
    ):
        assert run([*AD_METRICS, *wrong], DATABASE_URL=database).returncode == 2
    away = run([*AD_METRICS, "load", str(file)], DATABASE_URL="postgresql://postgres@/x?host=/nowhere")
    assert away.returncode == 3
    assert "The database cannot be reached" in away.stderr
    for done in (refused, away):
        assert "Traceback" not in done.stderr


async def test_check_finds_damage_and_rebuild_repairs_it(database: str, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [record()])
    assert run([*AD_METRICS, "load", str(file)], DATABASE_URL=database).returncode == 0
    checked = run([*AD_METRICS, "check"], DATABASE_URL=database)
    assert (checked.returncode, checked.stdout.splitlines()) == (
        0, ["rollups     ok, 1 days", "ledger      ok", "labels      ok", "partitions  ok", "versions    ok"]
    )  # fmt: skip
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE rollup_ad_metrics_daily SET cost = cost + 1 WHERE grouping_set = 0")
    await connection.close()
    checked = run([*AD_METRICS, "check", "--from", "2024-03-01"], DATABASE_URL=database)
    assert checked.returncode == 1
    assert "2024-03-01: 2 rows are not what its facts sum to" in checked.stdout
    assert "`ad-metrics rollups rebuild` repairs rollups." in checked.stdout
    assert run([*AD_METRICS, "check", "--to", "2024-02-29"], DATABASE_URL=database).returncode == 0
    rebuilt = run([*AD_METRICS, "rollups", "rebuild"], DATABASE_URL=database)
    assert (rebuilt.returncode, rebuilt.stdout) == (0, "2024-03\nrebuilt the rollups of 1 days\n")
    assert run([*AD_METRICS, "check"], DATABASE_URL=database).returncode == 0
    for command in (["check"], ["rollups", "rebuild"]):
        wrong = run([*AD_METRICS, *command, "--from", "2024-03-02", "--to", "2024-03-01"], DATABASE_URL=database)
        assert wrong.returncode == 2
        away = run([*AD_METRICS, *command], DATABASE_URL="postgresql://postgres@/x?host=/nowhere")
        assert away.returncode == 3


async def test_heartbeat_writes_a_line_and_checks_the_last(database: str, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "heartbeat.log"
    settings = {"DATABASE_URL": database, "HEARTBEAT_LOG": str(log)}
    none = run([*AD_METRICS, "heartbeat", "--check"], **settings)
    assert none.returncode == 1
    assert "has no heartbeat" in none.stderr
    once = run([*AD_METRICS, "heartbeat"], **settings)
    assert once.returncode == 0, once.stderr
    assert once.stdout == log.read_text()
    assert " heartbeat ok next=" in once.stdout
    assert once.stdout.endswith(" by=hand\n")
    assert "database=ok" in once.stdout
    assert run([*AD_METRICS, "heartbeat", "--check"], **settings).returncode == 0
    with lock_for(log):
        assert run([*AD_METRICS, "heartbeat"], **settings).returncode == 0
    assert len(log.read_text().splitlines()) == 2
    # As on a full disk: no file may grow beyond the KiB that this one has.
    (tmp_path / "full.log").write_text("\n" * 1024)
    limited = ["bash", "-c", 'ulimit -f 1; exec "$@"', "bash", *AD_METRICS, "heartbeat"]
    full = run(limited, DATABASE_URL=database, HEARTBEAT_LOG=str(tmp_path / "full.log"))
    assert full.returncode == 1
    assert "could not be written" in full.stderr
    old = datetime.now(UTC) - timedelta(hours=7)
    log.write_text(f"{old.isoformat()} heartbeat ok next={(old + timedelta(hours=6)).isoformat()} database=ok\n")
    late = run([*AD_METRICS, "heartbeat", "--check"], **settings)
    assert late.returncode == 1
    assert "late" in late.stderr
    away = run(
        [*AD_METRICS, "heartbeat"], HEARTBEAT_LOG=str(log), DATABASE_URL="postgresql://postgres@/x?host=/nowhere"
    )
    assert away.returncode == 0
    assert " heartbeat degraded " in away.stdout
    assert "database=away" in away.stdout
    assert "FileNotFoundError: [Errno 2] No such file or directory, at /nowhere" in away.stderr
    assert last_beat(log).facts["database"] == "away"


def test_it_says_its_version() -> None:
    done = run([*AD_METRICS, "--version"])
    assert (done.returncode, done.stdout) == (0, f"ad-metrics {__version__}\n")
