"""The answers of `/v1/loads`, as the OpenAPI document describes them."""

from datetime import date, datetime

from pydantic import Field

from project.web.request.openapi import Int64
from project.web.response.schemas import Answer, DataMeta, optional


class LoadedFile(Answer):
    """A file of a load."""

    name: str
    sha256: str = optional("Absent of sample data, which is made without a file.")
    bytes: Int64 = optional("Absent of sample data.")


class Load(Answer):
    """One load, and what became of its rows."""

    id: Int64
    started_at: datetime
    finished_at: datetime
    files: list[LoadedFile]
    date_from: date | None = Field(description="The first day of its rows.")
    date_to: date | None = Field(description="The last day of its rows.")
    rows_read: Int64
    inserted: Int64
    changed: Int64
    unchanged: Int64
    removed: Int64
    summed: Int64 = Field(description="Rows that were added to another row of the same key.")
    rejected: Int64
    left_out: Int64 = Field(description="Totals, footers and other lines that are no data.")
    data_version: Int64 = Field(description="The data version after it; that before it, where it changed nothing.")


class LoadsPage(Answer):
    """Where the answer stands among all loads."""

    limit: int
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last one.")


class LoadsAnswer(Answer):
    """A page of loads, newest first."""

    data: list[Load]
    page: LoadsPage
    meta: DataMeta
