"""The answers of `/v1/dimensions`, as the OpenAPI document describes them."""

from datetime import date
from typing import Literal

from pydantic import Field

from project.web.request.openapi import Int64
from project.web.response.schemas import Answer, DataMeta, optional


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
    facts: Int64 = optional("How many facts have it, under the filters; with `counts`.")
    impressions: Int64 = optional("Their impressions; with `counts`.")
    cost: float = optional("Their cost; with `counts`.")


class LabelsMeta(DataMeta):
    """Which state of the data was read, and with counts, of which days and from where."""

    date_from: date | None = optional("The first day counted; with `counts`, null where there are no facts.")
    date_to: date | None = optional("The last day counted; with `counts`, null where there are no facts.")
    settled_to: date | None = optional("The newest day whose numbers have settled; with `counts`.")
    source: Literal["rollup", "facts"] = optional("What was counted; with `counts`.")


class LabelsAnswer(Answer):
    """The labels of one dimension, in alphabetical order; ages in their own."""

    data: list[LabelEntry]
    meta: LabelsMeta
