"""The answers of `/v1/changes`, as the OpenAPI document describes them."""

from datetime import date, datetime
from typing import Any

from pydantic import Field, create_model

from project.catalog import MEASURES
from project.web.request.openapi import Int64
from project.web.response.schemas import Answer, DataMeta


class CountChange(Answer):
    """A number then and now."""

    before: Int64
    after: Int64
    change: Int64


class AmountChange(Answer):
    """An amount then and now."""

    before: float
    after: float
    change: float


_sums: dict[str, Any] = {
    "facts": (CountChange, Field(description="How many facts there are.")),
    **{m.name: (AmountChange if m.decimals else CountChange, Field(description=m.description)) for m in MEASURES},
}
_day: dict[str, Any] = {"date": (date, ...), "platform": (str, ...)}
_load: dict[str, Any] = {
    "data_version": (Int64, Field(description="The version that the load made.")),
    "changed_at": (datetime, ...),
    "cause": (str, Field(description="`load`, `retention`, `rebuild`, or `upgrade`, where the ledger began.")),
    "files": (list[str], Field(description="The names of the files that were loaded.")),
    "date_from": (date, Field(description="The first day that it changed.")),
    "date_to": (date, Field(description="The last day that it changed.")),
}

DayChange = create_model("DayChange", __base__=Answer, **_day, **_sums)
LoadChange = create_model("LoadChange", __base__=Answer, **_load, **_sums)


class KnownPart(Answer):
    """What part of the final sum was known, over the days that taught it."""

    median: float
    p10: float
    p90: float


class MaturityOfPlatform(Answer):
    """How soon the numbers of a platform are what they come to in the end."""

    platform: str
    days: int = Field(description="How many days re-pulls taught, of at most 90; 28 are needed.")
    settled_to: date | None = Field(description="The newest day that has settled.")
    settles_after_days: dict[str, int | None] | None = Field(
        description="By measure, the age in days from which on 95 % of days are within 0.5 % of their end; null where"
        " no age is. Null as a whole where too few days taught."
    )
    known: dict[str, list[KnownPart | None]] | None = Field(
        description="By measure, what was known at the age of 0 days, 1 day, and so on to 28; an age is counted in UTC."
        " Null where too few days taught."
    )


class MaturityAnswer(Answer):
    """The maturity of each platform that has new facts."""

    data: list[MaturityOfPlatform]
    meta: DataMeta


class ChangesPage(Answer):
    """Where the answer stands among all entries."""

    limit: int
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last one.")


class ChangesMeta(DataMeta):
    """What is compared: the facts as known at the version `since`, and as known at `data_version`."""

    since: Int64


class ChangesAnswer(Answer):
    """A page of changes: of days and platforms, or of loads."""

    data: list[DayChange] | list[LoadChange]
    page: ChangesPage
    meta: ChangesMeta
