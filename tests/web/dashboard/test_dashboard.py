"""The page, as the server renders it: the numbers of the model, links that keep the view, and errors."""

import html
import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
import time_machine

from project import catalog
from project.catalog.display import display_label
from project.web.dashboard.panels import pivot
from tests.support.report_model import METRICS, REPORT_FACTS, report

COUNTS = ("impressions", "clicks", "conversions", "likes")
RATIOS = ("ctr", "conversion_rate", "like_rate")


def displayed(metric: str, value: Any) -> str:
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


async def test_the_breakdown_has_the_numbers_of_the_model(reports_client: httpx.AsyncClient) -> None:
    answer = await reports_client.get(
        "/?date_preset=maximum&group_by=region&metric=clicks&limit=1000&exclude_platform=tiktok"
    )
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    question = {"group_by": ["region"], "metrics": list(METRICS), "sort": ["-clicks"], "exclude_platform": ["tiktok"]}
    model = report(REPORT_FACTS, question)
    _, breakdown = tables(answer.text)
    assert breakdown[0][1].lower() == "clicks"
    columns = ["region", "clicks", *(name for name in catalog.METRICS if name != "clicks")]
    *rows, total = (dict(zip(columns, row, strict=True)) for row in breakdown[1:])
    assert [row["region"].removesuffix("×").strip() for row in rows] == [row["region"] for row in model["data"]]
    assert total["region"] == "All regions"
    for name in METRICS:
        assert [row[name].split(" ")[0] for row in rows] == [displayed(name, row[name]) for row in model["data"]]
        assert total[name] == displayed(name, model["totals"][name])


async def test_the_series_has_the_numbers_of_the_model(reports_client: httpx.AsyncClient) -> None:
    answer = await reports_client.get("/?date_preset=maximum&grain=month&metric=cost")
    model = report(REPORT_FACTS, {"group_by": ["month"], "metrics": ["cost"], "fill": True})
    series, _ = tables(answer.text)
    assert series[1:] == [[row["month"], displayed("cost", row["cost"])] for row in model["data"]]


async def test_the_series_has_each_comparison_once(reports_client: httpx.AsyncClient) -> None:
    view = "date_from=2024-02-01&date_to=2024-03-31&grain=month&metric=cost"
    answer = await reports_client.get(f"/?{view}&compare_to=previous_month")
    days = {"date_from": date(2024, 1, 1), "date_to": date(2024, 2, 29)}
    before = report(REPORT_FACTS, {"group_by": ["month"], "metrics": ["cost"], "fill": True, **days})["data"]
    head, *rows = tables(answer.text)[0]
    assert head == ["month", "cost", "previous month", "change"]
    assert {len(row) for row in rows} == {len(head)}
    assert [row[2] for row in rows] == [displayed("cost", row["cost"]) for row in before]


async def test_a_long_series_has_every_date(reports_client: httpx.AsyncClient) -> None:
    answer = await reports_client.get("/?date_preset=maximum&grain=date&metric=clicks")
    question = {"group_by": ["date"], "metrics": ["clicks"], "fill": True}
    model = report(REPORT_FACTS, question)["data"]
    series, _ = tables(answer.text)
    assert len(model) > 100
    assert series[1:] == [[row["date"], displayed("clicks", row["clicks"])] for row in model]


async def test_the_page_says_which_days_it_compares(reports_client: httpx.AsyncClient) -> None:
    month = "date_from=2024-04-01&date_to=2024-04-30&metric=clicks"
    page = (await reports_client.get(f"/?{month}")).text
    assert "1–3 Apr with 1–3 Mar." in page
    assert "The data ends 2024-04-03: the days after that are not compared." in page
    answer = await reports_client.get(
        "/v1/reports?date_from=2024-04-01&date_to=2024-04-30&compare_to=previous_period&metrics=clicks"
    )
    change = answer.json()["data"][0]["compare"]["clicks"]["change_ratio"]
    assert change > 0
    assert f'<span class="change good">{100 * change:+.1f}%<span class="unseen"> better</span></span>' in page
    page = (await reports_client.get(f"/?{month}&compare_to=2023-05-01/2023-05-31&match_weekdays=true")).text
    assert '<a href="?date_from=2024-04-01&amp;date_to=2024-04-30&amp;metric=clicks' in page
    assert re.search(r'compare_to=2023-05-01%2F2023-05-31[^"]*" aria-current="true">2023-05-01/2023-05-31<', page)
    assert "1–3 Apr 2024 with 1–3 May 2023 (the same weekdays)." in page
    # March has days that February lacks.
    page = (await reports_client.get("/?date_from=2024-03-01&date_to=2024-03-31")).text
    assert "1–31 Mar with 1–29 Feb; 2 days have no counterpart." in page


