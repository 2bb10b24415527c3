"""The members that several answers share, as the OpenAPI document describes them.

Answers are not validated against these models at run time, which costs more than the query: a test validates real
answers.
"""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from project.web.request.openapi import Int64


def optional(description: str) -> Any:
    """Return a member that some answers do not have. It is absent then, not null, and has no default."""
    return Field(None, description=description)


def _as_answered(schema: dict[str, Any]) -> None:
    # The next release may add a member, which is no reason for a client of today to fail. Tests allow none.
    del schema["additionalProperties"]
    for member in schema.get("properties", {}).values():
        member.pop("default", None)
        # It is the name again.
        member.pop("title", None)


class Answer(BaseModel):
    """An answer has no undocumented member."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_as_answered)


class DataMeta(Answer):
    """Which state of the data was read."""

    data_version: Int64 = Field(description="Moves with every load that changes something.")
    sample_data: Literal[True] = optional("Present where the facts are made up, for a first look.")


class RowsMeta(DataMeta):
    """What the answer is about."""

    date_from: date | None = Field(description="The first day asked for, or the first that has facts.")
    date_to: date | None = Field(description="The last day asked for, or the last that has facts.")
    settled_to: date | None = Field(
        description="The newest day whose numbers platforms will hardly restate, learned from re-pulls of the platforms"
        " asked for; null until there are 28 days of them."
    )
