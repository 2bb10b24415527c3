"""How the page is rendered: once for the same view of the same data, and in a thread where it is large."""

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from project.web.dashboard import render
from project.web.server.answer_cache import AnswerCache

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
def answers(reports_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[AnswerCache]:
    """The answer cache of the service, empty before and after, without a first heartbeat between two pages."""
    state = reports_client.app.state.ad_metrics
    monkeypatch.setattr(state, "last_beat", lambda: None)
    state.answers.clear()
    yield state.answers
    state.answers.clear()


@pytest.mark.usefixtures("answers")
async def test_the_same_view_of_the_same_data_is_rendered_once(
    reports_client: httpx.AsyncClient, threads: Threads
) -> None:
    first = await reports_client.get("/?limit=3")
    assert (await reports_client.get("/?limit=3")).content == first.content
    assert len(threads) == 1
    assert (await reports_client.get("/?limit=4")).content != first.content
    assert len(threads) == 2


@pytest.mark.usefixtures("answers")
async def test_a_page_of_many_rows_is_rendered_in_a_thread(reports_client: httpx.AsyncClient, threads: Threads) -> None:
    await reports_client.get("/?date_preset=maximum&grain=year")
    answer = await reports_client.get("/?date_preset=maximum&grain=date")
    assert answer.text.count("<tr>") > render.MANY_ROWS
    few, many = threads
    assert few is threading.current_thread()
    assert many is not few
