"""Links in the documents lead somewhere, also to a heading."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
LINKS = [
    (document, target)
    for document in DOCUMENTS
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    if "://" not in target
]


@pytest.mark.parametrize(("document", "target"), LINKS, ids=[f"{link[0].stem}→{link[1]}" for link in LINKS])
def test_a_link_leads_somewhere(document: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    file = document.parent / path if path else document
    assert file.exists()
    if anchor:
        assert anchor in headings(file.read_text())


def headings(text: str) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
