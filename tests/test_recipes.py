"""docs/exports.md: its recipes read a live service, and come to the same sums."""

import math
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.model import FACTS
from tests.service.hosting import hosted

pytestmark = pytest.mark.slow

SITE = "http://127.0.0.1:8000"
RECIPES = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "exports.md").read_text(), re.DOTALL)


def test_every_recipe(facts_database: str, tmp_path: Path) -> None:
    assert len(RECIPES) == 4
    cost = sum(fact["cost"] for fact in FACTS)
    with hosted(facts_database, tmp_path, workers=1) as service:
        for recipe in RECIPES:
            names: dict[str, Any] = {}
            exec(recipe.replace(SITE, service.site), names)
            found = names["cost"]
            assert found == cost if isinstance(found, Decimal) else math.isclose(found, cost), recipe
