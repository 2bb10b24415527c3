"""Means of rolling days: what a chart has with `average`, and the page's table."""

from typing import Any

import httpx

from project.catalog.display import format_amount
from tests.web.dashboard.test_dashboard import tables

DAYS = "date_from=2024-02-01&date_to=2024-02-29"


def marks(content: Any) -> list[tuple[str, float]]:
    """Return the date and the value of each mark of the current period of a definition."""
    found: list[tuple[str, float]] = []
    for part in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        found += marks(part)
    if isinstance(content, dict) and {"at", "value"} <= content.keys():
        found.append((content["at"], content["value"]))
    return found


async def test_a_chart_of_means(reports_client: httpx.AsyncClient) -> None:
    for metric in ("clicks", "cost", "ctr"):
        url = f"/v1/reports?{DAYS}&group_by=date&metrics={metric}&rolling=7&fill=true"
        sums = {row["date"]: row[metric] for row in (await reports_client.get(url)).json()["data"]}
        chart = await reports_client.get(f"{url}&format=vega&average=true")
        assert "each date is the mean of 7 days" in chart.text
        found = dict(marks(chart.json()))
        assert found.keys() == sums.keys()
        divisor = 1 if metric == "ctr" else 7
        for day, value in sums.items():
            assert (found[day] is None) == (value is None), (metric, day)
            assert value is None or abs(found[day] - value / divisor) <= 1e-9 * value, (metric, day)


async def test_the_page_has_means(reports_client: httpx.AsyncClient) -> None:
    for metric in ("clicks", "cost"):
        answer = await reports_client.get(f"/v1/reports?{DAYS}&group_by=date&metrics={metric}&rolling=7&fill=true")
        page = (await reports_client.get(f"/?{DAYS}&metric={metric}&rolling=7&compare_to=none")).text
        shown = [row[1] for row in tables(page)[0][1:]]
        assert shown == [format_amount(metric, row[metric] / 7) for row in answer.json()["data"]]
        assert "average=true" in page


async def test_means_are_of_rolling_days_and_of_pictures(reports_client: httpx.AsyncClient) -> None:
    for query, words in (
        ("group_by=date&average=true&format=svg", "average makes means of the days that rolling sums"),
        ("group_by=date&rolling=7&average=true", "average"),
    ):
        refused = await reports_client.get(f"/v1/reports?{DAYS}&{query}")
        assert refused.status_code == 422
        assert words in refused.json()["errors"][0]["detail"]
