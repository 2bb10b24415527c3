"""The chart in Chromium: it answers the pointer and the finger, and the page goes where it leads."""

import re
from datetime import date

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Opened, drawn
from tests.browser.test_dashboard_in_browser import query
from tests.support.hosting import Service
from tests.support.report_model import REPORT_FACTS, report

pytestmark = pytest.mark.slow

DAYS = {"date_from": "2024-02-01", "date_to": "2024-02-29"}
VIEW = "/?compare_to=previous_year&" + "&".join(f"{name}={day}" for name, day in DAYS.items())


async def at(page: Page, across: float, down: float = 0.3) -> tuple[float, float]:
    """Return a place of the plot, in parts of its width and height."""
    box = await page.locator("figure.chart .role-frame > g > .background").bounding_box()
    assert box
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


async def texts(page: Page) -> list[list[str]]:
    """Return the rows of what the pointer shows."""
    await expect(page.locator("#vg-tooltip-element.visible")).to_be_visible()
    rows = page.locator("#vg-tooltip-element tr")
    return [await row.locator("th, td").all_inner_texts() for row in await rows.all()]


async def test_the_pointer_shows_all_values_of_a_date(service: Service, opened: Opened) -> None:
    async with opened(service.site + VIEW) as page:
        before = await page.locator("figure.chart").bounding_box()
        await drawn(page)
        after = await page.locator("figure.chart").bounding_box()
        assert before
        assert after
        assert after["height"] == pytest.approx(before["height"], abs=1)
        await page.mouse.move(*await at(page, 0.5))
        day = {"date_from": date(2024, 2, 15), "date_to": date(2024, 2, 15), "metrics": ["cost"]}
        [row] = report(REPORT_FACTS, day | {"compare_to": "previous_year"})["data"]
        assert await texts(page) == [
            ["Thu 15 Feb 2024", "this period", "previous year"],
            ["cost", f"{row['cost']:,.2f} USD", f"{row['compare']['cost']['value']:,.2f} USD"],
        ]
        await expect(page.locator("figure.chart .mark-rule.role-mark line")).to_have_count(1)
        await page.mouse.move(2, 2)
        await expect(page.locator("#vg-tooltip-element.visible")).to_have_count(0)


async def test_nothing_moves_when_the_chart_comes(service: Service, opened: Opened) -> None:
    place = "document.querySelector('#breakdown').getBoundingClientRect().top"
    for width, shown in ((390, "split=region"), (600, "split=region"), (768, ""), (1024, "split=gender&chart=heatmap")):
        async with opened(
            f"{service.site}/?date_preset=maximum&{shown}", viewport={"width": width, "height": 700}
        ) as page:
            await page.wait_for_load_state("networkidle")
            before = await page.evaluate(place)
            # Neither when the picture comes into the place that is kept for it.
            [height] = await page.locator("figure.chart img").evaluate_all(
                "([img]) => [(s => s.getAttribute('height') * img.width / s.getAttribute('width'))("
                "[...img.parentElement.children].find(s => s === img || matchMedia(s.media).matches)) - img.height]"
            )
            assert abs(height) <= 3, (width, shown)
            await drawn(page)
            await expect(page.locator("figure.chart .drawing")).to_have_count(0)
            assert await page.evaluate(place) == pytest.approx(before, abs=0.5), (width, shown)


async def test_a_drag_zooms_and_a_click_filters(service: Service, opened: Opened) -> None:
    async with opened(service.site + VIEW) as page:
        await drawn(page)
        await page.mouse.move(*await at(page, 0.24))
        await page.mouse.down()
        await page.mouse.move(*await at(page, 0.51), steps=5)
        await page.mouse.up()
        await expect(page).to_have_url(re.compile("date_from=2024-02-08"))
        assert query(page)["date_to"] == ["2024-02-15"]
        # The part of the page that has come answers, too.
        await drawn(page)
        await page.mouse.click(*await at(page, 1 / 7))
        await expect(page).to_have_url(re.compile("date_from=2024-02-09&date_to=2024-02-09"))


async def test_the_legend_hides_series_and_a_click_on_one_filters(service: Service, opened: Opened) -> None:
    async with opened(service.site + VIEW + "&split=platform&chart=area") as page:
        chart = await drawn(page)
        areas = chart.locator(".mark-area path")
        shown = await areas.count()
        assert shown > 1
        await chart.locator(".role-legend-symbol path").first.click()
        await expect(areas).to_have_count(shown - 1)
        await chart.locator(".role-legend-symbol path").first.click()
        await expect(areas).to_have_count(shown)
        await page.mouse.click(*await at(page, 0.5, 0.98))
        await expect(page).to_have_url(re.compile(r"&platform=\w+$"))


async def test_a_finger_shows_values_and_dark_screens_have_their_colours(service: Service, opened: Opened) -> None:
    phone = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True, "color_scheme": "dark"}
    async with opened(service.site + VIEW, **phone) as page:
        await page.locator("figure.chart").scroll_into_view_if_needed()
        chart = await drawn(page)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.touchscreen.tap(*await at(page, 0.5))
        assert (await texts(page))[0][0] == "Thu 15 Feb 2024"
        assert query(page)["date_from"] == ["2024-02-01"]
        ink = await chart.locator(".mark-line path").last.evaluate("line => getComputedStyle(line).stroke")
        assert ink == "rgb(74, 168, 224)"
        await page.touchscreen.tap(*await at(page, 0.5))
        await expect(page).to_have_url(re.compile("date_from=2024-02-15"))
