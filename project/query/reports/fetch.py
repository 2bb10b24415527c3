"""What a report reads: the sums of the facts or of a rollup, grouped, for each of its periods."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import asyncpg
from pypika_tortoise.functions import Cast
from pypika_tortoise.terms import Function as SqlFunction
from pypika_tortoise.terms import LiteralValue
from tortoise import Model
from tortoise.expressions import Function
from tortoise.functions import Sum
from tortoise.queryset import ValuesQuery

from project.catalog import DATE, GRAINS, KEYS
from project.catalog.natural_order import WEEKDAY
from project.query.filters import Condition, matching
from project.query.reports.limits import LARGEST_GROUPS
from project.query.reports.plan import PeriodQuery, ReportPlan
from project.store.models import FactLedger
from project.store.postgres.statement_cache import Statement, statement
from project.store.warehouse.snapshot import Snapshot

_BUCKET = "bucket"

Sums = Sequence[asyncpg.Record]
"""A record for each group: what it is grouped by, under the names of `column_of`, and the sum of each measure."""


class Fetched(NamedTuple):
    """The sums of one period, and with `as_of` those of what the ledger has later."""

    sums: Sums = ()
    later: Sums = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statement, and how many rows the database expects to read for it."""

    statement: Statement
    rows: int


async def fetch_report(plan: ReportPlan, snapshot: Snapshot) -> list[Fetched]:
    """Read the sums of each period; of too many groups, one more than there may be."""
    fetched = []
    for query in plan.queries:
        sums = [await snapshot.fetch(statement) for statement in report_statements(plan, query)]
        fetched.append(Fetched(*sums))
    return fetched


async def explain_report(plan: ReportPlan, snapshot: Snapshot) -> list[Estimate]:
    """Return what fetch_report would run, without running it."""
    statements = [statement for query in plan.queries for statement in report_statements(plan, query)]
    return [Estimate(statement, await snapshot.rows_to_read(statement)) for statement in statements]


def column_of(name: str) -> str:
    """Return what the records call a dimension or grain, or the weekday."""
    return _BUCKET if name in GRAINS else KEYS.get(name, name)


def report_statements(plan: ReportPlan, query: PeriodQuery) -> list[Statement]:
    """Return the SQL of one period, if it has days, and with `as_of` that of what the ledger has later."""
    if not query.starts and plan.question.grain:
        return []
    statements = [_statement(plan, query, plan.source.model, query.conditions)]
    return [*statements, _statement(plan, query, FactLedger, query.later)] if query.later else statements


def report_queryset(
    plan: ReportPlan, query: PeriodQuery, model: type[Model], conditions: tuple[Condition, ...]
) -> "ValuesQuery[Any]":
    """Return the grouped sums of one period, and one group more than there may be."""
    columns = [column_of(name) for name in plan.question.columns]
    bucket = {_BUCKET: WidthBucket(DATE.key, list(query.starts))} if plan.question.grain else {}
    weekday = {WEEKDAY: IsoWeekday(DATE.key)} if WEEKDAY in columns else {}
    sums = {measure: Sum(measure) for measure in plan.measures}
    queryset = model.filter(matching(conditions)).annotate(**bucket, **weekday, **sums)
    return queryset.group_by(*columns).limit(LARGEST_GROUPS + 1).values(*columns, *sums)


def _statement(
    plan: ReportPlan, query: PeriodQuery, model: type[Model], conditions: tuple[Condition, ...]
) -> Statement:
    shape = (
        "report",
        model,
        *(condition.shape for condition in conditions),
        plan.question.group_by,
        plan.measures,
    )
    bucket = [list(query.starts)] if plan.question.grain else []
    values = [value for condition in conditions for value in condition.values]
    return statement(
        shape, [*bucket, *values, LARGEST_GROUPS + 1], lambda: report_queryset(plan, query, model, conditions)
    )


class WidthBucket(Function):
    """The bucket of a column: the last of the sorted starts that it has reached, counted from 1."""

    class database_func(SqlFunction):  # noqa: N801 - Tortoise's name
        """PostgreSQL's width_bucket(operand, thresholds): a binary search."""

        def __init__(self, operand: Any, starts: Any) -> None:
            super().__init__("width_bucket", operand, starts)


class IsoWeekday(Function):
    """The weekday of a date's id, from Monday = 1."""

    class database_func(SqlFunction):  # noqa: N801 - Tortoise's name
        """PostgreSQL's date_part, of the date that the digits of the number are."""

        def __init__(self, day: Any) -> None:
            super().__init__("date_part", LiteralValue("'isodow'"), Cast(Cast(day, "text"), "date"))
