"""docs/loading.md: the loader prints for each file what the guide shows."""

import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.processes import AD_METRICS, run
from tests.support.terminal import answered

GUIDE = (ROOT / "docs" / "loading.md").read_text()
EXAMPLES = re.findall(r"```csv (\S+)\n([^`]*)```\n```sh\nuv run ad-metrics (.*?)\n```\n```\n(.*?)```", GUIDE, re.DOTALL)

SESSION = re.search(r"```csv (\S+)\n(.*?)```\n```console\n\$ uv run ad-metrics (.*?)\n(.*?)```", GUIDE, re.DOTALL)

pytestmark = pytest.mark.slow


def test_the_guide_has_an_example_of_each_preset() -> None:
    assert [name for name, *_ in EXAMPLES] == ["meta.csv", "meta.jsonl", "google.csv", "tiktok.csv", "other.csv"]


async def test_the_session_of_the_guide(database: str, tmp_path: Path) -> None:
    assert SESSION
    name, content, command, session = SESSION.groups()
    (tmp_path / name).write_text(content)
    answers = re.findall(r"^((?:A number|One label|Keep these|Its file).*: )(.+)$", session, re.MULTILINE)
    code, shown = answered([*AD_METRICS, *shlex.split(command)], answers, cwd=tmp_path, DATABASE_URL=database)
    assert code == 0, shown
    # The guide is of a clone, where commands begin with `uv run`.
    shown, session = shown.replace("uv run ", ""), session.replace("uv run ", "")
    position = 0
    for line in session.splitlines():
        if line != "…":
            position = shown.find(line, position)
            assert position >= 0, (line, shown)


@pytest.mark.parametrize(("name", "content", "command", "output"), EXAMPLES, ids=[name for name, *_ in EXAMPLES])
async def test_every_load_of_the_guide(
    database: str, tmp_path: Path, name: str, content: str, command: str, output: str
) -> None:
    (tmp_path / name).write_text(content)
    done = run([*AD_METRICS, *shlex.split(command)], cwd=tmp_path, DATABASE_URL=database)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(output)
    assert done.stdout.removeprefix(output).startswith("data version 1, ")
