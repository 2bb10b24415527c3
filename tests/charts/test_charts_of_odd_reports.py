"""Pictures of odd reports: unusual labels, days without data, bounds, orders, and too many marks."""

import re
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from tests.charts.test_charts import marks, rendered
from tests.conftest import Client
from tests.support.records import loaded, record, write

pytestmark = pytest.mark.slow

COSTS = {
    ("2024-03-01", "Zug"): 100, ("2024-03-02", "Zug"): 1,
    ("2024-03-01", "4 others"): 60, ("2024-03-02", "4 others"): 60,
    ("2024-03-01", "bad\x01x"): 9, ("2024-03-02", '<b>"&\''): 30,
    ("2024-02-28", "Zug"): 7, ("2024-03-01", "last"): 5,
}  # fmt: skip


@pytest.fixture
async def odd(database: str, serving: Client, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    rows = [
        record(date=day, region=region, platform="tiktok" if cost > 50 else "bing", cost=cost, conversions=1, likes=1)
        for (day, region), cost in COSTS.items()
    ]
    await loaded(database, write(tmp_path / "odd.csv", rows))
    async with serving(database) as client:
        yield client


async def test_labels_with_any_characters(odd: httpx.AsyncClient) -> None:
    texts = marks(await rendered(odd, "group_by=region&metrics=cost&date_from=2024-03-01"))
    assert set(texts) == {
        "Zug: 101.00 USD", "4 others: 120.00 USD", "bad\N{REPLACEMENT CHARACTER}x: 9.00 USD",
        "<b>\"&': 30.00 USD", "Last: 5.00 USD",
    }  # fmt: skip
    svg = await rendered(odd, "group_by=platform&metrics=cost&exclude_region=bad%01x")
    assert "without region: bad\N{REPLACEMENT CHARACTER}x" in svg.get("aria-label", "")


async def test_a_label_that_equals_the_name_of_the_others_is_its_own_group(odd: httpx.AsyncClient) -> None:
    texts = marks(await rendered(odd, "group_by=region&metrics=cost&date_from=2024-03-01&limit=1"))
    assert set(texts) == {"4 others: 120.00 USD", "(4 others): 145.00 USD"}


async def test_a_picture_has_the_order_of_its_report(odd: httpx.AsyncClient) -> None:
    async def first(query: str) -> str:
        svg = await rendered(odd, f"group_by=region&date_from=2024-03-01&limit=1&metrics=cost&{query}")
        [name] = [title.split(":")[0] for title in marks(svg) if not title.startswith("(4")]
        return name

    assert await first("") == "4 others"
    assert await first("sort=cost") == "Last"
    assert await first("sort=-region") == "Last"
    # Series are sorted by their sums, not by their largest value.
    svg = await rendered(odd, "group_by=date,region&date_from=2024-03-01&limit=1&metrics=cost&sort=-cost")
    assert {title.split(", ")[1].split(":")[0] for title in marks(svg)} == {"4 others", "(4 others)"}


async def test_groups_outside_the_bounds_are_not_shown_as_zero(odd: httpx.AsyncClient) -> None:
    texts = marks(await rendered(odd, "group_by=date&metrics=cost&min_cost=92&date_from=2024-03-01"))
    assert set(texts) == {"2024-03-01: 174.00 USD"}


async def test_days_that_are_not_loaded_yet_are_not_shown_as_zero(odd: httpx.AsyncClient) -> None:
    svg = await rendered(odd, "group_by=date&metrics=cost&date_from=2024-02-28&date_to=2024-03-06&fill=true")
    texts = marks(svg)
    assert "2024-02-29: 0.00 USD" in texts
    assert not [title for title in texts if title > "2024-03-03"]
    assert "lowest 0.00 USD (2024-02-29)" in svg.get("aria-label", "")


@pytest.mark.parametrize(
    ("query", "sentences"),
    [
        ("week&date_from=2024-02-20", ["week of 26 Feb 2024 has 4 of its 7 days"]),
        ("month", ["Feb 2024 has 2 of its 29 days", "Mar 2024 has 2 of its 31 days"]),
        ("year&date_to=2024-12-31", ["2024 has 4 of its 366 days"]),
        ("quarter&date_from=2023-01-01&date_to=2023-12-31", []),
        ("date", []),
    ],
)
async def test_incomplete_units_are_named(odd: httpx.AsyncClient, query: str, sentences: list[str]) -> None:
    svg = await rendered(odd, f"metrics=cost&group_by={query}")
    assert (
        re.findall(r"(?:Dashed: |Hollow: |; )([^;:.]+ has \d+ of its \d+ days)", svg.get("aria-label", "")) == sentences
    )


async def test_the_lowest_value_is_that_of_all_groups(odd: httpx.AsyncClient) -> None:
    svg = await rendered(odd, "group_by=region&metrics=cost&date_from=2024-03-01&limit=1")
    alt = svg.get("aria-label", "")
    assert "highest 120.00 USD (4 others), lowest 5.00 USD (last)" in alt


async def test_too_many_marks_are_refused(odd: httpx.AsyncClient) -> None:
    days = "date_from=2000-01-01&compare_to=previous_year"
    answer = await odd.get(f"/v1/reports?group_by=date,region&{days}&format=svg")
    assert answer.status_code == 422
    [fault] = answer.json()["errors"]
    assert (fault["code"], fault["suggestions"]) == ("too_many_marks", ["group_by=week,region"])
    assert Decimal(fault["detail"].split()[4].replace(",", "")) > 10_000


async def test_a_previous_period_before_all_data_is_not_shown_as_zero(odd: httpx.AsyncClient) -> None:
    days = "date_from=2024-03-01&date_to=2024-03-02&compare_to=previous_period"
    texts = marks(await rendered(odd, f"group_by=date&metrics=cost&{days}"))
    assert set(texts) == {
        "2024-03-01, this period: 174.00 USD", "2024-03-02, this period: 91.00 USD",
        "2024-03-01, previous period: 7.00 USD", "2024-03-02, previous period: 0.00 USD",
    }  # fmt: skip
    page = await odd.get("/?date_from=2024-02-28&date_to=2024-03-06")
    assert "The data begins 2024-02-28, after the previous period does" in page.text
    assert "The data ends 2024-03-02" in page.text
