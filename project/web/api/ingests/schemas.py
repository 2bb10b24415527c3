"""The answers of `/v1/ingests`, as the OpenAPI document describes them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from project.web.request.openapi import Int64
from project.web.response.schemas import Answer, optional


class IngestFile(Answer):
    """A file that was sent."""

    name: str
    bytes: Int64


class QueuedIngest(Answer):
    """A load that was asked for."""

    id: Int64
    state: Literal["queued", "running", "done", "refused", "failed", "lost"] = Field(
        description="`refused`: `error` says why. `failed`, `lost`: its process ended before it was done."
    )
    files: list[IngestFile]
    href: str


class IngestEntry(QueuedIngest):
    """A load and how far it is."""

    options: dict[str, Any] = Field(description="Those that were given.")
    rows_read: Int64
    bytes_read: Int64
    received_at: datetime
    finished_at: datetime = optional("Present when it has ended.")
    error: str = optional("Why it was refused, or failed.")
    data_version: Int64 = optional("Present when it is done: as `min_version`, it makes answers have this load.")
    report: dict[str, Any] = optional("As of `ad-metrics load --json`, when it has ended; of one load only.")


class QueuedIngestAnswer(Answer):
    """A load that waits for its turn."""

    data: QueuedIngest


class IngestAnswer(Answer):
    """One load."""

    data: IngestEntry


class IngestsAnswer(Answer):
    """Loads, the newest first."""

    data: list[IngestEntry]
