"""`ad-metrics db`: the tables, and the embedded server."""

from pathlib import Path

import asyncpg
import pytest

from project.store.postgres import migrations
from project.store.postgres.embedded import EmbeddedPostgres
from tests.conftest import ROOT
from tests.support.processes import AD_METRICS, AERICH, run

pytestmark = pytest.mark.slow

FILES = (ROOT / "migrations" / "models").glob("[0-9]*.py")
NAMES = sorted((path.name for path in FILES), key=lambda name: int(name.split("_")[0]))


async def test_upgrade_status_and_downgrade_work_in_any_directory(empty_database: str, tmp_path: Path) -> None:
    def db(*arguments: str) -> tuple[int, str, str]:
        done = run([*AD_METRICS, "db", *arguments], cwd=tmp_path, DATABASE_URL=empty_database)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    code, said, _ = db("status")
    assert code == 0
    assert f"migrations  0 applied; {len(NAMES)} pending\n" in said
    assert "db upgrade` applies them." in said
    assert db("downgrade", "--yes") == (1, "", "No migration is applied.\n")
    assert db("upgrade") == (0, "".join(f"applied {name}\n" for name in NAMES), "")
    assert db("upgrade") == (0, "no migration is pending\n", "")
    connection = await asyncpg.connect(empty_database)
    version = await connection.fetchval("SHOW server_version")
    assert f"version     PostgreSQL {version}\n" in db("status")[1]
    assert f"the newest {NAMES[-1]}; 0 pending\n" in db("status")[1]
    code, said, error = db("downgrade")
    assert (code, error) == (1, "Nothing is changed: --yes confirms it.\n")
    assert said.startswith(f"Undoing {NAMES[-1]} drops ")
    assert await migrations.pending(connection) == []
    code, said, _ = db("downgrade", "--yes")
    assert (code, said.splitlines()[-1].split(";")[0]) == (0, f"undone {NAMES[-1]}")
    assert await migrations.pending(connection) == [NAMES[-1]]
    assert db("upgrade") == (0, f"applied {NAMES[-1]}\n", "")
    # A database of a newer release, of which this one knows no way back.
    await connection.execute("INSERT INTO aerich (version, app, content) VALUES ('99_next.py', 'models', '{}')")
    assert db("downgrade", "--yes") == (1, "", "99_next.py is of a newer release, which alone can undo it.\n")
    await connection.close()


async def test_refusals_of_postgresql_are_sentences(empty_database: str) -> None:
    away = run([*AD_METRICS, "db", "upgrade"], DATABASE_URL="postgresql://postgres@/x?host=/nowhere")
    assert away.returncode == 3
    assert away.stderr.startswith("The database cannot be reached.")
    assert run([*AD_METRICS, "db", "status"], DATABASE_URL="postgresql://postgres@/x?host=/nowhere").returncode == 3
    joined = "&" if "?" in empty_database else "?"
    nowhere = run([*AD_METRICS, "db", "upgrade"], DATABASE_URL=f"{empty_database}{joined}schema=nowhere")
    assert nowhere.returncode == 3
    assert nowhere.stderr.startswith("The schema that DATABASE_URL names does not exist; create it with CREATE SCHEMA.")
    connection = await asyncpg.connect(empty_database)
    await connection.execute("CREATE TABLE dim_date ()")
    refused = run([*AD_METRICS, "db", "upgrade"], DATABASE_URL=empty_database)
    assert refused.returncode == 1
    assert refused.stderr == 'PostgreSQL refuses the migration: relation "dim_date" already exists.\n'
    assert await migrations.applied(connection) == []
    await connection.close()


def test_db_controls_the_embedded_server(short_directory: Path) -> None:
    directory = short_directory / "cli"
    settings = {"EMBEDDED_POSTGRES_DIR": str(directory)}
    try:
        assert run([*AD_METRICS, "db", "status"], **settings).returncode == 3
        assert run([*AD_METRICS, "db", "stop"], **settings).stdout == "it was not running\n"
        assert run([*AD_METRICS, "db", "start"], **settings).returncode == 0
        up = run([*AD_METRICS, "db", "status"], **settings).stdout
        assert up.startswith("server      embedded, process ")
        assert f"{len(NAMES)} pending" in up
        url = run([*AD_METRICS, "db", "url"], **settings)
        assert url.stdout == EmbeddedPostgres(directory).url() + "\n"
        psql = run([*AD_METRICS, "db", "psql", "-tAc", "SELECT 6 * 7"], **settings)
        assert (psql.returncode, psql.stdout) == (0, "42\n"), psql.stderr
        assert run([*AD_METRICS, "db", "stop"], **settings).stdout == "stopped\n"
        # A command that needs the server starts it.
        upgraded = run([*AERICH, "upgrade"], **settings)
        assert upgraded.returncode == 0, upgraded.stderr
        assert "Success upgrading to" in upgraded.stdout
        none = run([*AD_METRICS, "loads"], **settings)
        assert (none.returncode, none.stdout, none.stderr) == (0, "", "Nothing has been loaded yet.\n")
        assert run([*AD_METRICS, "db", "status"], **settings).returncode == 0
    finally:
        EmbeddedPostgres(directory).destroy()
    assert not directory.exists()
    assert not EmbeddedPostgres(directory).data.exists()
