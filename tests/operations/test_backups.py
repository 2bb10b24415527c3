"""Backups: the commands of `docs/operations.md`; a restored database gives the same answers, byte for byte."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from project.store.postgres.embedded import EmbeddedPostgres
from tests.conftest import ROOT
from tests.support.hosting import hosted
from tests.support.processes import AD_METRICS, AERICH, run
from tests.support.records import record, write

pytestmark = pytest.mark.slow

GUIDE = (ROOT / "docs" / "operations.md").read_text()
QUESTIONS = (
    "/v1/ad-metrics?limit=1000&sort=-cost,date",
    "/v1/ad-metrics?expand=region,platform&count=true",
    "/v1/reports?group_by=month,region&metrics=cost,ctr&totals=true",
    "/v1/dimensions/region?counts=true",
    "/v1/changes?since=1",
    "/v1/changes?since=0&group_by=load",
    "/v1/reports?group_by=date,platform&as_of=1",
    "/v1/loads",
)


@pytest.fixture
def directory(short_directory: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    path = short_directory / f"b{abs(hash(request.node.name)) % 10**6}"
    yield path
    for name in ("old", "new"):
        EmbeddedPostgres(path / name).destroy()


def shown(heading: str) -> list[str]:
    """Return the commands that the guide shows under a heading."""
    section = GUIDE.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]
    return [line for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) for line in block.splitlines() if line]


def answers(url: str, directory: Path) -> list[tuple[bytes, str]]:
    directory.mkdir(exist_ok=True)
    with hosted(url, directory, workers=1) as service:
        responses = [service.get(question) for question in QUESTIONS]
        assert {response.status_code for response in responses} == {200}
        return [(response.content, response.headers["etag"]) for response in responses]


def load_facts(server: EmbeddedPostgres, tmp_path: Path) -> None:
    server.start()
    settings = {"DATABASE_URL": server.url()}
    assert run([*AERICH, "upgrade"], **settings).returncode == 0
    days = [f"2024-{month:02}-{day:02}" for month in (2, 3) for day in range(1, 29)]
    rows = [
        record(
            date=day,
            region=f"Région {index}",
            impressions=index,
            clicks=1,
            cost=f"{index}.{index:02}",
            conversions=1,
            likes=0,
        )
        for day in days
        for index in range(9)
    ]
    # The second restates a day, which is history.
    for content in (rows, [rows[0] | {"clicks": 2}]):
        loaded = run([*AD_METRICS, "load", str(write(tmp_path / "a.csv", content))], **settings)
        assert loaded.returncode == 0, loaded.stderr


def execute(commands: list[str], **names: str) -> None:
    """Run commands of the guide with the embedded server's programs."""
    programs = Path(EmbeddedPostgres(ROOT / ".postgres").command("psql")).parent
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"} | names
    for command in commands:
        done = subprocess.run(command, shell=True, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stderr)


def test_a_dump_restores_to_the_same_answers(directory: Path, tmp_path: Path) -> None:
    directory.mkdir(mode=0o755)
    old, new = EmbeddedPostgres(directory / "old"), EmbeddedPostgres(directory / "new")
    load_facts(old, tmp_path)
    # Roles that the new server does not have.
    grant = "CREATE ROLE analyst; GRANT SELECT ON ALL TABLES IN SCHEMA public TO analyst; CREATE ROLE landlord;"
    owner = "ALTER TABLE dim_region OWNER TO landlord; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO analyst"
    assert run([*AD_METRICS, "db", "psql", "-c", grant + owner], DATABASE_URL=old.url()).returncode == 0
    before = answers(old.url(), tmp_path / "before")
    dump = str(tmp_path / "ad-metrics.dump")
    execute(shown("Dump"), DATABASE_URL=old.url(), DUMP=dump)
    old.stop()
    new.start()
    execute(shown("Restore"), NEW_DATABASE_URL=new.url(), DUMP=dump)
    assert answers(new.url(), tmp_path / "after") == before
    checked = run([*AD_METRICS, "check"], DATABASE_URL=new.url())
    assert checked.returncode == 0, checked.stdout
    # The next load continues the sequence of ids.
    more = write(tmp_path / "more.csv", [record(date="2024-04-01", region="Elsewhere")])
    assert run([*AD_METRICS, "load", str(more)], DATABASE_URL=new.url()).returncode == 0
    assert run([*AD_METRICS, "check"], DATABASE_URL=new.url()).returncode == 0


def test_a_base_backup_restores_to_the_same_answers(directory: Path, tmp_path: Path) -> None:
    directory.mkdir(mode=0o755)
    old = EmbeddedPostgres(directory / "old")
    load_facts(old, tmp_path)
    before = answers(old.url(), tmp_path / "before")
    backup = tmp_path / "base"
    execute(shown("Base backup"), DATABASE_URL=old.url("postgres"), BACKUP=str(backup))
    old.stop()
    owner = old.data.stat()
    shutil.rmtree(old.data)
    shutil.copytree(backup, old.data)
    for path in [old.data, *old.data.rglob("*")]:
        os.chown(path, owner.st_uid, owner.st_gid)
    old.start()
    assert answers(old.url(), tmp_path / "after") == before
