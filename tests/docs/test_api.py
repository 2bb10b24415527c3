"""docs/api.md: the service answers as the guide says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from project.ingest.load import load
from project.ingest.options import Options
from project.settings import Settings
from tests.conftest import ROOT, Client

GUIDE = (ROOT / "docs" / "api.md").read_text()
EXAMPLES = re.findall(r"```sh\ncurl 'http://127\.0\.0\.1:8000([^']+)'\n```\n```json\n(.*?)```", GUIDE, re.DOTALL)


async def test_every_answer_of_the_guide(serving: Client, database: str, tmp_path: Path) -> None:
    [facts] = re.findall(r"```csv\n(.*?)```", GUIDE, re.DOTALL)
    (tmp_path / "ads.csv").write_text(facts)
    await load([tmp_path / "ads.csv"], Options(), Settings(database_url=database), notify=lambda _: None)
    assert len(EXAMPLES) >= 9
    async with serving(database) as client:
        for path, expected in EXAMPLES:
            answer = await client.get(path)
            assert like(answer.json(), json.loads(expected)), f"{path}\n{json.dumps(answer.json(), indent=1)}"


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
