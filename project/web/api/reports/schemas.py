"""The answers of `/v1/reports`, as the OpenAPI document describes them."""

from datetime import date
from typing import Any, Literal

from pydantic import Field, create_model

from project.catalog import GRAINS, LABELLED_DIMENSIONS, METRICS, Formula
from project.catalog.natural_order import WEEKDAY, WEEKDAYS
from project.web.request.openapi import Int64
from project.web.response.schemas import Answer, DataMeta, RowsMeta, optional


class ReportPage(Answer):
    """Where the answer stands among all groups."""

    limit: int
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last one.")


class Compared(Answer):
    """A metric of the previous period, and its change since."""

    value: float | None = Field(description="The metric in the previous period.")
    change: float | None = Field(description="The current value less that; of a ratio, in points.")
    change_ratio: float | None = Field(description="The change over that value; null of a ratio, and of 0.")
    contribution: float | None = Field(
        None, description="The change over the total's change, of a measure; null where that is 0."
    )


class MetricMeta(Answer):
    """A metric that was asked for."""

    name: str
    unit: Literal["count", "currency", "ratio"]


class Days(Answer):
    """The first and last day; null where there are none."""

    date_from: date | None
    date_to: date | None


class UnmatchedDays(Answer):
    """How many compared days of each period have no counterpart in the other, as a 31st has none in a month of 30."""

    current: int
    previous: int


class ComparedDays(Days):
    """The days of the previous period that are compared, and with which: those that are loaded."""

    current: Days
    unmatched_days: UnmatchedDays


class ReportMeta(RowsMeta):
    """What the report is about."""

    compare: ComparedDays = optional("With `compare_to`.")
    complete_to: date | None = Field(description="The newest day that is loaded.")
    as_of: Int64 = optional("The data version that was known then; with `as_of`.")
    rolling: int = optional("How many days each date sums; with `rolling`.")
    group_by: list[str]
    metrics: list[MetricMeta]
    source: Literal["rollup", "facts"] = Field(description="What was summed: a rollup if one covers the report.")


_metrics: dict[str, Any] = {
    metric.name: (
        float | None if isinstance(metric, Formula) else float if metric.decimals else Int64,
        optional(f"{metric.description} ({metric.unit})"),
    )
    for metric in METRICS.values()
}
_compare: Any = (dict[str, Compared], optional("Each metric of the previous period; with `compare_to`."))

_group: dict[str, Any] = {
    **{grain.name: (date, optional(grain.description)) for grain in GRAINS.values()},
    WEEKDAY: (Literal[WEEKDAYS], optional("The day of the week.")),
    **{dimension.name: (str, optional(dimension.description)) for dimension in LABELLED_DIMENSIONS},
    **_metrics,
    "share": (dict[str, float | None], optional("The part of each measure's total; with `totals`.")),
    "compare": _compare,
    "filled": (Literal[True], optional("Present where there are no facts; with `fill`.")),
}

Group = create_model("Group", __base__=Answer, **_group)
Totals = create_model("Totals", __base__=Answer, **_metrics, compare=_compare)


class ReportAnswer(Answer):
    """A page of groups."""

    data: list[Group]
    totals: Totals = optional("Of the groups of all pages; with `totals`.")
    page: ReportPage
    meta: ReportMeta


class PlannedStatement(Answer):
    """One query."""

    sql: str
    values: list[Any]
    estimated_rows: Int64


class ReportPlan(Answer):
    """How a report would be read."""

    source: Literal["rollup", "facts"]
    grouping_set: list[str] | None = Field(description="The dimensions of the rollup.")
    days: int = Field(description="How many days it is of, those compared included.")
    estimated_rows: Int64 = Field(description="How many rows the database expects to read.")
    statements: list[PlannedStatement]


class PlanAnswer(Answer):
    """The plan of a report."""

    data: ReportPlan
    meta: DataMeta
