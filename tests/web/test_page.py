"""The page, as the server renders it: the model's numbers, links that keep the view, and refusals in words."""

import html
import re
from typing import Any

import httpx
import pytest

from project import catalog
from project.web.dashboard import routes
from tests.report_model import METRICS, REPORT_FACTS, report

COUNTS = ("impressions", "clicks", "conversions", "likes")
RATIOS = ("ctr", "conversion_rate", "like_rate")


def shown(metric: str, value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:.2%}" if metric in RATIOS else f"{value:,}" if metric in COUNTS else f"{value:,.2f}"


def tables(text: str) -> list[list[list[str]]]:
    """Return the tables of a page, each as rows of cells' texts."""
    return [
        [
            [
                html.unescape(re.sub(r"<[^>]+>", "", cell)).strip()
                for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL)
            ]
            for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
        ]
        for table in re.findall(r"<table.*?</table>", text, re.DOTALL)
    ]


async def test_the_breakdown_is_the_models(reports_client: httpx.AsyncClient) -> None:
    answer = await reports_client.get(
        "/?date_preset=maximum&group_by=region&metric=clicks&limit=1000&exclude_platform=tiktok"
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    asked = {"group_by": ["region"], "metrics": list(METRICS), "sort": ["-clicks"], "exclude_platform": ["tiktok"]}
    model = report(REPORT_FACTS, asked)
    _, breakdown = tables(answer.text)
    assert breakdown[0][1].lower() == "clicks"
    columns = ["region", "clicks", *(name for name in catalog.METRICS if name != "clicks")]
    *rows, total = (dict(zip(columns, row, strict=True)) for row in breakdown[1:])
    assert [row["region"].removesuffix("×").strip() for row in rows] == [row["region"] for row in model["data"]]
    assert total["region"] == "all"
    for name in METRICS:
        assert [row[name].split(" ")[0] for row in rows] == [shown(name, row[name]) for row in model["data"]]
        assert total[name] == shown(name, model["totals"][name])


async def test_the_series_is_the_models(reports_client: httpx.AsyncClient) -> None:
    answer = await reports_client.get("/?date_preset=maximum&grain=month&metric=cost")
    model = report(REPORT_FACTS, {"group_by": ["month"], "metrics": ["cost"], "fill": True})
    series, _ = tables(answer.text)
    assert series[1:] == [[row["month"], shown("cost", row["cost"])] for row in model["data"]]


async def test_a_long_series_is_whole(reports_client: httpx.AsyncClient) -> None:
    answer = await reports_client.get("/?date_preset=maximum&grain=date&metric=clicks")
    asked = {"group_by": ["date"], "metrics": ["clicks"], "fill": True}
    model = report(REPORT_FACTS, asked)["data"]
    series, _ = tables(answer.text)
    assert len(model) > 100
    assert series[1:] == [[row["date"], shown("clicks", row["clicks"])] for row in model]


async def test_every_link_of_the_page_leads_somewhere(reports_client: httpx.AsyncClient) -> None:
    answer = await reports_client.get("/?platform=facebook&exclude_region=Texas&metric=ctr&sort=region&group_by=region")
    links = {html.unescape(link) for link in re.findall(r'(?:href|src|data-url|data-facets)="([^"#]+)"', answer.text)}
    assert len(links) > 60
    for link in links:
        found = await reports_client.get("/" + link.removeprefix("./"))
        assert found.status_code == 200, (link, found.text)


async def test_a_view_is_its_url(reports_client: httpx.AsyncClient) -> None:
    answer = await reports_client.get("/?region=Texas&region=Paris,%20Texas&metric=clicks&compare_to=none")
    [link] = re.findall(r'href="(\?[^"]*group_by=gender[^"]*)"', answer.text)
    query = httpx.QueryParams(html.unescape(link)[1:])
    assert query.get_list("region") == ["Paris, Texas", "Texas"]
    assert (query["metric"], query["compare_to"], query["group_by"]) == ("clicks", "none", "gender")
    # However labels are written, they are the same filter.
    written = await reports_client.get('/?region=texas,"Paris, Texas"&metric=clicks&compare_to=none')
    assert re.findall(r'<ul class="chips".*?</ul>', written.text, re.DOTALL)[0].count("<li>") == 2
    assert tables(written.text) == tables(answer.text)
    # What a form did not fill in is nothing.
    same = await reports_client.get(
        "/?region=Texas&region=Paris,%20Texas&metric=clicks&compare_to=none&date_from=&gender="
    )
    assert tables(same.text) == tables(answer.text)


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("platform=facebok", 422, 'Perhaps: <a href="?platform=facebook">facebook</a>.'),
        ("metric=cots", 422, '</a>, <a href="?metric=cost">cost</a>, <a'),
        ("start=1", 422, "There is no parameter &#39;start&#39;."),
        ("date_from=2024-13-01", 422, "is not a date"),
        ("sort=gender&group_by=region", 422, "cannot sort by it"),
        ("region=<script>alert(1)</script>", 422, "&lt;script&gt;"),
    ],
)
async def test_a_wrong_question_is_refused_in_words(
    reports_client: httpx.AsyncClient, query: str, status: int, said: str
) -> None:
    answer = await reports_client.get(f"/?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert said in answer.text
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    ("query", "mended"),
    [
        ("platform=facebok&metric=ctr&region=Paris,%20Texas", "platform=facebook&metric=ctr&region=Paris,+Texas"),
        ("platform=tiktok,facebok", "platform=tiktok,facebook"),
        ("platfrom=tiktok&sort=-cost", "platform=tiktok&sort=-cost"),
        ("limit=0", "limit=1"),
    ],
)
async def test_suggestions_lead_to_what_was_meant(reports_client: httpx.AsyncClient, query: str, mended: str) -> None:
    refused = await reports_client.get(f"/?{query}")
    assert refused.status_code == 422
    link = html.unescape(re.findall('<li>.*?href="([^"]+)"', refused.text, re.DOTALL)[0])
    assert link == f"?{mended}"
    assert (await reports_client.get(f"/{link}")).status_code == 200


async def test_no_facts_match(reports_client: httpx.AsyncClient) -> None:
    answer = await reports_client.get("/?date_from=2030-01-01&date_to=2030-01-31")
    assert answer.status_code == 200
    assert "No facts match" in answer.text


async def test_headers(reports_client: httpx.AsyncClient) -> None:
    answer = await reports_client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    again = await reports_client.get("/", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    # It would replace that of the page that the browser has.
    assert "content-security-policy" not in again.headers
    style = await reports_client.get("/static/page.css")
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert (await reports_client.get("/static/../page.py")).status_code == 404


async def test_pages_are_kept_while_the_data_is_the_same(reports_client: httpx.AsyncClient) -> None:
    first = await reports_client.get("/?limit=3")
    assert (await reports_client.get("/?limit=3")).content == first.content
    for limit in range(4, 4 + routes.MOST_KEPT + 5):
        await reports_client.get(f"/?limit={limit}")
    assert len(reports_client.app.state.ad_metrics.pages) == routes.MOST_KEPT
    assert (await reports_client.get("/?limit=3")).content == first.content
