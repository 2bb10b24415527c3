"""The project itself: its layers, its settings, its documents."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from project.cli import app
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()


def test_imports_point_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIMEZONE", "Mars/Olympus"),
        ("CURRENCY", "dollars"),
        ("DATABASE_POOL_MAX", "0"),
        ("DATABASE_STATEMENT_TIMEOUT", "1e400"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_an_invalid_setting_is_named(name: str, value: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "project.cli", "db", "url"],
        cwd=ROOT,
        env={name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"The setting {name} '{value}' is invalid")
    assert "Traceback" not in done.stderr


def test_links_in_the_documents_lead_somewhere() -> None:
    for document in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
            assert "://" in target or (document.parent / target).exists(), (document, target)


def test_commands_of_the_readme_exist() -> None:
    shown = set(re.findall(r"ad-metrics ((?:db )?[a-z]+)", README))
    assert {"demo", "load", "heartbeat"} <= shown
    for command in shown:
        assert app.main([*command.split(), "--help"], standalone_mode=False) == 0, command


def test_the_readme_installs_what_its_commands_need() -> None:
    uv = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["uv"]
    assert uv["default-groups"] == []
    assert "uv run ad-metrics demo" in README
    assert re.findall(r"uv run (.*)pytest", README) == ["--group dev "] * 2
