"""The answers as the OpenAPI document describes them, derived from the catalogue.

They are not run over answers (that costs more than the query): a test validates real answers against them.
"""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from project.catalog import DIMENSIONS, GRAINS, LABELLED_DIMENSIONS, MEASURES, METRICS, Measure


class Answer(BaseModel):
    """No member is undocumented."""

    model_config = ConfigDict(extra="forbid")


class RowsMeta(Answer):
    """What the answer is about."""

    date_from: date | None = Field(description="The first day asked for, or the first that has facts.")
    date_to: date | None = Field(description="The last day asked for, or the last that has facts.")
    data_version: int = Field(description="Moves with every load that changes something.")
    sample_data: Literal[True] = Field(True, description="Present where the facts are made up, for a first look.")


class DataMeta(Answer):
    """Which state of the data was read."""

    data_version: int
    sample_data: Literal[True] = True


class ReportPage(Answer):
    """Where the answer stands among all groups."""

    limit: int
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last one.")


class PageInfo(ReportPage):
    """Where the answer stands among all rows."""

    count: int = Field(0, description="All rows that match; present with `count=true`.")


def _row(name: str, nested: bool | None) -> type[BaseModel]:
    fields: dict[str, Any] = {"id": (int, Field(0, examples=[1]))}
    for dimension in DIMENSIONS:
        table_row = create_model(
            f"{''.join(part.title() for part in dimension.name.split('_'))}Row",
            __base__=Answer,
            **{dimension.key: (int, ...), dimension.label: (date if dimension.name == "date" else str, ...)},  # type: ignore[call-overload]
        )
        label = date if dimension.name == "date" else str
        kind = table_row if nested else label | table_row
        fields[dimension.name] = (kind, Field(None, description=dimension.description))
    for measure in MEASURES:
        number = Field(0, ge=0, description=f"{measure.description} ({measure.unit})")
        fields[measure.name] = (float if measure.decimals else int, number)
    if nested:
        fields = {name: (kind, Field(..., description=field.description)) for name, (kind, field) in fields.items()}
    return create_model(name, __base__=Answer, **fields)


Row = _row("Row", nested=False)
NestedRow = _row("NestedRow", nested=True)


class RowsAnswer(Answer):
    """A page of facts."""

    data: list[Row]  # type: ignore[valid-type]
    page: PageInfo
    meta: RowsMeta


class RowAnswer(Answer):
    """One fact with all its dimensions as objects."""

    data: NestedRow  # type: ignore[valid-type]
    meta: DataMeta


class Compared(Answer):
    """A metric of the compared period, and how far its own is from that."""

    value: float | None = Field(description="The metric in the compared period.")
    change: float | None = Field(description="Its own value less that; of a ratio, in points.")
    change_ratio: float | None = Field(description="The change over that value; null of a ratio, and of 0.")


class MetricMeta(Answer):
    """A metric that was asked for."""

    name: str
    unit: Literal["count", "currency", "ratio"]


class ComparedDays(Answer):
    """The compared period."""

    date_from: date | None
    date_to: date | None


class ReportMeta(RowsMeta):
    """What the report is about."""

    compare: ComparedDays = Field(ComparedDays(date_from=None, date_to=None), description="With compare_to.")
    group_by: list[str]
    metrics: list[MetricMeta]
    source: Literal["rollup", "facts"] = Field(description="What was summed: a rollup if one covers the report.")


def _metrics() -> dict[str, Any]:
    return {
        metric.name: (
            int if isinstance(metric, Measure) and not metric.decimals else float | None,
            Field(0, description=f"{metric.description} ({metric.unit})"),
        )
        for metric in METRICS.values()
    }


def _group() -> type[BaseModel]:
    fields: dict[str, Any] = {
        grain.name: (date, Field(date.min, description=grain.description)) for grain in GRAINS.values()
    }
    for dimension in LABELLED_DIMENSIONS:
        fields[dimension.name] = (str, Field("", description=dimension.description))
    fields |= _metrics()
    fields["share"] = (dict[str, float | None], Field({}, description="Part of the totals; with totals."))
    fields["compare"] = (dict[str, Compared], Field({}, description="With compare_to."))
    fields["filled"] = (Literal[True], Field(True, description="There are no facts; with fill."))
    return create_model("Group", __base__=Answer, **fields)


