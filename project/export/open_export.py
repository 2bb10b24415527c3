"""An export: the complete answer to a question as batches of typed columns, with its schema and its number of rows.

The API and `ad-metrics export` encode it (`export.encode`) in one of the formats (`export.formats`).
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from project.errors import Fault, InvalidRequest
from project.export.change_batches import ChangesTable
from project.export.formats import Format
from project.export.formats.encoder import Encoder
from project.export.report_batches import ReportTable
from project.export.row_batches import RowsTable
from project.query.changes import ChangesQuestion, fetch_changes
from project.query.filters import Filters
from project.query.reports.question import ReportQuestion
from project.query.reports.run import run
from project.query.rows import RowsQuestion, count_rows, plan_rows, rows_statement
from project.store.warehouse.labels import Labels
from project.store.warehouse.snapshot import Snapshot, long_snapshot, snapshot

# Arrow's own pool does not return memory: ten files at once left twice as much behind.
pa.set_memory_pool(pa.system_memory_pool())

Question = RowsQuestion | ReportQuestion | ChangesQuestion


@dataclass(slots=True)
class Export:
    """An answer that is read while it is consumed; close it in the end.

    `source` is `facts`, `rollup` or `ledger`. `schema` has the columns, and as metadata what the file says of itself.
    `batch` returns the rows of a block: of `first`, which has been read, and of `blocks`, which are to be read later.
    """

    format: Format
    file_name: str
    source: str
    rows: int
    schema: pa.Schema
    batch: Callable[[Any], pa.RecordBatch]
    first: Any
    blocks: AsyncGenerator[Any, None] | None = None
    rows_written: int = 0

    @property
    def needs_snapshot(self) -> bool:
        """Whether batches are still to be read from the snapshot."""
        return self.blocks is not None

    async def read(self) -> AsyncIterator[Any]:
        """Yield all blocks."""
        block, self.first = self.first, None
        while block is not None:
            yield block
            block = await anext(self.blocks, None) if self.blocks else None

    def write(self, encoder: Encoder, block: Any) -> None:
        """Write the rows of a block."""
        batch = self.batch(block)
        encoder.write(batch)
        self.rows_written += batch.num_rows

    async def close(self) -> None:
        """Stop reading."""
        if self.blocks:
            await self.blocks.aclose()


def export_snapshot(question: Question) -> AbstractAsyncContextManager[Snapshot]:
    """Begin the snapshot that an export needs: rows are read for as long as their consumer takes them."""
    return long_snapshot() if isinstance(question, RowsQuestion) else snapshot()


async def open_export(question: Question, format_: Format, snapshot: Snapshot, query: str) -> Export:
    """Answer a question in a format. The metadata has `query`, the question as a query string, and the days it means.

    The first rows are read here, so that a query that fails does so before anything is sent. Raises InvalidRequest and
    DatabaseUnavailable.
    """
    labels = snapshot.labels
    metadata = {"question": query, "data_version": str(labels.version.number)}
    if labels.version.sample:
        metadata["sample_data"] = "true"
    days = labels.days(question.filters.date_from, question.filters.date_to)
    metadata |= {name: str(day) for name, day in zip(("date_from", "date_to"), days, strict=True) if day}
    if isinstance(question, RowsQuestion):
        export = await _open_rows(question, format_, snapshot, metadata)
    elif isinstance(question, ChangesQuestion):
        export = await _open_changes(question, format_, snapshot, metadata)
    else:
        export = await _open_report(question, format_, snapshot, metadata)
    if format_.most_rows and export.rows > format_.most_rows:
        await export.close()
        detail = f"The answer has {export.rows:,} rows; {format_.name} takes {format_.most_rows:,}."
        suggestions = ("format=csv", f"limit={format_.most_rows}")
        raise InvalidRequest([Fault("format", "too_many_rows", detail, format_.name, suggestions)])
    return export


async def _open_rows(question: RowsQuestion, format_: Format, snapshot: Snapshot, metadata: dict[str, str]) -> Export:
    labels = snapshot.labels
    plan = plan_rows(question, labels)
    count = await count_rows(plan, snapshot)
    rows = count if question.limit is None else min(count, question.limit)
    table = RowsTable(question.fields, labels, metadata)
    blocks = snapshot.copied(rows_statement(plan, question.limit))
    name = _file_name(format_, (), question.filters, labels)
    return Export(format_, name, "facts", rows, table.schema, table.batch, await anext(blocks, None), blocks)


async def _open_report(
    question: ReportQuestion, format_: Format, snapshot: Snapshot, metadata: dict[str, str]
) -> Export:
    report = await run(question, snapshot)
    table = await report.process(ReportTable, report.plan, report.page, metadata)
    groups = report.page.groups
    name = _file_name(format_, question.group_by or ("total",), question.filters, report.labels)
    return Export(format_, name, report.plan.source.name, len(groups), table.schema, table.batch, groups)


async def _open_changes(
    question: ChangesQuestion, format_: Format, snapshot: Snapshot, metadata: dict[str, str]
) -> Export:
    page = await fetch_changes(question, snapshot)
    table = ChangesTable(page, question.group_by, metadata)
    name = _file_name(format_, ("changes", f"since-{page.since}"), question.filters, snapshot.labels)
    return Export(format_, name, "ledger", len(page.entries), table.schema, table.batch, page.entries)


def _file_name(format_: Format, parts: Sequence[str], filters: Filters, labels: Labels) -> str:
    """Return a name that distinguishes files of different questions."""
    days = labels.days(filters.date_from, filters.date_to)
    sample = ("sample",) if labels.version.sample else ()
    stem = "_".join(["ad-metrics", *sample, *parts, *(str(day) for day in days if day)])
    return f"{stem}.{format_.extension}"
