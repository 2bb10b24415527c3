"""docs/exports.md: its recipes read a live service, and come to the same sums."""

import math
import re
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.hosting import hosted
from tests.support.model import FACTS
from tests.support.processes import run

pytestmark = pytest.mark.slow

SITE = "http://127.0.0.1:8000"
RECIPES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "exports.md").read_text(), re.DOTALL)


def test_every_recipe(facts_database: str, tmp_path: Path) -> None:
    assert len(RECIPES) == 4
    cost = sum(fact["cost"] for fact in FACTS)
    with hosted(facts_database, tmp_path, workers=1) as service:
        # In a process of their own: the libraries say farewell on standard error.
        script = "\n".join(f"{recipe}\nprint(repr(cost))" for recipe in RECIPES)
        done = run([sys.executable, "-c", script.replace(SITE, service.site)])
    assert done.returncode == 0, done.stderr
    found = [Decimal(re.sub(r"[^\d.]", "", line.removeprefix("np.float64"))) for line in done.stdout.splitlines()]
    csv_of_pandas, csv_of_polars, *exact = found
    assert math.isclose(csv_of_pandas, cost)
    assert math.isclose(csv_of_polars, cost)
    assert exact == [cost, cost]
