"""A report from its question to its result, for the API, the dashboard and the command line alike."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from project.query.reports.fetch import Sums, fetch_report
from project.query.reports.pages import ReportPage
from project.query.reports.plan import ReportPlan, plan_report
from project.query.reports.question import ReportQuestion
from project.query.reports.result import build_result
from project.store.warehouse.labels import Labels
from project.store.warehouse.snapshot import Snapshot

_MANY_NUMBERS = 5000
"""A result of more numbers takes longer to build than other requests should wait (about 10 ms)."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a report. `rows_read` is how many sums the database returned."""

    plan: ReportPlan
    page: ReportPage
    labels: Labels
    rows_read: int

    async def process(
        self, work: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        """Call a function on this report: in a thread where it takes long, so that other requests go on."""
        return await _call(_is_large(self.plan, self.rows_read), work, *arguments, **options)


async def run(question: ReportQuestion, snapshot: Snapshot) -> Report:
    """Answer a question: plan, fetch, build the result. Raises InvalidRequest and DatabaseUnavailable."""
    labels = snapshot.labels
    plan = plan_report(question, labels)
    sums: Sequence[Sums] = await fetch_report(plan, snapshot)
    rows_read = sum(map(len, sums))
    page = await _call(_is_large(plan, rows_read), build_result, plan, sums, labels)
    return Report(plan, page, labels, rows_read)


def _is_large(plan: ReportPlan, rows_read: int) -> bool:
    question = plan.question
    groups = rows_read + (len(plan.buckets) if question.fill else 0)
    columns = len(question.metrics) * (5 if question.compare_to else 1)
    return 2 * groups + min(question.limit, groups) * columns > _MANY_NUMBERS


async def _call(
    in_thread: bool, work: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs
) -> Result:
    return await asyncio.to_thread(work, *arguments, **options) if in_thread else work(*arguments, **options)
