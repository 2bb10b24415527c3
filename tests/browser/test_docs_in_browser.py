"""`/docs` in Chromium: every GET is executed as it stands there, and answers 200."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import Opened
from tests.support.hosting import Service, hosted, load_nothing

pytestmark = pytest.mark.slow

PATHS = {
    "list_rows": {}, "one_row": {"id": "{row}"}, "rows_file": {"format": "csv"},
    "report": {}, "plan": {}, "report_file": {"format": "csv"},
    "list_changes": {"since": "12"}, "changes_file": {"since": "12", "format": "csv"}, "maturity": {}, "list_loads": {},
    "list_dimensions": {}, "list_labels": {"name": "platform"}, "catalog": {},
    "views": {}, "view_by_name": {"name": "weekly-spend"},
    "ingests": {}, "ingest_by_id": {"ingest_id": "1"},
    "live": {}, "ready": {}, "metrics": {},
}  # fmt: skip
"""Each operation, and what its path needs."""


@pytest.fixture(scope="module")
def service(reports_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with hosted(reports_database, tmp_path_factory.mktemp("docs"), workers=1, INGEST_HTTP="true") as service:
        load_nothing(service)
        view = {"title": "Weekly spend", "query": "date_preset=last_week"}
        httpx.put(f"{service.site}/v1/views/weekly-spend", json=view).raise_for_status()
        yield service


async def test_every_get_answers_as_it_stands(service: Service, opened: Opened) -> None:
    row = service.get("/v1/ad-metrics?limit=1").json()["data"][0]["id"]
    async with opened(f"{service.site}/docs") as page:
        blocks = page.locator(".opblock-get")
        assert await blocks.count() == len(PATHS)
        for operation, needed in PATHS.items():
            block = page.locator(f"[id$='-{operation}']")
            await tried(block)
            for name, value in needed.items():
                await fill(block, name, value.format(row=row))
            assert await executed(block) == 200, operation
            # What is open is drawn anew with every key.
            await block.locator(".opblock-summary-control").click()


async def test_values_are_sent_as_they_are_chosen(service: Service, opened: Opened) -> None:
    async with opened(f"{service.site}/docs") as page:
        block = page.locator("[id$='-report']")
        await tried(block)
        await parameter(block, "group_by").locator("select").select_option(["week", "platform"])
        await parameter(block, "metrics").locator("select").select_option(["cost", "ctr"])
        await parameter(block, "totals").locator("select").select_option("true")
        await parameter(block, "compare_to").locator("input").fill("previous_year")
        await parameter(block, "date_from").locator("input").fill("2024-02-01")
        await parameter(block, "date_to").locator("input").fill("2024-03-31")
        await parameter(block, "min_cost").locator("input").fill("0.5")
        await parameter(block, "platform").get_by_role("button", name="Add").click()
        await parameter(block, "platform").locator("input").fill("facebook")
        assert await executed(block) == 200
        url = await block.locator(".request-url pre").inner_text()
        for part in (
            "group_by=week&group_by=platform",
            "metrics=cost&metrics=ctr",
            "min_cost=0.5",
            "platform=facebook",
        ):
            assert part in url


async def test_dark_screens(service: Service, opened: Opened) -> None:
    for scheme in ("light", "dark"):
        async with opened(f"{service.site}/docs", color_scheme=scheme) as page:
            color = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
            assert ("28, 32, 34" in color) == (scheme == "dark")


async def tried(block: Locator) -> None:
    await block.locator(".opblock-summary-control").click()
    await block.get_by_role("button", name="Try it out").click()


def parameter(block: Locator, name: str) -> Locator:
    return block.locator(f"tr[data-param-name='{name}']")


async def fill(block: Locator, name: str, value: str) -> None:
    field = parameter(block, name).locator("select, input")
    if await field.evaluate("field => field.localName") == "select":
        await field.select_option(value)
    else:
        await field.fill(value)


async def executed(block: Locator) -> int:
    await block.get_by_role("button", name="Execute").click()
    status = block.locator(".live-responses-table .response-col_status").last
    await expect(status).to_have_text(re.compile(r"\d{3}"), timeout=20_000)
    return int((await status.inner_text())[:3])
