"""The panels of the page: each is a class with a template and an entry, and a shared question runs once."""

from collections.abc import Iterator

import httpx
import pytest
from jinja2 import ChoiceLoader, DictLoader

from project.query.reports.run import run
from project.web.dashboard import render, routes
from project.web.dashboard.panels import PANELS, panel
from project.web.dashboard.panels.filters import Filters
from project.web.dashboard.panels.panel import Panel, ReportPanel
from project.web.dashboard.view import Query, View
from tests.support.report_model import REPORT_FACTS, report


@pytest.fixture(autouse=True)
def _empty_answer_cache(reports_client: httpx.AsyncClient) -> Iterator[None]:
    answers = reports_client.app.state.ad_metrics.answers
    answers.clear()
    yield
    answers.clear()


@pytest.mark.parametrize("kind", PANELS)
async def test_each_panel_renders_alone(
    reports_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, kind: type[Panel]
) -> None:
    page = (await reports_client.get("/?group_by=region")).text
    reports_client.app.state.ad_metrics.answers.clear()
    monkeypatch.setattr(routes, "PANELS", [kind])
    alone = (await reports_client.get("/?group_by=region")).text
    assert alone.count('<div class="panel"') == 1
    content = alone.partition('<div class="panel"')[2].rpartition("</div>")[0].strip()
    assert "<section" in content
    assert content in page


async def test_a_panel_in_the_list_is_on_the_page(
    reports_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class LargestRegion(ReportPanel):
        template = "largest_region.html"

        @staticmethod
        def query(view: View) -> Query:
            return {**view.facts, "group_by": ["region"], "metrics": ["cost"], "sort": ["-cost"], "limit": ["1"]}

        def text(self) -> str:
            [group] = self.report.page.groups
            return f"{group.key[0]}: {self.value('cost', group)}"

    templates = DictLoader({"largest_region.html": "<section>{{ panel.text() }}, {{ view.metric }}</section>"})
    monkeypatch.setattr(render._templates, "loader", ChoiceLoader([templates, render._templates.loader]))
    monkeypatch.setattr(routes, "PANELS", [*PANELS, LargestRegion])
    page = (await reports_client.get("/?date_preset=maximum&metric=clicks")).text
    question = {"group_by": ["region"], "metrics": ["cost"], "sort": ["-cost"]}
    largest = report(REPORT_FACTS, question)["data"][0]
    assert f"<section>{largest['region']}: {largest['cost']}, clicks</section>" in page
    for heading in ("totals", "series", "breakdown"):
        assert f'<h2 id="{heading}"' in page, heading


async def test_a_shared_question_runs_once(reports_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = []

    async def counted(question, snapshot):
        questions.append(question)
        return await run(question, snapshot)

    monkeypatch.setattr(panel, "run", counted)
    assert (await reports_client.get("/")).status_code == 200
    assert [question.group_by for question in questions] == [("date",), ("platform",)]


async def test_a_filter_lists_some_labels_and_all_that_are_ticked(
    reports_client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    regions = sorted({fact["region"] for fact in REPORT_FACTS}, key=str.casefold)
    assert len(regions) > 3
    monkeypatch.setattr(Filters, "most_labels", 2)
    page = await reports_client.get("/", params={"region": regions[-1]})
    for label in regions:
        assert (f'name="region" value="{label}"' in page.text) == (label in (*regions[:2], regions[-1]))
    assert f"{len(regions) - 2} more; search to find them." in page.text
