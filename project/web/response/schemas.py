"""The members that several answers share, as the OpenAPI document describes them.

Answers are not validated against these models at run time, which costs more than the query: a test validates real
answers.
"""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """An answer has no undocumented member."""

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
