"""docs/api.md: the service answers as the guide says."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from project.catalog import DATE_PRESETS
from project.catalog.comparisons import COMPARISONS
from project.catalog.display import display_days
from project.ingest.load import load
from project.ingest.options import Options
from project.query.periods import Period, compare
from project.settings import Settings
from tests.conftest import ROOT, Client

GUIDE = (ROOT / "docs" / "api.md").read_text()
EXAMPLE = re.compile(r"```sh\ncurl 'http://127\.0\.0\.1:8000([^']+)'\n```\n```json\n(.*?)```", re.DOTALL)


async def test_every_answer_of_the_guide(serving: Client, database: str, tmp_path: Path) -> None:
    """Each file of the guide is loaded before the examples that follow it; those before it come first."""
    assert len(re.findall(EXAMPLE, GUIDE)) >= 12
    async with serving(database) as client:
        for facts, text in re.findall(r"```csv\n(.*?)```(.*?)(?=```csv|\Z)", GUIDE, re.DOTALL):
            (tmp_path / "ads.csv").write_text(facts)
            await load([tmp_path / "ads.csv"], Options(), Settings(database_url=database), notify=lambda _: None)
            for path, expected in re.findall(EXAMPLE, text):
                answer = await client.get(path)
                assert like(answer.json(), json.loads(expected)), f"{path}\n{json.dumps(answer.json(), indent=1)}"


def test_the_tables_of_comparisons_are_what_the_service_compares() -> None:
    today, loaded = date(2026, 11, 25), Period(date(2020, 1, 1), date(2026, 11, 24))
    rows = re.findall(r"^\| `?([^`|]+?)`? \| (.*) \|$", GUIDE.partition("## Compare")[2], re.MULTILINE)
    tables = {name: cells.split(" | ") for name, cells in rows if name[0].isalnum()}
    assert tables.keys() >= {*DATE_PRESETS, *COMPARISONS} - {"maximum", "previous_period"}
    for name, cells in tables.items():
        if name in ("days", "compare_to"):
            continue
        asked, other, preset = Period(date(2026, 11, 1), date(2026, 11, 24)), name, None
        if name in DATE_PRESETS:
            asked, other, preset = Period(*DATE_PRESETS[name](today)), "previous_period", name  # type: ignore[arg-type]
        elif " to " in name:
            asked, other = Period(*map(date.fromisoformat, name.split(" to "))), "previous_period"
        days = Period(*map(date.fromisoformat, name.split("/"))) if "/" in name else other
        pair = [compare(asked, loaded, days, preset=preset, match_weekdays=match) for match in (False, True)]
        previous = [written(one.previous) if one else "–" for one in pair]
        current = written(pair[0].current) if pair[0] else "nothing yet"
        assert cells == ([current, *previous] if other == "previous_period" else previous), name


def written(days: Period) -> str:
    """Return days as the guide writes them, with the year where it is not 2026."""
    return display_days(days.first, days.last, with_year={days.first.year, days.last.year} != {2026})


def like(answer: Any, expected: Any) -> bool:
    """Return whether an answer is what the guide shows; … stands for any text, and an estimate for any number."""
    if expected == "…":
        return isinstance(answer, str)
    if type(answer) is not type(expected):
        return False
    if isinstance(expected, dict):
        return answer.keys() == expected.keys() and all(
            name == "estimated_rows" or like(answer[name], expected[name]) for name in expected
        )
    if isinstance(expected, list):
        return len(answer) == len(expected) and all(map(like, answer, expected))
    return bool(answer == expected)


@pytest.mark.parametrize("answer", [{"a": 2}, {"a": 1, "b": 2}, {}, [1]])
def test_the_comparison_sees_differences(answer: Any) -> None:
    assert like({"a": "x"}, {"a": "…"})
    assert not like(answer, {"a": 1})
