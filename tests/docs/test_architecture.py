"""docs/architecture.md names the code that there is."""

import re
import tomllib

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "project"
TEXT = (ROOT / "docs" / "architecture.md").read_text()
PATHS = sorted(set(re.findall(r"`(\w+(?:/\w+)*(?:/|\.\w+))`", TEXT)))
FOLDERS = sorted(
    f"{path.relative_to(PACKAGE)}/"
    for path in PACKAGE.rglob("*")
    if path.is_dir() and path.name != "__pycache__" and any(file.is_file() for file in path.iterdir())
)


@pytest.mark.parametrize("path", PATHS)
def test_every_path_exists(path: str) -> None:
    assert (PACKAGE / path).exists() or (ROOT / path).exists()


def test_every_folder_has_its_line() -> None:
    lines = re.findall(r"^\| `([\w/]+/)` \| (.+) \|$", TEXT, re.MULTILINE)
    assert sorted(name for name, _ in lines) == FOLDERS


def test_each_life_is_a_short_list_in_order() -> None:
    lives = re.findall(r"^## (A (?:request for rows|load|heartbeat))\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert [title for title, _ in lives] == ["A request for rows", "A load", "A heartbeat"]
    for title, life in lives:
        steps = re.findall(r"^(\d+)\. (.*)$", life, re.MULTILINE)
        assert [int(number) for number, _ in steps] == list(range(1, len(steps) + 1)), title
        assert 4 <= len(steps) <= 10, title
        assert all(re.search(r"`[\w/]+\.py`", step) for _, step in steps), title


def test_the_drawing_has_the_layers_that_are_enforced() -> None:
    drawing = re.search(r"```mermaid\n(.*?)```", TEXT, re.DOTALL)
    assert drawing
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    for contract in contracts:
        if contract["name"] in ("Layers of the project", "Layers of the store"):
            enforced = set(re.findall(r"\w+", " ".join(contract["layers"]))) - {"store"}
            assert enforced - set(re.findall(r"\w+", drawing[1])) == set(), contract["name"]
