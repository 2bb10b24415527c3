"""What the page says of how complete its numbers are, and of what changed since yesterday."""

import html
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urljoin

import asyncpg
import httpx
import pytest
import time_machine

from project.catalog.display import display_label
from tests.conftest import Client
from tests.support.history import History, write_histories
from tests.web.dashboard.test_dashboard import tables

HISTORIES = (History("instagram", [60, 80, 95, 100]), History("tiktok", [80, 100], final=400))


@pytest.fixture(scope="module")
async def histories(new_database, tmp_path_factory: pytest.TempPathFactory) -> str:
    url = await new_database()
    await write_histories(url, tmp_path_factory.mktemp("histories"), *HISTORIES)
    return url


@pytest.fixture
async def page(histories: str, serving: Client) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(histories) as client:
        yield client


@pytest.fixture(autouse=True)
def _the_day_after_the_last() -> Iterator[None]:
    """The loads are of 05:00, and the newest is today's."""
    with time_machine.travel("2024-06-01T08:00:00Z"):
        yield


def said(text: str) -> str:
    [section] = re.findall(r'<section [^>]*aria-label="How complete.*?</section>', text, re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", section)).split())


def rise(*days: tuple[int, float]) -> str:
    """Return by how much days rise, of which so much is known, and that is so large a part."""
    return f"{sum(known / part for known, part in days) / sum(known for known, _ in days) - 1:.0%}"


INSTAGRAM = [(600, 0.6), (800, 0.8), (950, 0.95)]
TIKTOK = [(320, 0.8), (400, 1), (400, 1)]
CHANGED = " What changed since yesterday"


async def test_the_usual_rise_of_the_days_in_view(page: httpx.AsyncClient) -> None:
    both, instagram, older = rise(*INSTAGRAM, *TIKTOK), rise(*INSTAGRAM), rise(*INSTAGRAM[1:], *TIKTOK[1:])
    for query, expected in (
        ("", f" Conversions of the last 3 days usually rise by {both}."),
        ("?metric=cost&grain=week", f" Conversions of the last 3 days usually rise by {both}."),
        ("?platform=tiktok", f" Conversions of the last day usually rise by {rise(*TIKTOK[:1])}."),
        ("?exclude_platform=tiktok", f" Conversions of the last 3 days usually rise by {instagram}."),
        ("?date_from=2024-05-01&date_to=2024-05-30", f" Conversions of 29–30 May usually rise by {older}."),
        (
            "?date_from=2024-05-30&date_to=2024-06-30&platform=tiktok",
            " Conversions of the last day usually rise by 25%.",
        ),
        ("?date_from=2024-05-01&date_to=2024-05-28", ""),
    ):
        text = said((await page.get(f"/{query}")).text)
        settled = 30 if "platform=tiktok" in query and "exclude" not in query else 28
        assert text.removesuffix(CHANGED) == f"Complete to 31 May, settled to {settled} May.{expected}", query


async def test_falls_are_told_and_what_is_unknown_is_not(database: str, serving: Client, tmp_path: Path) -> None:
    await write_histories(
        database, tmp_path, History("instagram", [100] * 5 + [90]), History("bing", [50, 100], days=20)
    )
    async with serving(database) as client:
        text = (await client.get("/?platform=instagram")).text
        assert "Conversions of the last 5 days usually fall by 10%." in said(text)
        for query in ("", "?platform=bing"):
            text = (await client.get(f"/{query}")).text
            assert said(text).removesuffix(CHANGED) == "Complete to 31 May."
            assert "settled" not in text


async def test_the_table_and_the_chart_name_the_unsettled_days(page: httpx.AsyncClient) -> None:
    text = (await page.get("/")).text
    days = [row[0] for row in tables(text)[0] if "not settled yet" in row[0]]
    assert days == [f"2024-05-{day} not settled yet" for day in (29, 30, 31)]
    assert "Dashed: not settled yet, from Wed 29 May 2024." in text


@pytest.mark.parametrize("prefix", ["", "/adm"])
async def test_the_link_leads_to_what_changed_since_yesterday(page: httpx.AsyncClient, prefix: str) -> None:
    transport = httpx.ASGITransport(page.app, root_path=prefix)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        url = f"http://localhost{prefix}/"
        text = (await client.get(f"{url}?date_from=2024-05-30&date_to=2024-05-31")).text
        [link] = re.findall(r'href="(changes[^"]*)"', text)
        answer = await client.get(url := urljoin(url, html.unescape(link)))
        assert answer.status_code == 200
        assert "What changed since 2024-06-01 00:00 UTC" in answer.text
        # Of other days that changed, and the numbers before, the view has none.
        [[_, *rows]] = tables(answer.text)
        assert [(row[0], row[1], row[5]) for row in rows] == [
            ("2024-05-30", "Instagram", "600 → 800 +33.3%"),
            ("2024-05-30", "TikTok", "320 → 400 +25.0%"),
            ("2024-05-31", "Instagram new", "600"),
            ("2024-05-31", "TikTok new", "320"),
        ]
        # The same as JSON and CSV.
        links = [urljoin(url, html.unescape(href)) for href in re.findall(r'href="(v1/[^"]*)"', answer.text)]
        by_day, file, by_load = [await client.get(link) for link in links]
        assert [(e["date"], e["conversions"]["before"], e["conversions"]["after"]) for e in by_day.json()["data"]] == [
            ("2024-05-30", 600, 800), ("2024-05-30", 320, 400), ("2024-05-31", 0, 600), ("2024-05-31", 0, 320),
        ]  # fmt: skip
        assert len(file.text.splitlines()) == 5
        assert len(by_load.json()["data"]) == 2
        not_modified = await client.get(url, headers={"If-None-Match": answer.headers["etag"]})
        assert not_modified.status_code == 304


async def test_the_link_keeps_the_platforms_of_the_view(page: httpx.AsyncClient) -> None:
    text = (await page.get("/?exclude_platform=instagram&region=California")).text
    [link] = re.findall(r'href="(changes[^"]*)"', text)
    [[_, *rows]] = tables((await page.get("/" + html.unescape(link))).text)
    assert {row[1].removesuffix(" new") for row in rows} == {"TikTok"}


async def test_pages_of_changes_follow_each_other(page: httpx.AsyncClient) -> None:
    url, seen = "/changes?since=2024-05-20T00:00:00Z&limit=7", []
    while url:
        text = (await page.get(url)).text
        seen += [tuple(row[:2]) for row in tables(text)[0][1:]]
        url = "".join(f"/changes{html.unescape(link)}" for link in re.findall(r'href="(\?[^"]*cursor[^"]*)"', text))
    whole = (await page.get("/v1/changes?since=2024-05-20T00:00:00Z")).json()["data"]
    assert [(day, platform.removesuffix(" new")) for day, platform in seen] == [
        (entry["date"], display_label(entry["platform"])) for entry in whole
    ]
    assert len(whole) > 14


async def test_where_nothing_changed_there_is_no_link(page: httpx.AsyncClient) -> None:
    assert CHANGED in said((await page.get("/")).text)
    # All days in view are as they were.
    assert CHANGED not in said((await page.get("/?date_from=2024-05-01&date_to=2024-05-20")).text)
    assert "Nothing changed." in (await page.get("/changes?since=2024-06-01T06:00:00Z")).text
    with time_machine.travel("2024-06-02T08:00:00Z"):
        assert CHANGED not in said((await page.get("/")).text)


async def test_yesterday_ends_in_the_time_zone_of_the_service(histories: str, serving: Client) -> None:
    # In Auckland, the load of 05:00 UTC is of 17:00, and the next day begins at 12:00 UTC.
    async with serving(histories, timezone="Pacific/Auckland") as client:
        assert "changes?since=2024-06-01T00%3A00%3A00%2B12%3A00" in (await client.get("/")).text
        with time_machine.travel("2024-06-01T13:00:00Z"):
            assert CHANGED not in said((await client.get("/")).text)
        # There, the calendar has ended.
        assert (await client.get("/?as_of=9999-12-31T23:59:00Z")).status_code == 422


async def test_a_ledger_that_begins_today_has_no_yesterday(
    database: str, connection: asyncpg.Connection, serving: Client, tmp_path: Path
) -> None:
    await write_histories(database, tmp_path, History("instagram", [100], days=1))
    await connection.execute("UPDATE data_version SET sample = true")
    async with serving(database) as client:
        # Every page says what is made up.
        assert "Sample data, made up" in (await client.get("/changes?since=0")).text
        assert said((await client.get("/")).text) == "Complete to 31 May."


async def test_a_moment_that_is_not_one_is_refused_as_a_page(page: httpx.AsyncClient) -> None:
    for query in ("", "?since=yesterday", "?since=99999999", "?since=1&format=csv"):
        answer = await page.get(f"/changes{query}", headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")


async def test_what_was_known_leads_to_what_changed_since_then(page: httpx.AsyncClient) -> None:
    moment = "2024-05-25T00:00:00+00:00"
    text = (await page.get("/", params={"as_of": moment})).text
    assert said(text) == "Complete to 23 May. What changed since then"
    [link] = re.findall(r'href="(changes[^"]*)"', text)
    assert httpx.QueryParams(html.unescape(link).partition("?")[2])["since"] == moment
    assert (await page.get("/" + html.unescape(link))).status_code == 200
    # Nothing was known before the first load.
    text = (await page.get("/?as_of=2020-01-01T00:00:00Z")).text
    assert "Nothing was known then." in said(text)
    assert "Nothing was loaded by then" in text
    assert "The data goes from" not in text
