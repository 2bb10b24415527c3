"""A real browser, and a service that runs as operators run it."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Locator, Page, Request, async_playwright, expect

from tests.support.hosting import Service, hosted

PATIENCE = 30_000
"""Milliseconds to wait at most. On a busy machine, Playwright's own 5 s are few."""

expect.set_options(timeout=PATIENCE)

Opened = Callable[..., AbstractAsyncContextManager[Page]]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium; the tests of the page are skipped where there is none."""
    executable = shutil.which("chromium")
    if not executable:
        pytest.skip("These tests need Chromium; on Debian: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable)
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
def service(reports_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service over the facts of `tests.support.report_model`."""
    with hosted(reports_database, tmp_path_factory.mktemp("page"), workers=1) as service:
        yield service


@pytest.fixture
def opened(browser: Browser) -> Opened:
    """Return a context manager that opens a URL, and fails on errors and on requests to other hosts."""

    @asynccontextmanager
    async def open_page(url: str, *, refused: bool = False, **options: Any) -> AsyncIterator[Page]:
        context = await browser.new_context(**options)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE)
        problems: list[str] = []
        page.on(
            "console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: problems.extend(_other_hosts(request, url)))
        await page.goto(url)
        if options.get("java_script_enabled", True):
            await settled(page)
        yield page
        await context.close()
        if refused:
            # The browser itself logs an error response.
            problems = [text for text in problems if "Failed to load resource" not in text]
        assert problems == []

    return open_page


async def settled(page: Page) -> None:
    """Wait until a view has come, with its chart inside the page, where there is one, or the operations of `/docs`."""
    await page.locator("body:not(:has([aria-busy]))").wait_for(state="attached")
    await page.locator(
        "figure.chart :is(img, svg), main:not(:has(figure.chart)), [hidden] figure.chart, .opblock"
    ).first.wait_for(state="attached")


async def drawn(page: Page) -> Locator:
    """Move the pointer, so that the script that draws comes, and return the chart that it has drawn."""
    chart = page.locator("figure.chart > .vega-embed > svg")
    # Before, nothing notices the pointer.
    await page.wait_for_load_state()
    for x in (2, 3):
        await page.mouse.move(x, 2)
    # The script is made when it is first asked for.
    await chart.wait_for()
    return chart


async def clicked(page: Page, target: Locator) -> None:
    """Click, and wait until the view has come that a link or a button leads to."""
    await target.click()
    await settled(page)


def _other_hosts(request: Request, url: str) -> list[str]:
    same = urlsplit(request.url).netloc == urlsplit(url).netloc
    return [] if same or request.url.startswith(("data:", "blob:")) else [f"another host: {request.url}"]
