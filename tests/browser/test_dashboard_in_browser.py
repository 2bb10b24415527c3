"""The page in Chromium, as an analyst uses it: filters, drill-down, downloads, keyboard, phone, dark, no script."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from project.catalog.display import display_label
from project.store import api_keys
from tests.browser.conftest import Opened, clicked, drawn, settled
from tests.support.history import History, write_histories
from tests.support.hosting import Service, hosted
from tests.support.model import TABLES
from tests.support.report_model import REPORT_FACTS, report

pytestmark = pytest.mark.slow

ALL = "/?date_preset=maximum"
DIMENSIONS = [name for name in TABLES if name != "date"]


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


async def cell_texts(page: Page, selector: str) -> list[str]:
    return [text.strip() for text in await page.locator(selector).all_inner_texts()]


async def shown_cost(page: Page) -> str:
    """Return the exact total cost, which its tile shows under the pointer."""
    title = await page.locator(".tile:has(.name:text-is('Cost'))").get_attribute("title")
    return re.search(r"([\d,.]+) USD", title or "")[1]


def cost_of(**filters: list[str]) -> str:
    return f"{report(REPORT_FACTS, {**filters, 'metrics': ['cost']})['data'][0]['cost']:,.2f}"


@pytest.mark.parametrize("name", DIMENSIONS)
async def test_each_filter(service: Service, opened: Opened, name: str) -> None:
    async with opened(service.site + ALL) as page:
        facets = service.get(f"/v1/dimensions/{name}?counts=true").json()["data"]
        if name != "age_range":
            facets.sort(key=lambda facet: -facet["cost"])
        filter_ = page.locator(f"details[data-facets*='dimensions/{name}?']")
        await filter_.locator("summary").click()
        entries = filter_.locator("li")
        await expect(entries.locator("small").first).to_be_visible()
        expected = [f"{display_label(facet['label'])}{facet['facts']:,}" for facet in facets]
        entry_texts = [re.sub(r"\s", "", text) for text in await entries.all_inner_texts()]
        assert sorted(entry_texts) == sorted(re.sub(r"\s", "", text) for text in expected)
        # A search shortens the list; ticked labels stay.
        await entries.first.locator("input").check()
        chosen = await entries.first.locator("input").get_attribute("value")
        assert chosen == facets[0]["label"]
        other = facets[-1]["label"]
        await filter_.locator("input[type=search]").fill(other.upper())
        assert {chosen, other} <= {await box.get_attribute("value") for box in await entries.locator("input").all()}
        await entries.locator(f"input[value={other!r}]").check()
        await clicked(page, filter_.get_by_role("button", name="Apply"))
        await expect(page.locator(".chips li")).to_have_count(len({chosen, other}))
        assert sorted(query(page)[name]) == sorted({chosen, other})
        assert await shown_cost(page) == cost_of(**{name: [chosen, other]})
        # A chip removes its filter.
        await clicked(page, page.locator(".chips a").first)
        await expect(page.locator(".chips li")).to_have_count(1)
        assert query(page)[name] in ([chosen], [other])
        assert await shown_cost(page) == cost_of(**{name: query(page)[name]})


async def test_dates(service: Service, opened: Opened) -> None:
    async with opened(service.site + "/") as page:
        dates = page.locator("#filter-dates")
        await dates.locator("summary").click()
        await clicked(page, dates.get_by_role("link", name="Maximum"))
        assert query(page) == {"date_preset": ["maximum"]}
        assert await shown_cost(page) == cost_of()
        await dates.locator("summary").click()
        await page.get_by_role("textbox", name="From").fill("2024-02-01")
        await page.locator("input[name=date_to]").fill("2024-02-29")
        await clicked(page, dates.get_by_role("button", name="Apply"))
        assert query(page) == {"date_from": ["2024-02-01"], "date_to": ["2024-02-29"]}
        await expect(page.locator(".title")).to_contain_text("1–29 Feb 2024")
        # Back and forward are between views.
        await page.go_back()
        await expect(page.locator("#filter-dates summary")).to_have_text("Maximum")
        await page.go_forward()
        await expect(page.locator(".title")).to_contain_text("1–29 Feb 2024")
        assert "1–29 Feb 2024" in await page.title()


async def test_comparison_grain_metric_and_order(service: Service, opened: Opened) -> None:
    async with opened(service.site + "/?date_from=2024-02-01&date_to=2024-03-20") as page:
        await page.locator("#filter-comparison summary").click()
        await clicked(page, page.get_by_role("link", name="Previous year"))
        assert query(page)["compare_to"] == ["previous_year"]
        await expect(page.locator(".breakdown thead")).to_contain_text("Contribution")
        await clicked(page, page.get_by_role("link", name="Week", exact=True))
        assert query(page)["grain"] == ["week"]
        await clicked(page, page.locator(".tile", has_text="CTR"))
        assert query(page)["metric"] == ["ctr"]
        assert await page.locator(".tile[aria-current] .name").inner_text() == "CTR"
        await drawn(page)
        await page.locator(".breakdown").scroll_into_view_if_needed()
        place = await page.evaluate("scrollY")
        assert place > 100
        for head in ("Clicks", "Change"):
            await clicked(page, page.locator(".breakdown thead a", has_text=head))
            index = (await cell_texts(page, ".breakdown thead th")).index(head)
            column = f".breakdown tbody tr > :nth-child({index + 1})"
            down = await cell_texts(page, column)
            await expect(page.locator("th[aria-sort=descending]")).to_have_text(head)
            await clicked(page, page.locator(".breakdown thead a", has_text=head))
            assert await cell_texts(page, column) == down[::-1]
            await expect(page.locator("th[aria-sort=ascending]")).to_have_text(head)
        assert query(page)["sort"] == ["change.ctr"]
        # The place is kept, as far as the page reaches: a heading on fewer lines makes it some pixels shorter.
        assert abs(await page.evaluate("scrollY") - place) < 30
        # The URL has the complete view: another browser shows the same.
        await drawn(page)
        texts = await page.locator(".title, .panel").all_inner_texts()
        async with opened(page.url) as another:
            await drawn(another)
            assert await another.locator(".title, .panel").all_inner_texts() == texts


async def test_filters_that_are_ticked_together_are_applied_together(service: Service, opened: Opened) -> None:
    async with opened(service.site + ALL) as page:
        await expect(page.locator(".pending")).to_be_hidden()
        for name, label in (("platform", "Facebook"), ("gender", "Female")):
            filter_ = page.locator(f"details[data-facets*='dimensions/{name}?']")
            await filter_.locator("summary").click()
            await filter_.get_by_role("checkbox", name=label, exact=False).first.check()
        await page.keyboard.press("Escape")
        # What is ticked is not in effect yet, and the button that applies it is seen.
        await clicked(page, page.get_by_role("button", name="Apply the filters"))
        await expect(page.locator(".chips li")).to_have_count(2)
        assert await shown_cost(page) == cost_of(platform=["facebook"], gender=["female"])


async def test_a_reloaded_page_is_the_same(service: Service, opened: Opened) -> None:
    async with opened(service.site + ALL) as page:
        display = await page.evaluate("getComputedStyle(document.querySelector('.top')).display")
        for _ in range(2):
            await page.reload()
            await drawn(page)
            assert await page.evaluate("getComputedStyle(document.querySelector('.top')).display") == display == "flex"


async def test_drill_down(service: Service, opened: Opened) -> None:
    async with opened(service.site + ALL + "&group_by=platform") as page:
        row = page.locator(".breakdown tbody tr").first
        name = await row.locator("th a").first.inner_text()
        cost = (await row.locator("td").first.inner_text()).split()[0]
        await clicked(page, row.locator("th a").first)
        await expect(page.locator(".chips li")).to_have_count(1)
        label = name.lower()
        assert query(page)["platform"] == [label]
        assert query(page)["group_by"] == ["placement"]
        assert await shown_cost(page) == cost
        await clicked(page, page.locator(".breakdown tbody th a").first)
        assert query(page)["group_by"] == ["device_type"]
        path = page.get_by_role("navigation", name="Drill-down")
        await expect(path.locator("li")).to_have_count(3)
        await clicked(page, path.get_by_role("link", name=name))
        assert query(page)["group_by"] == ["placement"]
        assert "placement" not in query(page)
        await clicked(page, path.get_by_role("link", name="All"))
        assert query(page)["group_by"] == ["platform"]
        await expect(page.locator(".chips")).to_have_count(0)
        row = page.locator(".breakdown tbody tr").first
        await row.hover()
        await clicked(page, row.locator(".without"))
        assert query(page)["exclude_platform"] == [label]
        assert name not in await cell_texts(page, ".breakdown tbody th a:first-child")


async def test_downloads_and_urls(service: Service, opened: Opened) -> None:
    options = {"permissions": ["clipboard-read", "clipboard-write"]}
    async with opened(service.site + ALL + "&platform=facebook&group_by=region", **options) as page:
        await page.get_by_text("Share and export").click()
        menu = page.get_by_role("region", name="Share and export")
        async with page.expect_download() as downloading:
            await menu.get_by_role("link", name="CSV").first.click()
        download = await downloading.value
        rows = list(csv.DictReader(io.StringIO(Path(await download.path()).read_text())))
        assert download.suggested_filename.startswith("ad-metrics_region_")
        titles = page.locator(".breakdown tbody th")
        labels = [await titles.nth(index).get_attribute("title") for index in range(await titles.count())]
        assert [row["region"] for row in rows] == labels
        await menu.get_by_role("button", name="Copy the API URL: Table").click()
        answer = httpx.get(await page.evaluate("navigator.clipboard.readText()")).json()
        assert [row["region"] for row in answer["data"]] == labels
        assert answer["meta"]["group_by"] == ["region"]
        # The link is to the page, not to JSON.
        await menu.get_by_role("button", name="Copy the link: always").click()
        assert await page.evaluate("navigator.clipboard.readText()") == page.url
        async with page.expect_download() as downloading:
            await menu.get_by_role("link", name="Parquet").last.click()
        assert Path(await (await downloading.value).path()).read_bytes().startswith(b"PAR1")
        await menu.get_by_role("link", name="PNG").click()
        await expect(page.locator("img")).to_be_visible()


async def test_by_keyboard_alone(service: Service, opened: Opened) -> None:
    async with opened(service.site + ALL) as page:
        await tab_to(page, "summary", "Platform")
        await page.keyboard.press("Enter")
        await expect(page.locator("details[open] input[type=search]")).to_be_focused()
        await expect(page.locator("details[open] small").first).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.locator("details.filter[open]")).to_have_count(0)
        assert "Platform" in await focused(page)
        await page.keyboard.press("Enter")
        await expect(page.locator("details[open] input[type=search]")).to_be_focused()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
        ticked = await page.locator("details[open] input:checked").get_attribute("value")
        await page.keyboard.press("Enter")
        await expect(page.locator(".chips li")).to_have_count(1)
        await settled(page)
        assert query(page)["platform"] == [ticked]
        await tab_to(page, "a", "Region")
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("group_by=region"))


async def tab_to(page: Page, tag: str, text: str) -> None:
    for _ in range(120):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.localName") == tag and text in await focused(page):
            # The focus is visible.
            assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"{text} is out of reach for the keyboard")


async def focused(page: Page) -> str:
    return str(await page.evaluate("document.activeElement.innerText ?? ''"))


VIEWS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 780}, "has_touch": True},
}


@pytest.mark.parametrize("name", VIEWS)
async def test_accessibility_and_layout(service: Service, opened: Opened, name: str) -> None:
    shown = "/?date_from=2024-02-01&date_to=2024-03-31&split=gender" if name == "dark" else ALL + "&platform=facebook"
    async with opened(f"{service.site}{shown}&group_by=region", **VIEWS[name]) as page:
        await drawn(page)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.locator("details[data-facets] summary").first.click()
        await expect(page.locator("details[open] li small").first).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        drop = await page.locator("details[open] .drop").bounding_box()
        assert drop
        assert drop["x"] >= 0
        assert drop["x"] + drop["width"] <= await page.evaluate("innerWidth")
        violations = await Axe().run(page)
        assert violations.violations_count == 0, violations.generate_report()
        background = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (max(map(int, re.findall(r"\d+", background))) < 60) == (name == "dark")
        ink = await page.evaluate("getComputedStyle(document.querySelector('figure.chart text')).fill")
        assert (min(map(int, re.findall(r"\d+", ink))) > 150) == (name == "dark")
        await page.goto(f"{service.site}/views")
        violations = await Axe().run(page)
        assert violations.violations_count == 0, violations.generate_report()


async def test_a_phone_shows_the_column_that_a_table_is_sorted_by(service: Service, opened: Opened) -> None:
    async with opened(f"{service.site}{ALL}&sort=-like_rate", viewport={"width": 390, "height": 800}) as page:
        await expect(page.locator("thead [aria-sort]")).to_have_text("Like rate")
        box = await page.locator("thead [aria-sort]").bounding_box()
        assert box
        assert 0 < box["x"] < box["x"] + box["width"] <= 390
        await expect(page.locator(".count")).to_contain_text("Sorted by like rate, descending.")


async def test_what_changed_since_yesterday(database: str, opened: Opened, tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    await write_histories(database, tmp_path, History("instagram", [60, 80, 100]), last=today - timedelta(days=1))
    # The newest load is of just now: at 05:00 it may not have come yet.
    connection = await asyncpg.connect(database)
    for table in ("data_version", "data_change"):
        await connection.execute(f"UPDATE {table} SET changed_at = now() WHERE changed_at >= $1::date", today)
    await connection.close()
    phone = {"viewport": {"width": 390, "height": 800}, "java_script_enabled": False}
    with hosted(database, tmp_path, workers=1) as service:
        for scheme in ("light", "dark"):
            async with opened(service.site, color_scheme=scheme) as page:
                await expect(page.get_by_text("Conversions of the last 2 days usually rise by 43%.")).to_be_visible()
                violations = [await Axe().run(page)]
                await page.get_by_role("link", name="What changed since yesterday").click()
                await expect(page.locator("tbody tr")).to_have_count(3)
                violations.append(await Axe().run(page))
                assert [of_page.generate_report() for of_page in violations if of_page.violations_count] == []
        async with opened(service.site, **phone) as page:
            await page.get_by_role("link", name="What changed since yesterday").click()
            await expect(page.locator("tbody tr").first).to_contain_text("800 → 1,000 +25.0%")
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            await page.get_by_role("link", name="Back to the numbers").click()
            await expect(page.locator(".tiles").first).to_be_visible()


async def test_without_scripts(service: Service, opened: Opened) -> None:
    async with opened(service.site + ALL, java_script_enabled=False) as page:
        assert await shown_cost(page) == cost_of()
        await page.locator("summary", has_text="Platform").click()
        await page.get_by_role("checkbox", name="Facebook").check()
        await page.locator("details[open]").get_by_role("button", name="Apply").click()
        assert query(page)["platform"] == ["facebook"]
        await page.locator("#filter-bounds summary").click()
        await page.get_by_label("clicks at least").fill("1")
        await page.locator("details[open]").get_by_role("button", name="Apply").click()
        assert query(page)["min_clicks"] == ["1"]
        assert await shown_cost(page) == cost_of(platform=["facebook"])
        assert len(await cell_texts(page, ".numbers tbody tr")) > 2


async def test_an_error_page_is_accessible(service: Service, opened: Opened) -> None:
    async with opened(service.site + "/?platform=facebok", refused=True) as page:
        await expect(page.get_by_role("alert")).to_contain_text("No platform is called 'facebok'. Perhaps: facebook.")
        violations = await Axe().run(page)
        assert violations.violations_count == 0, violations.generate_report()
        await page.get_by_role("link", name="facebook").click()
        await expect(page.locator(".tiles").first).to_be_visible()
        assert query(page) == {"platform": ["facebook"]}


async def test_with_keys(reports_database: str, opened: Opened, tmp_path: Path) -> None:
    connection = await asyncpg.connect(reports_database)
    key = await api_keys.create(connection, "a browser", "read")
    with hosted(reports_database, tmp_path, workers=1, API_AUTH="required") as service:
        async with opened(service.site + ALL, refused=True) as page:
            await expect(page.get_by_label("Key")).to_be_focused()
            await page.keyboard.type("adm_1_wrong")
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("alert")).to_contain_text("There is no such key")
            violations = await Axe().run(page)
            assert violations.violations_count == 0, violations.generate_report()
            await page.get_by_label("Key").fill(key)
            await page.keyboard.press("Enter")
            await expect(page.locator(".tiles").first).to_be_visible()
            assert query(page) == {"date_preset": ["maximum"]}
            await drawn(page)
            async with page.expect_download() as downloading:
                await page.get_by_text("Share and export").click()
                await page.get_by_role("link", name="CSV").last.click()
            rows = Path(await (await downloading.value).path()).read_text().splitlines()
            assert len(rows) == len(REPORT_FACTS) + 1
            # Scripts have no access to the key.
            assert key not in await page.evaluate(
                "document.cookie + JSON.stringify([{...localStorage}, {...sessionStorage}])"
            )
            await page.get_by_text("Service", exact=True).click()
            await page.get_by_role("button", name="Forget the key").click()
            await expect(page.get_by_label("Key")).to_be_visible()
    await connection.execute("DELETE FROM api_key")
    await connection.close()


async def test_an_empty_database(database: str, opened: Opened, tmp_path: Path) -> None:
    with hosted(database, tmp_path, workers=1) as service:
        async with opened(service.site + "/") as page:
            await expect(page.get_by_role("heading")).to_have_text("There are no facts yet")
            violations = await Axe().run(page)
            assert violations.violations_count == 0, violations.generate_report()
