"""docs/glossary.md: each term in a line or two, with the file that defines it."""

import re

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "glossary.md").read_text()
ENTRIES = re.findall(r"^- \*\*(.+?)\*\*(.*?)(?=^- |^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
TERMS = {
    "Dimension", "Measure", "Metric", "Formula", "Grain", "Bucket", "Grouping set", "Rollup", "Base", "Snapshot",
    "Data version", "Fact", "Natural key", "Facet", "Date preset", "Load preset", "Dry run", "Reject", "Dictionary",
    "Staging", "Leader", "Slot", "Heartbeat", "Record", "Label", "Cursor", "Problem",
}  # fmt: skip


def test_the_terms_are_there() -> None:
    terms = [term for term, _ in ENTRIES]
    assert set(terms) >= TERMS
    # A term of two meanings says which.
    assert sorted({term for term in terms if terms.count(term) > 1}) == ["Report", "Slot"]


@pytest.mark.parametrize(("term", "entry"), ENTRIES, ids=[f"{term}{index}" for index, (term, _) in enumerate(ENTRIES)])
def test_an_entry_is_short_and_names_its_file(term: str, entry: str) -> None:
    assert len(entry.strip().splitlines()) <= 2
    paths = re.findall(r"`([\w/]+\.py)`", entry)
    assert paths, term
    for path in paths:
        assert (ROOT / "project" / path).exists(), path
