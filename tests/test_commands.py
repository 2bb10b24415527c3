"""Commands in messages are those that their reader can type."""

import sys
from pathlib import Path

import pytest

from project import commands
from project.commands import typed


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A virtual environment that is not active, of an installed package."""
    for program in ("bin/python", "bin/ad-metrics", "bin/uvicorn", "elsewhere/bin/ad-metrics"):
        path = tmp_path / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o755)
    monkeypatch.delenv("UV_RUN_RECURSION_DEPTH", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "bin/ad-metrics"), "doctor"])
    monkeypatch.setattr(commands, "_CLONE", tmp_path)
    return tmp_path


def test_an_active_environment_needs_no_more(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{environment}/bin:/usr/bin")
    (environment / "pyproject.toml").touch()
    assert typed("ad-metrics db upgrade") == "ad-metrics db upgrade"


def test_a_link_to_the_program_is_the_program(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (environment / "links").mkdir()
    (environment / "links/ad-metrics").symlink_to(environment / "bin/ad-metrics")
    monkeypatch.setenv("PATH", f"{environment}/links")
    assert typed("ad-metrics load") == "ad-metrics load"


def test_uv_runs_it_in_a_clone(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (environment / "pyproject.toml").touch()
    assert typed("ad-metrics load") == "uv run ad-metrics load"
    # As `uv run` starts it: its own PATH has the program, the shell's has not.
    monkeypatch.setenv("PATH", f"{environment}/bin:/usr/bin")
    monkeypatch.setenv("UV_RUN_RECURSION_DEPTH", "1")
    assert typed("ad-metrics load") == "uv run ad-metrics load"


@pytest.mark.parametrize("path", ["/usr/bin", "elsewhere/bin"])
def test_a_program_that_was_run_by_its_path_keeps_it(
    environment: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("PATH", str(environment / path))
    assert typed("ad-metrics db upgrade") == f"{environment}/bin/ad-metrics db upgrade"
    assert typed("ad-metrics") == f"{environment}/bin/ad-metrics"


def test_a_service_tells_its_clients_no_path(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", [str(environment / "bin/uvicorn"), "project.main:app"])
    assert typed("ad-metrics db upgrade") == "ad-metrics db upgrade"
