"""A report from question to result: small ones at once, large ones in a thread, so that other requests go on."""

import threading
from typing import Any

import httpx
import pytest

from project.query.filters import Filters
from project.query.reports import run as module
from project.query.reports.question import ReportQuestion
from project.query.reports.run import run
from project.store.warehouse.snapshot import snapshot

LARGE = ReportQuestion(Filters(), ("date", "region", "age_range", "platform"), ("cost", "clicks"), limit=100_000)
SMALL = ReportQuestion(Filters(), ("platform",), ("cost",))


@pytest.mark.usefixtures("reports_client")
@pytest.mark.parametrize(("question", "in_thread"), [(SMALL, False), (LARGE, True)])
async def test_only_a_large_report_is_built_in_a_thread(
    monkeypatch: pytest.MonkeyPatch, question: ReportQuestion, in_thread: bool
) -> None:
    threads = []
    build_result = module.build_result

    def build(*arguments: Any) -> Any:
        threads.append(threading.get_ident())
        return build_result(*arguments)

    monkeypatch.setattr(module, "build_result", build)
    async with snapshot() as current:
        report = await run(question, current)
    threads.append(await report.process(threading.get_ident))
    assert {thread != threading.get_ident() for thread in threads} == {in_thread}


async def test_the_api_answers_with_the_result_of_run(reports_client: httpx.AsyncClient) -> None:
    async with snapshot() as current:
        report = await run(SMALL, current)
    data = (await reports_client.get("/v1/reports?group_by=platform&metrics=cost")).json()["data"]
    assert [row["platform"] for row in data] == [group.key[0] for group in report.page.groups]
