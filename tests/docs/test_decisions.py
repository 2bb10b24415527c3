"""docs/decisions/: one decision a page, all in the index."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "docs" / "decisions"
PAGES = sorted(FOLDER.glob("0*.md"))


def test_the_index_has_every_page_in_order() -> None:
    index = re.findall(r"^(\d+)\. \[(.+)\]\((.+)\)$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert [name for _, _, name in index] == [page.name for page in PAGES]
    for number, title, name in index:
        assert name.startswith(f"{int(number):04}-")
        assert (FOLDER / name).read_text().startswith(f"# {number}. {title}\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_context_decision_and_consequences(page: Path) -> None:
    text = page.read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert 15 <= len(text.splitlines()) <= 30
    for path in re.findall(r"`(\w+(?:/\w+)+\.\w+)`", text):
        assert (ROOT / "project" / path).exists(), path