async def test_ages_stand_in_their_order(reports_client: httpx.AsyncClient) -> None:
    ages = ["18-24", "25-34", "65+", "(not set)"]
    page = (await reports_client.get("/?date_preset=maximum&group_by=age_range&weekday=mon,tue")).text
    _, breakdown = tables(page)
    assert [row[0].removesuffix("×").strip() for row in breakdown[1:-1]] == ages
    assert re.findall(r'name="age_range" value="([^"]+)"', page) == ages
    assert re.findall(r"weekday: (\w+) ", page) == ["Monday", "Tuesday"]
    weekdays = (await reports_client.get("/?date_preset=maximum&group_by=weekday&exclude_weekday=sun")).text
    rows = [row[0].removesuffix("×").strip() for row in tables(weekdays)[1][1:-1]]
    assert rows == ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    assert re.findall(r'name="weekday" value="([^"]+)"', weekdays) == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    sorted_by_cost = (await reports_client.get("/?date_preset=maximum&group_by=age_range&sort=-cost")).text
    assert [row[0].removesuffix("×").strip() for row in tables(sorted_by_cost)[1][1:-1]] != ages


async def test_weekdays_are_one_filter(reports_client: httpx.AsyncClient) -> None:
    for query, chip, summary in (
        ("weekday=mon,tue,wed,thu,fri", "weekdays: Monday to Friday", "Monday to Friday"),
        ("exclude_weekday=sun,sat", "without weekdays: the weekend", "not the weekend"),
    ):
        page = (await reports_client.get(f"/?date_preset=maximum&{query}")).text
        [chips] = re.findall(r'<ul class="chips".*?</ul>', page, re.DOTALL)
        assert re.findall(r">([^<]+) <span", chips) == [chip]
        assert f"Weekday <b>{summary}</b>" in page
        [link] = re.findall(r'href="([^"]+)"', chips)
        assert '<ul class="chips"' not in (await reports_client.get("/" + html.unescape(link))).text


async def test_a_week_that_is_cut_off_looks_so(reports_client: httpx.AsyncClient) -> None:
    page = (await reports_client.get("/?date_from=2024-03-04&date_to=2024-04-02&grain=week")).text
    assert page.count('<path class="dashed" ') == len(catalog.KEY_METRICS)
    page = (await reports_client.get("/?date_from=2024-03-04&date_to=2024-03-31&grain=week")).text
    assert '<path class="dashed" ' not in page


async def test_the_text_of_the_chart_is_of_what_it_shows(reports_client: httpx.AsyncClient) -> None:
    page = (await reports_client.get("/?date_preset=maximum&grain=month&metric=clicks")).text
    [text] = re.findall(r'alt="([^"]+)"', page)
    assert text.startswith("Clicks by month. ")
    assert "impressions" not in text


async def test_a_pivot_table_has_the_numbers_of_the_model(reports_client: httpx.AsyncClient) -> None:
    for metric in ("clicks", "ctr"):
        shown = f"/?date_preset=maximum&group_by=region&split=platform&metric={metric}&limit=1000&sort=region"
        _, pivot = tables((await reports_client.get(shown)).text)
        heads, *rows, total = pivot
        cells = report(REPORT_FACTS, {"group_by": ["region", "platform"], "metrics": [metric]})["data"]
        by_key = {(cell["region"], display_label(cell["platform"])): displayed(metric, cell[metric]) for cell in cells}
        by_row = report(REPORT_FACTS, {"group_by": ["region"], "metrics": [metric]})["data"]
        by_column = report(REPORT_FACTS, {"group_by": ["platform"], "metrics": [metric]})["data"]
        assert heads[-1] == "All"
        assert len(heads) == len(by_column) + 2
        assert [row[0] for row in rows] == [row["region"] for row in by_row]
        for row, sums in zip(rows, by_row, strict=True):
            for head, cell in zip(heads[1:-1], row[1:-1], strict=True):
                assert cell == by_key.get((row[0], head), "").replace("none", ""), (metric, row[0], head)
            assert row[-1] == displayed(metric, sums[metric])
        of_columns = {display_label(column["platform"]): displayed(metric, column[metric]) for column in by_column}
        assert dict(zip(heads[1:-1], total[1:-1], strict=True)) == of_columns


