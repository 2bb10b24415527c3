"""A report from its question to its result, for the API, the dashboard and the command line alike."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

from project.catalog import DATE, GRAINS, date_id
from project.query.moments import Known, known_at
from project.query.periods import ALL_WEEKDAYS
from project.query.reports.fetch import fetch_report
from project.query.reports.pages import ReportPage
from project.query.reports.plan import ReportPlan, plan_report
from project.query.reports.question import ReportQuestion
from project.query.reports.result import build_result
from project.store.warehouse.labels import Labels, LabelSet
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
    plan, labels = await plan_as_of(question, snapshot)
    fetched = await fetch_report(plan, snapshot)
    rows_read = sum(len(sums) for of_period in fetched for sums in of_period)
    page = await _call(_is_large(plan, rows_read), build_result, plan, fetched, labels)
    return Report(plan, page, labels, rows_read)


async def plan_as_of(question: ReportQuestion, snapshot: Snapshot) -> tuple[ReportPlan, Labels]:
    """Return the plan, and the labels as they were known at the moment of `as_of`, or as they are."""
    if question.as_of is None:
        return plan_report(question, snapshot.labels), snapshot.labels
    known = await known_at(question.as_of, "as_of", snapshot)
    labels = replace(snapshot.labels, first_date=known.first_date, last_date=known.last_date, maturity={})
    if question.filters.weekdays != ALL_WEEKDAYS:
        # Only these filters list days; ten years of them take 10 ms.
        labels = replace(labels, dimensions={**labels.dimensions, DATE.name: _days_of(known)})
    return plan_report(question, labels, known.version), labels


def _days_of(known: Known) -> LabelSet:
    """Return the days that may have had facts then: some of them may have none now."""
    if known.first_date is None or known.last_date is None:
        return LabelSet.of({})
    days = GRAINS[DATE.name].buckets(known.first_date, known.last_date)
    return LabelSet.of({date_id(day): day.isoformat() for day in days})


def _is_large(plan: ReportPlan, rows_read: int) -> bool:
    question = plan.question
    groups = rows_read + (len(plan.buckets) if question.fill else 0)
    columns = len(question.metrics) * (5 if question.compare_to else 1)
    return 2 * groups + min(question.limit, groups) * columns > _MANY_NUMBERS


async def _call(
    in_thread: bool, work: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs
) -> Result:
    return await asyncio.to_thread(work, *arguments, **options) if in_thread else work(*arguments, **options)
