"""The answers of `/v1/dimensions`, as the OpenAPI document describes them."""

from datetime import date
from typing import Literal

from pydantic import Field

from project.web.response.schemas import Answer, DataMeta


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
    """One label and its id."""

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