Group = _group()
Totals = create_model(
    "Totals",
    __base__=Answer,
    **_metrics(),
    compare=(dict[str, Compared], Field({}, description="With compare_to.")),
)


class ReportAnswer(Answer):
    """A page of groups."""

    data: list[Group]  # type: ignore[valid-type]
    totals: Totals | None = Field(None, description="Of the groups of all pages; with totals.")
    page: ReportPage
    meta: ReportMeta


class PlannedStatement(Answer):
    """One query."""

    sql: str
    values: list[Any]
    estimated_rows: int


class ReportPlan(Answer):
    """How a report would be read."""

    source: Literal["rollup", "facts"]
    grouping_set: list[str] | None = Field(description="The dimensions that the rollup tells apart.")
    days: int = Field(description="How many days it is of, those compared included.")
    estimated_rows: int = Field(description="How many rows the database expects to read.")
    statements: list[PlannedStatement]


class PlanAnswer(Answer):
    """The plan of a report."""

    data: ReportPlan
    meta: DataMeta


class DimensionEntry(Answer):
    """One dimension."""

    name: str
    description: str
    labels: int = Field(description="How many labels it has.")
    href: str


class DimensionsAnswer(Answer):
    """All dimensions."""

    data: list[DimensionEntry]
    meta: DataMeta


class LabelEntry(Answer):
    """One label and its number."""

    id: int
    label: str
    facts: int = Field(0, description="How many facts have it, under the filters; with counts.")
    impressions: int = Field(0, description="With counts.")
    cost: float = Field(0, description="With counts.")


class LabelsMeta(DataMeta):
    """Which state of the data was read, and with counts, of which days and from where."""

    date_from: date | None = None
    date_to: date | None = None
    source: Literal["rollup", "facts"] = "rollup"


class LabelsAnswer(Answer):
    """The labels of one dimension, in alphabetical order."""

    data: list[LabelEntry]
    meta: LabelsMeta


class CatalogDimension(Answer):
    """A dimension, as the catalogue declares it."""

    name: str
    description: str
    example: str


class CatalogMetric(Answer):
    """A measure, or a formula over sums of measures."""

    name: str
    kind: Literal["measure", "formula"]
    unit: Literal["count", "currency", "ratio"]
    description: str
    formula: str | None


class CatalogGrain(Answer):
    """A calendar unit that reports can be grouped by."""

    name: str
    description: str


class CatalogPreset(Answer):
    """A date preset and what it stands for today."""

    name: str
    date_from: date | None
    date_to: date | None


class Limits(Answer):
    """What a request may ask for at most."""

    default_limit: int
    largest_limit: int
    largest_groups: int = Field(description="Groups of a report, all pages together; more are refused.")


class Catalog(Answer):
    """Everything that can be asked for."""

    dimensions: list[CatalogDimension]
    metrics: list[CatalogMetric]
    date_grains: list[CatalogGrain]
    comparisons: list[str]
    date_presets: list[CatalogPreset]
    limits: Limits
    currency: str
    timezone: str
    first_date: date | None
    last_date: date | None


class CatalogAnswer(Answer):
    """The catalogue."""

    data: Catalog
    meta: DataMeta


class IngestFile(Answer):
    """A file that was sent."""

    name: str
    bytes: int


class IngestEntry(Answer):
    """A load that was asked for."""

    id: int
    state: Literal["queued", "running", "done", "refused", "failed", "lost"] = Field(
        description="`refused`: `error` says why. `failed`, `lost`: its process ended before it was done."
    )
    files: list[IngestFile]
    href: str
    options: dict[str, Any] = {}
    rows_read: int = 0
    bytes_read: int = 0
    received_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    report: dict[str, Any] = Field({}, description="As of `ad-metrics load --json`, when it has ended.")


class IngestAnswer(Answer):
    """One load."""

    data: IngestEntry


class IngestsAnswer(Answer):
    """Loads, the newest first."""

    data: list[IngestEntry]


class Alive(Answer):
    """The process answers."""

    status: Literal["alive"]


class Ready(Answer):
    """The service can answer questions."""

    status: Literal["ready"]
    checks: dict[str, Any]
