"""The answers of `/v1/catalog`, as the OpenAPI document describes them."""

from datetime import date
from typing import Literal

from pydantic import Field

from project.web.response.schemas import Answer, DataMeta


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