async def test_a_pivot_table_is_sorted_by_another_metric(reports_client: httpx.AsyncClient) -> None:
    page = (
        await reports_client.get("/?date_preset=maximum&group_by=region&split=platform&metric=ctr&sort=-clicks")
    ).text
    by_clicks = report(REPORT_FACTS, {"group_by": ["region"], "metrics": ["clicks"], "sort": ["-clicks"]})["data"]
    assert "Sorted by clicks, descending." in page
    assert [row[0] for row in tables(page)[1][1:-1]] == [row["region"] for row in by_clicks]


async def test_a_saved_view_that_is_gone(reports_client: httpx.AsyncClient) -> None:
    assert "There is no saved view weekly-spent any more" in (await reports_client.get("/?view=weekly-spent")).text
    assert "There is no saved view" not in (await reports_client.get("/")).text


async def test_nothing_has_a_change_where_nothing_is_compared(reports_client: httpx.AsyncClient) -> None:
    """The data begins in the period, so there are no days before."""
    for shown in ("split=platform", "", "grain=month"):
        page = (await reports_client.get(f"/?date_from=2023-01-01&date_to=2024-04-03&group_by=region&{shown}")).text
        assert "nothing is compared." in page
        heads = [head for table in tables(page) for head in table[0]]
        assert not {"Change", "change", "Contribution", "previous period"} & {*heads}, shown
        assert "Biggest movers" not in page


async def test_what_has_no_column_of_its_own_is_summed(
    reports_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pivot, "MOST_COLUMNS", 1)
    page = (await reports_client.get("/?date_preset=maximum&group_by=gender&split=region&metric=ctr&limit=9")).text
    heads, *rows, _ = tables(page)[1]
    regions = report(REPORT_FACTS, {"group_by": ["region"], "sort": ["-impressions"]})["data"]
    assert heads[1:3] == [regions[0]["region"], f"{len(regions) - 1} others"]
    others = {"group_by": ["gender"], "metrics": ["ctr"], "exclude_region": [regions[0]["region"]]}
    expected = {
        display_label(row["gender"]): displayed("ctr", row["ctr"]) for row in report(REPORT_FACTS, others)["data"]
    }
    assert {row[0]: row[2] for row in rows if row[2]} == expected


async def test_the_count_is_that_of_all_rows(reports_client: httpx.AsyncClient) -> None:
    regions = len({fact["region"] for fact in REPORT_FACTS})
    page = (await reports_client.get("/?date_preset=maximum&group_by=region&limit=2")).text
    assert f"The first 2 of {regions}." in page
    [link] = re.findall(rf'href="([^"]+)">Show all {regions}<', page)
    all_rows = (await reports_client.get("/" + html.unescape(link))).text
    assert len(tables(all_rows)[1]) == regions + 2
    assert f"{regions} rows, all there are." in all_rows
    within = (await reports_client.get("/?date_preset=maximum&group_by=region&min_clicks=99999999999")).text
    assert "No region is within the bounds." in within
    assert 'class="tile"' in within


async def test_a_placement_comes_with_its_platform(reports_client: httpx.AsyncClient) -> None:
    page = (await reports_client.get("/?date_preset=maximum&group_by=placement&limit=1000")).text
    rows = report(REPORT_FACTS, {"group_by": ["placement", "platform"], "metrics": ["cost"], "sort": ["-cost"]})["data"]
    shown = [row[0] for row in tables(page)[1][1:-1]]
    assert sorted(shown) == sorted(
        f"{display_label(row['placement'])} {display_label(row['platform'])}" for row in rows
    )
    link = re.findall(r'<th scope="row"[^>]*><a href="([^"]+)"', page)[0]
    query = httpx.QueryParams(html.unescape(link)[1:])
    assert (query["platform"], query["placement"], query["group_by"]) == (
        rows[0]["platform"],
        rows[0]["placement"],
        "device_type",
    )


