"""Reports as pictures: a chart shows what the plain-Python model says, and rendering blocks no other request."""

import asyncio
import re
import struct
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

import httpx
import psutil
import pytest
from loguru import logger

from project.catalog.display import display_label
from project.charts import renderer
from project.charts.theme import PREVIOUS, SERIES
from tests.conftest import Client
from tests.support.calendar_model import WEEKDAYS
from tests.support.hosting import soon
from tests.support.report_model import METRICS, REPORT_FACTS, report

pytestmark = pytest.mark.slow

REPORTS = "/v1/reports"
AGES = ["18-24", "25-34", "65+", "(not set)"]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
async def reports_client(serving: Client, reports_database: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose pictures are rendered each time."""
    async with serving(reports_database, answer_cache_mb=0) as client:
        yield client


async def rendered(client: httpx.AsyncClient, query: str) -> ElementTree.Element:
    answer = await client.get(f"{REPORTS}?{query}&format=svg")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/svg+xml"
    return ElementTree.fromstring(answer.text)


def marks(svg: ElementTree.Element) -> Counter[str]:
    """Return what each mark says under the pointer."""
    return Counter(title.text for title in svg.iter(f"{SVG}title"))


def colors(svg: ElementTree.Element, attribute: str) -> set[str | None]:
    return {path.get(attribute) for path in svg.iter(f"{SVG}path")}


def amount(metric: str, value: object) -> str:
    if value is None:
        return "none"
    if metric in ("ctr", "conversion_rate", "like_rate"):
        return f"{value:.2%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f} USD"


async def test_bars_show_the_groups_of_the_model(reports_client: httpx.AsyncClient) -> None:
    svg = await rendered(reports_client, f"group_by=platform&metrics={','.join(METRICS)}")
    rows = report(REPORT_FACTS, {"group_by": ["platform"], "metrics": list(METRICS)})["data"]
    expected = Counter(
        f"{display_label(row['platform'])}: {amount(metric, row[metric])}"
        for row in rows
        for metric in METRICS
        if row[metric] is not None
    )
    assert marks(svg) == expected


async def test_lines_show_days_without_facts_as_zero(reports_client: httpx.AsyncClient) -> None:
    question = {"group_by": ["week", "platform"], "metrics": ["impressions"], "fill": True}
    svg = await rendered(reports_client, "group_by=week,platform&metrics=impressions")
    rows = report(REPORT_FACTS, question)["data"]
    assert len({row["platform"] for row in rows}) <= len(SERIES)
    part = {rows[0]["week"]: ", 3 of its 7 days", rows[-1]["week"]: ", 3 of its 7 days"}
    assert marks(svg) == Counter(
        f"{row['week']}, {display_label(row['platform'])}{part.get(row['week'], '')}: {row['impressions']:,}"
        for row in rows
    )


async def test_the_compared_period_is_grey(reports_client: httpx.AsyncClient) -> None:
    days = "date_from=2024-02-20&date_to=2024-03-20&compare_to=previous_year"
    lines = await rendered(reports_client, f"group_by=date&metrics=cost&{days}")
    assert colors(lines, "stroke") >= {SERIES[0], PREVIOUS}
    assert "grey: previous year, 20 Feb – 20 Mar 2024 with 20 Feb – 20 Mar 2023" in lines.get("aria-label", "")
    bars = await rendered(reports_client, f"group_by=platform&metrics=cost&{days}")
    assert colors(bars, "fill") >= {SERIES[0], PREVIOUS}
    rows = report(
        REPORT_FACTS,
        {"group_by": ["platform"], "metrics": ["cost"], "compare_to": "previous_year"}
        | {"date_from": date(2024, 2, 20), "date_to": date(2024, 3, 20)},
    )["data"]
    assert marks(bars) == Counter(
        [f"{display_label(row['platform'])}, this period: {amount('cost', row['cost'])}" for row in rows]
        + [
            f"{display_label(row['platform'])}, previous year: {amount('cost', row['compare']['cost']['value'])}"
            for row in rows
        ]
    )


async def test_ages_and_weekdays_stand_in_their_order(reports_client: httpx.AsyncClient) -> None:
    for query, order in (
        ("group_by=age_range", AGES),
        ("group_by=weekday&exclude_weekday=sun", [display_label(day) for day in WEEKDAYS[:6]]),
        # The legend of the series.
        ("group_by=month,age_range", AGES),
    ):
        svg = await rendered(reports_client, f"{query}&metrics=cost")
        assert [text.text for text in svg.iter(f"{SVG}text") if text.text in order] == order
    svg = await rendered(reports_client, "group_by=age_range&metrics=cost&sort=-age_range")
    assert [text.text for text in svg.iter(f"{SVG}text") if text.text in AGES] == AGES[::-1]


async def test_rolling_sums_are_those_of_the_model(reports_client: httpx.AsyncClient) -> None:
    days = "date_from=2024-03-20&date_to=2024-04-10&compare_to=previous_month&rolling=7"
    svg = await rendered(reports_client, f"group_by=date&metrics=clicks&{days}")
    question = {"group_by": ["date"], "metrics": ["clicks"], "rolling": 7, "compare_to": "previous_month"}
    rows = report(REPORT_FACTS, question | {"date_from": date(2024, 3, 20), "date_to": date(2024, 4, 10)})["data"]
    assert {f"{row['date']}, this period: {row['clicks']:,}" for row in rows} <= set(marks(svg))
    assert "each date sums 7 days" in svg.get("aria-label", "")
    assert "2024-04-10, this period: 0" not in marks(svg)


async def test_a_chart_names_the_largest_groups_and_sums_all_others(reports_client: httpx.AsyncClient) -> None:
    svg = await rendered(reports_client, "group_by=placement&metrics=cost,ctr&limit=1")
    rows = report(REPORT_FACTS, {"group_by": ["placement"], "metrics": ["cost", "clicks", "impressions"]})["data"]
    rows.sort(key=lambda row: -row["cost"])
    others = {name: sum(row[name] for row in rows[1:]) for name in ("cost", "clicks", "impressions")}
    assert len(rows) > 2
    assert f"{len(rows) - 1} others: {amount('cost', Decimal(others['cost']))}" in marks(svg)
    assert f"{len(rows) - 1} others: {amount('ctr', Decimal(others['clicks']) / others['impressions'])}" in marks(svg)
    assert f"1 of {len(rows)} by placement; the other {len(rows) - 1} are summed" in svg.get("aria-label", "")


async def test_the_caption_says_the_question(reports_client: httpx.AsyncClient) -> None:
    svg = await rendered(
        reports_client, "group_by=month&metrics=cost,ctr&platform=tiktok&exclude_gender=unknown&min_clicks=1"
    )
    alt = svg.get("aria-label", "")
    for sentence in (
        "Cost and CTR by month",
        "platform: tiktok",
        "without gender: unknown",
        "clicks at least 1",
        "highest",
    ):
        assert sentence in alt
    texts = {text.text for text in svg.iter(f"{SVG}text")}
    assert {"Cost and CTR by month", "cost (USD)", "CTR (%)"} <= texts


async def test_labels_are_text(reports_client: httpx.AsyncClient) -> None:
    svg = await rendered(reports_client, "group_by=region&metrics=clicks&limit=50")
    names = {display_label(row["region"]) for row in report(REPORT_FACTS, {"group_by": ["region"]})["data"]}
    assert {text.text for text in svg.iter(f"{SVG}text")} >= names


async def test_a_png_has_its_alt_text(reports_client: httpx.AsyncClient) -> None:
    answer = await reports_client.get(f"{REPORTS}?group_by=platform&metrics=cost", headers={"Accept": "image/png"})
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG\r\n\x1a\n")
    width, _ = struct.unpack(">II", answer.content[16:24])
    assert width > 1000
    assert b"iTXtDescription\0\0\0\0\0Cost by platform. " in answer.content
    other_url = await reports_client.get(
        f"{REPORTS}?group_by=platform&metrics=cost&format=png", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert other_url.status_code == 200
    tag = {"If-None-Match": other_url.headers["etag"]}
    same = await reports_client.get(f"{REPORTS}?group_by=platform&metrics=cost&format=png", headers=tag)
    assert same.status_code == 304


async def test_a_report_without_facts_is_a_picture_too(reports_client: httpx.AsyncClient) -> None:
    svg = await rendered(reports_client, "group_by=date&date_from=2030-01-01&date_to=2030-01-31")
    assert "by date" in svg.get("aria-label", "")
    for query in ("group_by=platform", "group_by=week,platform&fill=false", "group_by=platform,region"):
        png = await reports_client.get(f"{REPORTS}?{query}&date_from=2030-01-01&date_to=2030-01-31&format=png")
        assert png.status_code == 200, png.text
        svg = await rendered(reports_client, f"{query}&date_from=2030-01-01&date_to=2030-01-31")
        assert "No facts match." in {text.text for text in svg.iter(f"{SVG}text")}


def render_worker() -> psutil.Process:
    workers = [child for child in psutil.Process().children() if "project.charts.render_worker" in child.cmdline()]
    [worker] = workers
    return worker


async def test_a_slow_picture_blocks_no_other_request(reports_client: httpx.AsyncClient) -> None:
    picture = f"{REPORTS}?group_by=platform&format=svg"
    assert (await reports_client.get(picture)).status_code == 200
    stopped = render_worker()
    stopped.suspend()
    pictures = [f"{picture}&width={width}" for width in range(300, 302 + renderer.LARGEST_QUEUE)]
    pending = [asyncio.create_task(reports_client.get(one)) for one in pictures[1:]]
    await asyncio.sleep(0.2)
    assert (await reports_client.get(f"{REPORTS}?group_by=platform")).status_code == 200
    refused = await reports_client.get(pictures[0])
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/pictures-full")
    assert refused.headers["retry-after"] == "2"
    stopped.resume()
    assert {answer.status_code for answer in await asyncio.gather(*pending)} == {200}


async def test_a_picture_whose_process_dies_is_rendered_by_another(
    reports_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, format="{message}")
    picture = f"{REPORTS}?group_by=platform&format=png"
    before = await reports_client.get(picture)
    dying = render_worker()
    dying.suspend()
    answer = asyncio.create_task(reports_client.get(picture))
    await asyncio.sleep(0.2)
    dying.kill()
    assert (await answer).content == before.content
    # A picture that takes too long ends its process.
    monkeypatch.setattr(renderer, "TIMEOUT", 0.3)
    hanging = render_worker()
    hanging.suspend()
    answer = await reports_client.get(picture)
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/render-failed")
    await soon(lambda: gone(hanging), what="the end of the process")
    monkeypatch.undo()
    # The log has neither the question nor the data.
    logger.remove(sink)
    assert any("could not be rendered" in line for line in lines)
    assert not any("facebook" in line or "platform=" in line for line in lines)
    assert (await reports_client.get(picture)).status_code == 200


async def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def test_an_idle_process_ends(reports_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer, "IDLE_TIMEOUT", 0.2)
    assert (await reports_client.get(f"{REPORTS}?group_by=platform&format=svg")).status_code == 200
    idle = render_worker()
    await soon(lambda: gone(idle), what="the end of the process")


async def test_dark_screens_have_their_own_colours(reports_client: httpx.AsyncClient) -> None:
    answer = await reports_client.get(f"{REPORTS}?group_by=platform&format=svg")
    assert re.search(r"@media \(prefers-color-scheme:dark\)", answer.text)
    assert "style-src 'unsafe-inline'" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]
