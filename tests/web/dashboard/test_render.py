"""How the page is rendered: once for the same view of the same data, and in a thread where it is large."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from project.web.dashboard import page_cache, render

Threads = list[threading.Thread]


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Threads:
    """The thread of each page that is rendered."""
    original = render.render
    threads: Threads = []

    def recorded(template: str, **context: Any) -> str:
        threads.append(threading.current_thread())
        return original(template, **context)

    monkeypatch.setattr(render, "render", recorded)
    return threads


@pytest.fixture
def pages(reports_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The page cache of the service, empty before and after the test, without a first heartbeat between two pages."""
    state = reports_client.app.state.ad_metrics
    monkeypatch.setattr(state, "last_beat", lambda: None)
    pages = state.pages
    pages.clear()
    yield pages
    pages.clear()


async def test_the_same_view_of_the_same_data_is_rendered_once(
    reports_client: httpx.AsyncClient, pages: dict[str, str], threads: Threads
) -> None:
    first = await reports_client.get("/?limit=3")
    assert (await reports_client.get("/?limit=3")).content == first.content
    assert len(threads) == 1
    for limit in range(4, 4 + page_cache.MOST_PAGES + 5):
        await reports_client.get(f"/?limit={limit}")
    assert len(pages) == page_cache.MOST_PAGES
    threads.clear()
    # The oldest page is no longer there.
    assert (await reports_client.get("/?limit=3")).content == first.content
    assert len(threads) == 1


async def test_a_large_page_is_not_cached(
    reports_client: httpx.AsyncClient, pages: dict[str, str], threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_cache, "LARGEST_PAGE", 1000)
    for _ in range(2):
        assert (await reports_client.get("/?limit=3")).status_code == 200
    assert len(threads) == 2
    assert pages == {}


async def test_a_page_of_many_rows_is_rendered_in_a_thread(
    reports_client: httpx.AsyncClient, pages: dict[str, str], threads: Threads
) -> None:
    await reports_client.get("/?date_preset=maximum&grain=year")
    answer = await reports_client.get("/?date_preset=maximum&grain=date")
    assert answer.text.count("<tr>") > render.MANY_ROWS
    assert len(pages) == 2
    few, many = threads
    assert few is threading.current_thread()
    assert many is not few
