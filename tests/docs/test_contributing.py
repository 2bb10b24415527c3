"""CONTRIBUTING.md names files, commands and tests that there are."""

import re
import shlex

import pytest
from aerich.cli import cli

from tests.conftest import ROOT
from tests.extension import campaign, test_one_more_of_each

TEXT = (ROOT / "CONTRIBUTING.md").read_text()
PATHS = sorted(set(re.findall(r"`((?:project|tests|docs|migrations|\.)[\w./]*)`", TEXT)))
KINDS = [
    "metric",
    "measure",
    "dimension",
    "date preset",
    "load preset",
    "format",
    "kind of chart",
    "command",
    "setting",
    "dependency",
    "panel",
    "migration",
]


def section(kind: str) -> str:
    return TEXT.partition(f"\n### A {kind}\n")[2].partition("\n##")[0]


@pytest.mark.parametrize("path", PATHS)
def test_every_path_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_kind_has_its_section_with_files() -> None:
    assert re.findall(r"^### A (.+)$", TEXT, re.MULTILINE) == KINDS
    for kind in KINDS:
        assert re.search(r"`(project|tests)/|migrations/|`pyproject.toml`", section(kind)), kind


@pytest.mark.parametrize("kind", test_one_more_of_each.ADDITIONS)
def test_what_is_added_is_in_the_files_that_its_section_names(kind: str) -> None:
    for path, old, _ in test_one_more_of_each.ADDITIONS[kind]:
        # A new file has a name of its own.
        named = f"`{path}`" if old else f"`{path.rpartition('/')[0]}/`"
        assert named in section(kind), path


def test_a_dimension_and_a_measure_touch_the_files_that_their_sections_name() -> None:
    named = set(re.findall(r"`(project/[\w/]+\.py)`", section("dimension") + section("measure")))
    assert named == set(campaign.FILES)


def test_one_command_runs_every_check_that_is_named() -> None:
    ci = (ROOT / ".ci" / "run").read_text()
    for check in ("ruff check", "ruff format", "mypy", "lint-imports", "pytest"):
        assert f"uv run {check}" in ci
        assert f"uv run {check}" in TEXT


def test_the_options_of_aerich_exist() -> None:
    commands = re.findall(r"uv run (aerich .+?)(?: &&|$)", TEXT, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        _, subcommand, *arguments = shlex.split(command)
        options = {option for parameter in cli.commands[subcommand].params for option in parameter.opts}
        assert options >= {argument for argument in arguments if argument.startswith("--")}, command


def test_scopes_are_folders() -> None:
    scopes = re.search(r"folders of `project/` \(`([\w ]+)`\)", TEXT)
    assert scopes
    folders = {path.name for path in (ROOT / "project").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert set(scopes[1].split()) == folders
