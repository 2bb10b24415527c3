"""Charts of dates that have not settled: they look it, and the caption says so."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from project.charts.theme import PAPER
from tests.charts.test_charts import SVG, marks, rendered
from tests.conftest import Client
from tests.support.history import History, write_histories

pytestmark = pytest.mark.slow


async def test_dates_that_have_not_settled_are_dashed(database: str, serving: Client, tmp_path: Path) -> None:
    histories = (History("instagram", [60, 80, 95, 100]), History("tiktok", [80, 100], final=400))
    await write_histories(database, tmp_path, *histories)
    async with serving(database) as client:
        for query, caption, expected in (
            ("group_by=date&date_from=2024-05-25&date_to=2024-06-02", "Dashed: not settled yet, from Wed 29 May 2024", (3, 3)),
            ("group_by=date,platform&date_from=2024-05-25", "Dashed: not settled yet, from Wed 29 May 2024", (6, 6)),
            ("group_by=date&date_from=2024-05-25&platform=tiktok", "Dashed: not settled yet, from Fri 31 May 2024", (1, 1)),
            ("group_by=date&date_from=2024-05-25&compare_to=previous_period", "Dashed: not settled yet, from Wed 29 May 2024", (3, 3)),
            ("group_by=week&date_from=2024-04-29", "Dashed: week of 27 May 2024 has 5 of its 7 days; not settled yet, from week of 27 May 2024", (1, 1)),
            ("group_by=date&date_from=2024-05-31", "Hollow: not settled yet, from Fri 31 May 2024", (0, 1)),
            # All of them.
            ("group_by=date&date_from=2024-05-29", "Dashed: not settled yet, from Wed 29 May 2024", (2, 3)),
            ("group_by=date&date_to=2024-05-28&date_from=2024-05-20", "", (0, 0)),
            ("group_by=platform&date_from=2024-05-25", "", (0, 0)),
            ("group_by=date&as_of=1510&date_from=2024-05-25", "", (0, 0)),
        ):  # fmt: skip
            svg = await rendered(client, f"metrics=conversions&{query}")
            text = svg.get("aria-label", "")
            assert caption in text if caption else "settled" not in text, query
            assert (dashed(svg), hollow(svg)) == expected, query
            assert ("settled" in caption) == any("not settled yet" in mark for mark in marks(svg)), query
        svg = await rendered(client, "metrics=conversions&group_by=date&date_from=2024-05-25")
        assert {text for text in marks(svg) if "settled" in text} == {
            f"2024-05-{day}, not settled yet: {value:,}" for day, value in ((29, 1350), (30, 1200), (31, 920))
        }


def dashed(svg: ElementTree.Element) -> int:
    """Return how many parts of lines are dashed."""
    return sum("stroke-dasharray" in line.attrib for line in svg.iter(f"{SVG}line"))


def hollow(svg: ElementTree.Element) -> int:
    """Return how many points are hollow."""
    return sum(path.get("fill") == PAPER and path.get("stroke", "none") != "none" for path in svg.iter(f"{SVG}path"))
