"""The answers of `/v1/ad-metrics`, as the OpenAPI document describes them."""

from datetime import date
from typing import Any

from pydantic import BaseModel, Field, create_model

from project.catalog import DIMENSIONS, MEASURES
from project.web.request.openapi import Int64
from project.web.response.schemas import Answer, DataMeta, RowsMeta, optional


class PageInfo(Answer):
    """The position of the answer among all rows."""

    limit: int
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last one.")
    count: Int64 = optional("All rows that match; with `count=true`.")


def _row(name: str, *, nested: bool) -> type[BaseModel]:
    # With `fields`, a row has any of its members.
    default: Any = ... if nested else None
    fields: dict[str, Any] = {"id": (Int64, Field(default, description="The fact's id.", examples=[1]))}
    for dimension in DIMENSIONS:
        label = date if dimension.name == "date" else str
        members: Any = {dimension.key: (int, ...), dimension.label: (label, ...)}
        table_row = create_model(f"{dimension.name.title().replace('_', '')}Row", __base__=Answer, **members)
        kind = table_row if nested else label | table_row
        fields[dimension.name] = (kind, Field(default, description=dimension.description))
    for measure in MEASURES:
        number = Field(default, description=f"{measure.description} ({measure.unit})")
        fields[measure.name] = (float if measure.decimals else Int64, number)
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