async def test_a_filter_by_a_placement_of_several_platforms_says_so(reports_client: httpx.AsyncClient) -> None:
    rows = report(REPORT_FACTS, {"group_by": ["placement", "platform"]})["data"]
    platforms: dict[str, list[str]] = {}
    for row in rows:
        platforms.setdefault(row["placement"], []).append(row["platform"])
    for placement, several in platforms.items():
        page = (await reports_client.get("/", params={"date_preset": "maximum", "placement": placement})).text
        [*notes] = re.findall(r'<p class="note">(.*?)</p>', page)
        links = [html.unescape(link) for note in notes for link in re.findall(r'href="([^"]+)"', note)]
        assert len(links) == (len(several) if len(several) > 1 else 0), placement
        for link, platform in zip(links, several, strict=False):
            narrowed = (await reports_client.get("/" + link)).text
            assert f"platform: {display_label(platform)} <" in narrowed
            assert '<p class="note">' not in narrowed
    assert max(map(len, platforms.values())) > 1


@pytest.mark.parametrize("preset", ["last_28d", "this_month", "maximum"])
async def test_a_link_to_these_days_shows_what_the_relative_one_shows(
    reports_client: httpx.AsyncClient, preset: str
) -> None:
    with time_machine.travel(datetime(2024, 3, 5, 12, tzinfo=UTC), tick=False):
        texts = [(await reports_client.get(f"/?date_preset={preset}&metric=clicks&platform=facebook")).text]
        links = re.findall(r'data-url="([^"]+)" hidden>Copy the link: ([^<]+)<', texts[0])
        [(relative, always), (pinned, only)] = [(html.unescape(url), text) for url, text in links]
        assert (always[:7], only[:5]) == ("always ", "only ")
        assert (f"date_preset={preset}" in relative, "date_preset" in pinned) == (True, False)
        assert f"<p>{only.removeprefix('only ')}</p>" in texts[0]
        texts += [(await reports_client.get("/" + url)).text for url in (relative, pinned)]
        shown = [
            [tables(text)[-1], [row[1:] for row in tables(text)[0][1:]], re.findall(r'faint compared">.*?</p>', text)]
            for text in texts
        ]
        assert shown[0] == shown[1] == shown[2]
        # What is pinned has one link, to itself.
        assert re.findall(r"Copy the link: ([^<]+)<", texts[2]) == [only]


async def test_a_date_picker_names_a_moment(reports_client: httpx.AsyncClient) -> None:
    for picked, moment in (
        ("2024-04-02T08:30", "2024-04-02T08:30:00+00:00"),
        ("2024-04-02", "2024-04-02T00:00:00+00:00"),
    ):
        answer = await reports_client.get(f"/?metric=clicks&as_of={picked}")
        assert answer.status_code == 307, answer.text
        assert httpx.URL(answer.headers["location"]).params["as_of"] == moment
        assert httpx.URL(answer.headers["location"]).params["metric"] == "clicks"
    now = datetime.now(UTC)
    written = now.astimezone(timezone(timedelta(hours=2))).isoformat().replace("+", "%2B")
    page = (await reports_client.get(f"/?as_of={written}")).text
    assert f'type="datetime-local" name="as_of" value="{now:%Y-%m-%dT%H:%M}"' in page
    assert "time of UTC, as in 2026-11-18T08:00." in page
    assert (await reports_client.get("/?as_of=yesterday")).status_code == 422
    for edge in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:00Z"):
        assert (await reports_client.get(f"/?as_of={edge}")).status_code < 500
    # One that has not come yet leads to the one that has.
    refused = (await reports_client.get("/?as_of=2099-01-01T00:00:00%2B02:00")).text
    [link] = re.findall(r'has not come yet. Perhaps: <a href="([^"]+)"', refused)
    assert (await reports_client.get("/" + html.unescape(link))).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "shown",
    [
        "sort=region&group_by=region",
        "group_by=weekday&compare_to=none&weekday=mon,fri",
        "group_by=placement&split=gender&min_clicks=1&rolling=7&sort=-change.ctr",
    ],
)
async def test_every_link_of_the_page_works(reports_client: httpx.AsyncClient, shown: str) -> None:
    answer = await reports_client.get(f"/?platform=facebook&exclude_region=Texas&metric=ctr&{shown}")
    links = {html.unescape(link) for link in re.findall(r'(?:href|src|data-url|data-facets)="([^"#]+)"', answer.text)}
    assert len(links) > 60
    for link in links:
        linked = await reports_client.get("/" + link.removeprefix("./"))
        assert linked.status_code == 200, (link, linked.text)


