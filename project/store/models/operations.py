"""The operational tables: the data version, loads, API keys and completed slots of jobs."""

from typing import Any

from tortoise import Model, fields
from tortoise.contrib.postgres.fields import ArrayField


class DataVersion(Model):
    """One row. Each load that changes facts moves `version` and `changed_at`, in its transaction.

    `sample` says that the facts are sample data (`ingest.sample`). `grouping_sets` are the numbers of the sets that the
    rollups have of every day.
    """

    id = fields.SmallIntField(primary_key=True, generated=False)
    version = fields.BigIntField()
    changed_at = fields.DatetimeField()
    sample = fields.BooleanField()
    grouping_sets: fields.Field[list[int]] = ArrayField(element_type="int")

    class Meta:
        table = "data_version"


class IngestLog(Model):
    """One load: its files as `[{"name", "sha256", "bytes"}]`, its times, and how many rows had each result.

    `platform_ids` are the platforms of its rows; null of loads by a release that did not record them.
    """

    id = fields.BigIntField(primary_key=True)
    started_at = fields.DatetimeField()
    finished_at = fields.DatetimeField()
    files: fields.Field[list[dict[str, Any]]] = fields.JSONField()
    rows_read = fields.BigIntField()
    inserted = fields.BigIntField()
    changed = fields.BigIntField()
    unchanged = fields.BigIntField()
    removed = fields.BigIntField()
    summed = fields.BigIntField()
    rejected = fields.BigIntField()
    left_out = fields.BigIntField()
    date_from: fields.Field[Any] = fields.DateField(null=True)
    date_to: fields.Field[Any] = fields.DateField(null=True)
    data_version = fields.BigIntField()
    platform_ids: fields.Field[list[int] | None] = ArrayField(element_type="int", null=True)

    class Meta:
        table = "ingest_log"


class Ingest(Model):
    """One load over HTTP (`ingest.background`): its request, progress and result.

    `state` is queued, running, done, refused (`error` says why) or failed. `touched_at` moves every few seconds while
    it runs. `files` are `[{"name", "path", "bytes"}]`; `report` is that of the load.
    """

    id = fields.BigIntField(primary_key=True)
    state = fields.TextField()
    received_at = fields.DatetimeField()
    touched_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    files: fields.Field[list[dict[str, Any]]] = fields.JSONField()
    options: fields.Field[dict[str, Any]] = fields.JSONField()
    rows_read = fields.BigIntField()
    bytes_read = fields.BigIntField()
    report: fields.Field[dict[str, Any]] = fields.JSONField(null=True)
    error = fields.TextField(null=True)

    class Meta:
        table = "ingest"


class ApiKey(Model):
    """One API key (`store.api_keys`); `digest` is the SHA-256 of its secret. No two keys in use have the same name."""

    id = fields.BigIntField(primary_key=True)
    name = fields.TextField()
    scope = fields.TextField()
    digest = fields.BinaryField()
    created_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "api_key"


class JobSlot(Model):
    """The newest completed slot of a scheduled job, where hosts share the schedule (`jobs.leader_election`)."""

    job = fields.CharField(max_length=40, primary_key=True)
    slot = fields.DatetimeField()

    class Meta:
        table = "job_slot"


class SavedView(Model):
    """A saved view (`store.views`): the page's query string under a name."""

    name = fields.CharField(max_length=100, primary_key=True)
    title = fields.TextField()
    query = fields.TextField()
    changed_at = fields.DatetimeField()

    class Meta:
        table = "saved_view"
