"""docs/api.md: the script that keeps a copy by `/v1/changes` alone has what the service has, after every load."""

import random
import re
import sys
from pathlib import Path

import pytest

from project.catalog import MEASURE_NAMES
from tests.conftest import ROOT
from tests.support.hosting import hosted
from tests.support.processes import run
from tests.support.records import loaded, record, write

pytestmark = pytest.mark.slow

SITE = "http://127.0.0.1:8000"
[SCRIPT] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL)
CHECK = f"""
import sys
copy, version = pd.DataFrame(columns=["date", "platform", *MEASURES]).set_index(["date", "platform"]), 0
for _ in sys.stdin:
    copy, version = update(copy, version)
    report = requests.get(f"{{SITE}}/v1/reports?group_by=date,platform&limit=1000&metrics={",".join(MEASURE_NAMES)}").json()
    there = pd.DataFrame(report["data"]).set_index(["date", "platform"]).sort_index()
    same = (copy[list(there.columns)].astype(float) == there.astype(float)).all(axis=None)
    print(len(there), len(copy), bool(same), flush=True)
"""


async def test_a_copy_follows_loads(database: str, tmp_path: Path) -> None:
    assert SCRIPT.count("\n") <= 26
    dice = random.Random(3)
    for number in range(4):
        rows = [
            record(date=f"2024-03-{day:02}", platform=platform, clicks=dice.randrange(100), cost=dice.randrange(50))
            for day in range(1 + 3 * number, 8 + 3 * number)
            for platform in ("facebook", "tiktok")
            if dice.random() < 0.8
        ]
        await loaded(database, write(tmp_path / "a.csv", rows), replace=True)
        with hosted(database, tmp_path, workers=1) as service:
            script = SCRIPT.replace(SITE, service.site) + CHECK
            done = run(
                [sys.executable, "-W", "ignore", "-c", script.replace("for _ in sys.stdin:", "for _ in range(2):")]
            )
        assert done.returncode == 0, done.stderr
        first, second = done.stdout.splitlines()
        there, copied, same = first.split()
        assert (there, same) == (copied, "True")
        assert second == first
