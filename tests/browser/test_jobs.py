"""Twenty jobs of an analyst, each as a user does it with clicks; the numbers are those of the API."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from playwright.async_api import Page, expect
from python_calamine import CalamineWorkbook

from project.catalog.display import display_label
from project.ingest.convert.dictionary import Dictionary
from project.ingest.load import load_blocks
from project.ingest.report import Report
from project.ingest.sample import sample_records
from project.ingest.write.records import Record, convert_records
from project.settings import Settings
from tests.browser.conftest import Opened, clicked, settled
from tests.support.hosting import Service, hosted

pytestmark = pytest.mark.slow

TODAY = datetime.now(UTC).date()
RESTATED = 5
"""Days whose conversions the newer load corrects."""


@pytest.fixture(scope="module")
async def jobs_database(new_database) -> str:
    """Days of two years: a load of nine days ago, and one of today with the days since, and corrections of five days."""
    url = await new_database()

    async def load(records: Iterator[Record]) -> None:
        dictionary = Dictionary()
        lines = convert_records(records, dictionary)
        await load_blocks(lines, dictionary, Report(), Settings(database_url=url), notify=lambda _: None)

    end = TODAY - timedelta(days=9)
    too_few = (
        record
        if record.day <= end - timedelta(days=RESTATED)
        else record._replace(measures={**record.measures, "conversions": int(record.measures["conversions"] / 2)})
        for record in sample_records(end, days=410, combinations=40)
        # Last year's days are for comparison.
        if not 110 < (TODAY - record.day).days < 360
    )
    await load(too_few)
    connection = await asyncpg.connect(url)
    for table in ("data_version", "data_change"):
        await connection.execute(f"UPDATE {table} SET changed_at = changed_at - interval '9 days'")
    await connection.close()
    await load(sample_records(TODAY - timedelta(days=1), days=8 + RESTATED, combinations=40))
    return url


@pytest.fixture(scope="module")
def service(jobs_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with hosted(jobs_database, tmp_path_factory.mktemp("jobs"), workers=1) as service:
        yield service


@pytest.fixture
def start(service: Service, opened: Opened):
    """Return a context manager that opens the page as an analyst does first, with what the clicks have done."""

    @asynccontextmanager
    async def opening(path: str = "/") -> AsyncIterator["Analyst"]:
        permissions = ["clipboard-read", "clipboard-write"]
        async with opened(
            service.site + path, viewport={"width": 1240, "height": 900}, permissions=permissions
        ) as page:
            yield Analyst(page, service)

    return opening


class Analyst:
    """Somebody at the page, who counts clicks."""

    def __init__(self, page: Page, service: Service) -> None:
        self.page = page
        self.service = service
        self.clicks = 0

    async def click(self, *texts: str, inside: str = "body") -> None:
        """Click the links, buttons and menus with these texts, one after another."""
        for text in texts:
            named = self.page.locator(inside).locator("a:visible, button:visible, summary:visible, label:visible")
            await clicked(self.page, named.filter(has_text=re.compile(rf"^\s*{re.escape(text)}")).first)
            self.clicks += 1

    async def menu(self, id_: str) -> None:
        """Open a menu."""
        await self.page.locator(f"#{id_} > summary").click()
        self.clicks += 1

    async def dates(self, name: str) -> None:
        await self.menu("filter-dates")
        await self.click(name, inside="#filter-dates")

    async def compare(self, name: str) -> None:
        await self.menu("filter-comparison")
        await self.click(name, inside="#filter-comparison")

    async def split(self, name: str) -> None:
        await self.menu("split-table")
        await self.click(name, inside="#split-table")

    async def tab(self, name: str) -> None:
        await self.click(name, inside=".tabs")

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.page.url).query)

    async def table(self, selector: str = ".breakdown") -> list[list[str]]:
        """Return the body of a table."""
        script = "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.replace('×', '').trim()))"
        return await self.page.locator(f"{selector} tbody tr").evaluate_all(script)

    async def column(self, name: str) -> list[str]:
        """Return a column of the breakdown."""
        heads = [text.strip() for text in await self.page.locator(".breakdown thead th").all_inner_texts()]
        return [row[heads.index(name)] for row in await self.table()]

    def report(self, query: str) -> list[dict[str, Any]]:
        return self.service.get(f"/v1/reports?limit=1000&{query}").json()["data"]


def number(text: str) -> float:
    return float(text.split(maxsplit=1)[0].replace(",", "").rstrip("%"))


async def test_last_month_against_the_month_before_by_platform(start) -> None:
    async with start() as analyst:
        await analyst.dates("Last month")
        groups = analyst.report("date_preset=last_month&compare_to=previous_period&group_by=platform&sort=-cost")
        assert [row[0] for row in await analyst.table()] == [display_label(group["platform"]) for group in groups]
        changes = [f"{100 * group['compare']['cost']['change_ratio']:+.1f}%" for group in groups]
        assert await analyst.column("Change") == changes
        assert analyst.clicks == 2


async def test_placements_whose_ctr_is_lower_than_last_year(start) -> None:
    async with start() as analyst:
        await analyst.compare("Previous year")
        await analyst.tab("Placement")
        await analyst.click("CTR", inside=".tiles")
        await analyst.click("Change", inside=".breakdown")
        await analyst.click("Change", inside=".breakdown")
        groups = analyst.report(
            "date_preset=last_28d&compare_to=previous_year&group_by=placement,platform&metrics=ctr&sort=change.ctr"
        )
        lower = [group for group in groups if group["compare"]["ctr"]["change"] < 0]
        assert lower
        rows = await analyst.table()
        assert [row[0] for row in rows] == [
            f"{display_label(group['placement'])} {display_label(group['platform'])}" for group in groups[: len(rows)]
        ]
        await expect(analyst.page.locator(".breakdown tbody .bad")).to_have_count(len(lower))
        assert analyst.clicks == 6


async def test_90_days_of_spend_by_platform_stacked(start) -> None:
    async with start() as analyst:
        await analyst.dates("Last 90 days")
        await analyst.split("Platform")
        await analyst.click("Stacked")
        assert (analyst.query["split"], analyst.query["chart"]) == (["platform"], ["area"])
        await analyst.click("The numbers")
        days = await analyst.table(".numbers table")
        assert len(days) == 90
        groups = analyst.report("date_preset=last_90d&group_by=platform&metrics=cost&sort=-cost")
        for index, group in enumerate(groups, 1):
            assert sum(number(day[index]) for day in days) == pytest.approx(group["cost"])
        assert analyst.clicks == 6


async def test_the_ten_regions_with_the_highest_cost_per_conversion(start) -> None:
    async with start() as analyst:
        await analyst.tab("Region")
        await analyst.click("Cost per conversion", inside=".tiles")
        await analyst.menu("filter-bounds")
        await analyst.page.get_by_label("conversions at least").fill("50")
        await analyst.click("Apply", inside="#filter-bounds")
        groups = analyst.report(
            "date_preset=last_28d&group_by=region&metrics=cost_per_conversion&min_conversions=50"
            "&sort=-cost_per_conversion"
        )
        assert [row[0] for row in (await analyst.table())[:10]] == [group["region"] for group in groups[:10]]
        await expect(analyst.page.locator(".chips")).to_contain_text("conversions: at least 50")
        # It says how many there are within the bounds.
        count = f"{len(groups)} rows, all there are within the bounds" if len(groups) <= 15 else f"of {len(groups)}"
        await expect(analyst.page.locator(".count")).to_contain_text(count)
        assert analyst.clicks == 4


async def test_yesterdays_biggest_movers_with_their_contribution(start) -> None:
    async with start() as analyst:
        await analyst.dates("Yesterday")
        await analyst.tab("Placement")
        await analyst.click("Biggest movers")
        groups = analyst.report(
            "date_preset=yesterday&compare_to=previous_period&group_by=placement,platform&sort=-absolute_change.cost"
        )
        expected = [f"{group['compare']['cost']['contribution']:.1%}" for group in groups]
        assert await analyst.column("Contribution") == expected[:15]
        # Rises and falls together, the largest first; each says how much it is.
        amounts = [float(text.split()[-1].replace(",", "")) for text in await analyst.column("Change")]
        assert min(amounts) < 0 < max(amounts)
        assert [abs(amount) for amount in amounts] == sorted(map(abs, amounts), reverse=True)
        await expect(analyst.page.locator("thead [aria-sort]")).to_have_text("Change")
        await expect(analyst.page.locator(".count")).to_contain_text("Sorted by absolute change of cost, descending.")
        assert analyst.clicks == 4


async def test_ctr_by_age_and_gender_as_a_heatmap(start) -> None:
    async with start() as analyst:
        await analyst.click("CTR", inside=".tiles")
        await analyst.tab("Age range")
        await analyst.split("Gender")
        groups = analyst.report("date_preset=last_28d&group_by=age_range,gender&metrics=ctr")
        heads = await analyst.page.locator(".pivot thead th").all_inner_texts()
        cells = {
            (row[0], head): cell
            for row in await analyst.table(".pivot")
            for head, cell in zip(heads, row, strict=True)
            if cell
        }
        for group in groups:
            assert cells[group["age_range"], display_label(group["gender"])] == f"{group['ctr']:.2%}"
        # The highest is the darkest.
        shades = {
            await cell.inner_text(): float(await cell.locator("rect").get_attribute("fill-opacity") or 0)
            for cell in await analyst.page.locator(".pivot tbody td:has(rect)").all()
        }
        assert max(shades, key=shades.__getitem__) == f"{max(group['ctr'] for group in groups):.2%}"
        assert analyst.clicks == 4


async def test_week_over_week_for_eight_weeks(start) -> None:
    async with start() as analyst:
        await analyst.dates("Last 8 weeks")
        await analyst.compare("Previous week")
        await analyst.click("Week", inside=".segments")
        await analyst.click("The numbers")
        weeks = await analyst.table(".numbers table")
        assert len(weeks) == 8
        for before, week in pairwise(weeks):
            assert number(week[2]) == number(before[1])
            assert number(week[3]) == pytest.approx(100 * (number(week[1]) / number(before[1]) - 1), abs=0.06)
        assert analyst.clicks == 6


async def test_weekdays_only(start) -> None:
    async with start() as analyst:
        await analyst.menu("filter-weekday")
        await analyst.click("Monday to Friday")
        assert analyst.query["weekday"] == ["mon,tue,wed,thu,fri"] or len(analyst.query["weekday"]) == 5
        [group] = analyst.report("date_preset=last_28d&weekday=mon,tue,wed,thu,fri&metrics=cost")
        await expect(analyst.page.locator(".breakdown tfoot td").first).to_contain_text(f"{group['cost']:,.2f}")
        assert analyst.clicks == 2


async def test_a_7_day_average(start) -> None:
    async with start() as analyst:
        await analyst.click("CTR", inside=".tiles")
        await analyst.click("7-day")
        await analyst.click("The numbers")
        groups = analyst.report("date_preset=last_28d&group_by=date&rolling=7&metrics=ctr")
        days = await analyst.table(".numbers table")
        assert [day[1] for day in days] == [f"{group['ctr']:.2%}" for group in groups]
        assert analyst.clicks == 3


async def test_iphone_against_android_in_one_view(start) -> None:
    async with start() as analyst:
        await analyst.tab("Device type")
        await analyst.menu("filter-device_type")
        for name in ("iPhone", "Android smartphone"):
            await analyst.page.get_by_role("checkbox", name=name).check()
            analyst.clicks += 1
        await analyst.click("Apply", inside="#filter-device_type")
        await analyst.split("Device type")
        assert {row[0] for row in await analyst.table()} == {"iPhone", "Android smartphone"}
        heads = await analyst.page.locator(".numbers thead th").all_text_contents()
        assert {"iPhone", "Android smartphone"} <= set(heads)
        assert analyst.clicks == 7


async def test_placements_by_platform(start) -> None:
    async with start() as analyst:
        await analyst.tab("Placement")
        # Each search is that of its platform.
        names = [row[0] for row in await analyst.table()]
        assert {"Search Google", "Search TikTok"} <= set(names)
        await analyst.click("Search Google", inside=".breakdown")
        assert (analyst.query["placement"], analyst.query["platform"]) == (["search"], ["google"])
        [group] = analyst.report("date_preset=last_28d&placement=search&platform=google&metrics=cost")
        await expect(analyst.page.locator(".breakdown tfoot td").first).to_contain_text(f"{group['cost']:,.2f}")
        assert analyst.clicks == 2
    async with start() as analyst:
        await analyst.tab("Placement")
        await analyst.split("Platform")
        [search] = [row for row in await analyst.table() if row[0] == "Search"]
        assert len([cell for cell in search[1:-2] if cell]) == 2


async def test_send_this_view_to_my_boss(start, service: Service) -> None:
    async with start("/?metric=clicks&group_by=region") as analyst:
        await analyst.menu("share")
        await analyst.click("Copy the link: only")
        link = await analyst.page.evaluate("navigator.clipboard.readText()")
        answer = service.get(link.removeprefix(service.site), headers={"Accept": "text/html"})
        assert "<h1>Clicks by region</h1>" in answer.text
        days = await analyst.page.locator(".title p").first.inner_text()
        assert days in answer.text
        assert analyst.clicks == 2
        # The other one is of the days of whoever opens it.
        await analyst.page.get_by_role("button", name="Copy the link: always the last 28 days").click()
        assert await analyst.page.evaluate("navigator.clipboard.readText()") == analyst.page.url


async def test_put_it_into_excel(start, tmp_path: Path) -> None:
    async with start("/?group_by=region") as analyst:
        await analyst.menu("share")
        async with analyst.page.expect_download() as downloading:
            await analyst.page.get_by_role("link", name="Excel").first.click()
        path = tmp_path / "table.xlsx"
        await (await downloading.value).save_as(path)
        rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
        assert {row[0] for row in await analyst.table()} <= {cell for row in rows for cell in row}


async def test_put_it_into_sheets(start, service: Service) -> None:
    async with start() as analyst:
        await analyst.menu("share")
        href = await analyst.page.get_by_role("link", name="CSV").first.get_attribute("href")
        lines = service.get(f"/{href}").text.splitlines()
        assert len(lines) == 1 + len(await analyst.table())


async def test_save_it_and_come_back_tomorrow(start) -> None:
    async with start("/?metric=clicks&date_preset=last_week") as analyst:
        await analyst.menu("share")
        await analyst.page.get_by_role("textbox", name="Title").fill("Clicks of the week")
        await analyst.click("Save", inside=".save")
        await expect(analyst.page.get_by_role("heading", level=1)).to_have_text("Clicks of the week")
        assert analyst.clicks == 2
        await analyst.menu("share")
        await analyst.click("Get it every Monday")
        await expect(analyst.page.locator(".save pre")).to_contain_text(
            "ad-metrics subscribe clicks-of-the-week --cron"
        )
        # What is changed says so, also after a reload, and is kept under this name or another.
        await analyst.click("Cost", inside=".tiles")
        await analyst.page.reload()
        await expect(analyst.page.locator("h1 + p + .changed")).to_contain_text("Changed")
        assert (await analyst.page.title()).startswith("Clicks of the week (changed), ")
        await analyst.click("Save the changes")
        await expect(analyst.page.locator(".changed")).to_have_count(0)
        assert analyst.query["metric"] == ["cost"]
        await analyst.click("CTR", inside=".tiles")
        await analyst.click("Save as another view")
        await expect(analyst.page.get_by_role("textbox", name="Title")).to_be_focused()
        await analyst.page.keyboard.type("CTR of the week")
        await analyst.page.keyboard.press("Enter")
        await expect(analyst.page.get_by_role("heading", level=1)).to_have_text("CTR of the week")
        assert analyst.query == {"metric": ["ctr"], "date_preset": ["last_week"], "view": ["ctr-of-the-week"]}
        await analyst.page.get_by_role("link", name="Views").click()
        analyst.page.on("dialog", lambda dialog: dialog.accept("Weekly clicks"))
        await analyst.page.get_by_role("button", name="Delete CTR").click()
        await expect(analyst.page.get_by_text("Deleted.")).to_be_visible()
        await analyst.page.get_by_role("button", name="Rename").click()
        await expect(analyst.page.get_by_text("Renamed.")).to_be_visible()
        await analyst.page.get_by_role("link", name="Weekly clicks").click()
        await settled(analyst.page)
        await expect(analyst.page.get_by_role("heading", level=1)).to_have_text("Weekly clicks")
        assert analyst.query == {"metric": ["cost"], "date_preset": ["last_week"], "view": ["clicks-of-the-week"]}
        await analyst.page.get_by_role("link", name="Views").click()
        await analyst.page.get_by_role("button", name="Delete").click()
        await expect(analyst.page.get_by_text("Deleted.")).to_be_visible()
        await expect(analyst.page.locator(".views li")).to_have_count(0)


async def test_get_it_every_monday(start) -> None:
    async with start() as analyst:
        await analyst.menu("share")
        await analyst.click("Get it every Monday")
        await expect(analyst.page.locator(".save pre")).to_contain_text(
            'ad-metrics subscribe NAME --cron "0 7 * * mon"'
        )


async def test_what_changed(start) -> None:
    async with start() as analyst:
        await analyst.click("What changed since yesterday")
        rows = await analyst.page.locator("tbody tr").all_inner_texts()
        days = {row.split()[0] for row in rows}
        assert {str(TODAY - timedelta(days=age)) for age in range(1, 9)} <= days
        assert any("→" in row for row in rows)
        assert analyst.clicks == 1


async def test_what_did_this_number_say_last_week(start) -> None:
    async with start("/?metric=conversions&date_preset=last_28d") as analyst:
        now = await analyst.page.locator(".tile[aria-current]").get_attribute("title")
        await analyst.menu("filter-dates")
        await analyst.click("a week ago", inside="#filter-dates")
        then = await analyst.page.locator(".tile[aria-current]").get_attribute("title")
        [moment] = analyst.query["as_of"]
        [group] = analyst.report(f"date_preset=last_28d&metrics=conversions&as_of={moment.replace('+', '%2B')}")
        assert then
        assert then.endswith(f" {group['conversions']:,}")
        assert then != now
        await expect(analyst.page.locator(".chips")).to_contain_text("as known at")
        assert analyst.clicks == 2


async def test_drill_down_without_losing_ones_place(start) -> None:
    async with start() as analyst:
        await analyst.page.locator("#breakdown").scroll_into_view_if_needed()
        await analyst.click("Google", inside=".breakdown")
        place = await analyst.page.evaluate("scrollY")
        assert place > 200
        await analyst.click("Search", inside=".breakdown")
        assert analyst.query["group_by"] == ["device_type"]
        path = analyst.page.get_by_role("navigation", name="Drill-down").locator("li")
        assert await path.all_inner_texts() == ["All", "Google", "Search"]
        await analyst.click("Google", inside=".path")
        assert analyst.query["group_by"] == ["placement"]
        assert abs(await analyst.page.evaluate("scrollY") - place) < 200
        assert analyst.clicks == 3


async def test_today_before_todays_load(start) -> None:
    async with start() as analyst:
        await analyst.dates("Today")
        await expect(analyst.page.get_by_role("heading", name="Nothing is loaded yet for")).to_be_visible()
        await expect(analyst.page.locator(".tile")).to_have_count(0)
        await analyst.click("Show that day")
        yesterday = TODAY - timedelta(days=1)
        await expect(analyst.page.locator(".title")).to_contain_text(f"{yesterday.day} ")
        await expect(analyst.page.locator(".tile").first).to_be_visible()


async def test_nothing_is_cut_off_on_paper(start) -> None:
    async with start("/?group_by=region&limit=1000") as analyst:
        await analyst.page.emulate_media(media="print")
        await analyst.page.set_viewport_size({"width": 1032, "height": 700})  # A4 across, without its margins
        script = "[...document.querySelectorAll('main, .scroll, table')].every(e => e.scrollWidth <= e.clientWidth + 1)"
        assert await analyst.page.evaluate(script)
        for hidden in (".filters", ".tabs", "#share", ".top nav"):
            await expect(analyst.page.locator(hidden).first).to_be_hidden()
