"""The answers as the OpenAPI document describes them, derived from the catalogue.

They are not run over answers (that costs more than the query): a test validates real answers against them.
"""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from project.catalog import DIMENSIONS, MEASURES


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


class PageInfo(Answer):
    """Where the answer stands among all rows."""

    limit: int
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last one.")
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


class LabelsAnswer(Answer):
    """The labels of one dimension, in alphabetical order."""

    data: list[LabelEntry]
    meta: DataMeta


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


class CatalogPreset(Answer):
    """A date preset and what it stands for today."""

    name: str
    date_from: date | None
    date_to: date | None


class Limits(Answer):
    """What a request may ask for at most."""

    default_limit: int
    largest_limit: int


class Catalog(Answer):
    """Everything that can be asked for."""

    dimensions: list[CatalogDimension]
    metrics: list[CatalogMetric]
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


class Alive(Answer):
    """The process answers."""

    status: Literal["alive"]


class Ready(Answer):
    """The service can answer questions."""

    status: Literal["ready"]
    checks: dict[str, Any]