async def test_a_view_is_its_url(reports_client: httpx.AsyncClient) -> None:
    answer = await reports_client.get("/?region=Texas&region=Paris,%20Texas&metric=clicks&compare_to=none")
    [link] = re.findall(r'href="(\?[^"]*group_by=gender[^"]*)"', answer.text)
    query = httpx.QueryParams(html.unescape(link)[1:])
    assert query.get_list("region") == ["Paris, Texas", "Texas"]
    assert (query["metric"], query["compare_to"], query["group_by"]) == ("clicks", "none", "gender")
    # Labels in another spelling are the same filter.
    written = await reports_client.get('/?region=texas,"Paris, Texas"&metric=clicks&compare_to=none')
    assert re.findall(r'<ul class="chips".*?</ul>', written.text, re.DOTALL)[0].count("<li>") == 2
    assert tables(written.text) == tables(answer.text)
    # Empty fields of a form are no parameters.
    same = await reports_client.get(
        "/?region=Texas&region=Paris,%20Texas&metric=clicks&compare_to=none&date_from=&gender="
    )
    assert tables(same.text) == tables(answer.text)


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("platform=facebok", 422, 'Perhaps: <a href="?platform=facebook">facebook</a>.'),
        ("metric=cots", 422, '</a>, <a href="?metric=cost">cost</a>, <a'),
        ("start=1", 422, "There is no parameter &#39;start&#39;."),
        ("date_from=2024-13-01", 422, "is not a date"),
        ("sort=gender&group_by=region", 422, "cannot sort by it"),
        ("rolling=7&grain=week", 422, '<a href="?rolling=7&amp;grain=date">date</a>'),
        ("rolling=7&weekday=mon", 422, "rolling sums days in a row, and weekday leaves some out"),
        ("as_of=1&group_by=region", 422, "not by region"),
        ("as_of=1&split=gender", 422, "as_of and split=gender exclude each other"),
        ("split=date", 422, "must be one of"),
        ("region=<script>alert(1)</script>", 422, "&lt;script&gt;"),
    ],
)
async def test_a_wrong_question_is_refused_with_an_explanation(
    reports_client: httpx.AsyncClient, query: str, status: int, text: str
) -> None:
    answer = await reports_client.get(f"/?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert text in answer.text
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    ("query", "corrected"),
    [
        ("platform=facebok&metric=ctr&region=Paris,%20Texas", "platform=facebook&metric=ctr&region=Paris,+Texas"),
        ("platform=tiktok,facebok", "platform=tiktok,facebook"),
        ("platfrom=tiktok&sort=-cost", "platform=tiktok&sort=-cost"),
        ("limit=0", "limit=1"),
    ],
)
async def test_suggestions_link_the_corrected_query(
    reports_client: httpx.AsyncClient, query: str, corrected: str
) -> None:
    refused = await reports_client.get(f"/?{query}")
    assert refused.status_code == 422
    link = html.unescape(re.findall('<li>.*?href="([^"]+)"', refused.text, re.DOTALL)[0])
    assert link == f"?{corrected}"
    assert (await reports_client.get(f"/{link}")).status_code == 200


@pytest.mark.parametrize("query", ["breakdown=week", "dimensions=month", "granularity=weeks"])
async def test_a_suggestion_that_would_be_refused_is_no_link(reports_client: httpx.AsyncClient, query: str) -> None:
    refused = await reports_client.get(f"/?{query}")
    assert refused.status_code == 422
    assert "Perhaps: " in refused.text
    for link in re.findall('<li>.*?href="([^"]+)"', refused.text, re.DOTALL):
        assert (await reports_client.get(f"/{html.unescape(link)}")).status_code == 200, link
    assert "?group_by=week" not in refused.text


async def test_a_grain_by_another_name_is_linked(reports_client: httpx.AsyncClient) -> None:
    assert 'href="?grain=week">grain</a>' in (await reports_client.get("/?granularity=week")).text


async def test_times_are_valid_html_and_the_page_describes_itself(reports_client: httpx.AsyncClient) -> None:
    text = (await reports_client.get("/")).text
    times = re.findall(r'<time datetime="([^"]+)"', text)
    assert len(times) >= 2
    for found in times:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,3})?\+00:00)?", found), found
    [description] = re.findall(r'<meta name="description" content="([^"]+)">', text)
    assert 50 < len(description) < 160


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
    unchanged = await reports_client.get("/", headers={"If-None-Match": answer.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    # It would replace the policy of the page in the browser's cache.
    assert "content-security-policy" not in unchanged.headers
    style = await reports_client.get("/static/page.css")
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert (await reports_client.get("/static/../page.py")).status_code == 404
