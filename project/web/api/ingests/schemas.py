"""The answers of `/v1/ingests`, as the OpenAPI document describes them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from project.web.response.schemas import Answer


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
    options: dict[str, Any] = Field({})
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
