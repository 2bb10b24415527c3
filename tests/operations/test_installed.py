"""The wheel in a virtual environment of its own, outside the project: from nothing to rows by the commands it names."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT
from tests.support.processes import eventually, free_port, run, started
from tests.support.records import record, write

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(directory)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    [path] = directory.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel; what it depends on is that of the tests."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
    uv = os.environ.get("UV") or shutil.which("uv")
    assert uv, "the project needs uv"
    python = environment / "bin" / "python"
    install = [uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", str(python), str(wheel)]
    for command in ([uv, "venv", "--quiet", "--python", sys.executable, str(environment)], install):
        subprocess.run(command, capture_output=True, check=True)
    [packages] = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return environment / "bin"


def test_the_wheel_has_one_package_with_every_migration(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [Path(name) for name in archive.namelist()]
    assert {path.parts[0] for path in names if not path.parts[0].endswith(".dist-info")} == {"project"}
    migrations = {path.name for path in names if path.parts[:3] == ("project", "migrations", "models")}
    assert migrations == {path.name for path in (ROOT / "migrations" / "models").glob("[0-9]*.py")}


def test_from_nothing_to_rows(programs: Path, empty_database: str, tmp_path: Path) -> None:
    settings = {
        "DATABASE_URL": empty_database,
        "HEARTBEAT_LOG": str(tmp_path / "heartbeat.log"),
        # Nothing of the clone is in the way, and the program is not on the PATH.
        "PYTHONPATH": "",
        "PATH": "/usr/bin:/bin",
    }
    doctor = run([str(programs / "ad-metrics"), "doctor"], cwd=tmp_path, **settings)
    assert doctor.returncode == 1
    [advice] = re.findall(r"Run `(.+ db upgrade)`\.", doctor.stdout)
    upgraded = run(["sh", "-c", advice], cwd=tmp_path, **settings)
    assert (upgraded.returncode, upgraded.stderr) == (0, "")
    load = [str(programs / "ad-metrics"), "load", str(write(tmp_path / "a.csv", [record()]))]
    loaded = run(load, cwd=tmp_path, **settings)
    assert loaded.returncode == 0, loaded.stderr
    well = run([str(programs / "ad-metrics"), "doctor"], cwd=tmp_path, **settings)
    assert "ok    migrations  None is pending." in well.stdout
    port = free_port()
    serve = [str(programs / "python"), "-m", "uvicorn", "project.main:app", "--port", str(port)]
    with started(serve, tmp_path / "out", cwd=tmp_path, **settings):
        rows = eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/v1/ad-metrics"), what="an answer").json()
    assert len(rows["data"]) == 1
