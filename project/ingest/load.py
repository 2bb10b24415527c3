"""Load: files → rows → staging → facts, in one transaction: all of the files land, or nothing."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pyarrow as pa
from asyncpg.transaction import Transaction

from project.errors import LoadRefused
from project.ingest.convert.converter import Converter
from project.ingest.convert.dictionary import Dictionary
from project.ingest.mapping.columns import map_columns
from project.ingest.mapping.questions import Unanswered
from project.ingest.options import Options
from project.ingest.read.source import Source, open_source
from project.ingest.read.table import MISSING, Block, Table
from project.ingest.report import Report
from project.ingest.write.merge import Merged, merge
from project.ingest.write.removal import delete_all
from project.ingest.write.staging import stage, staged_months
from project.settings import Settings
from project.store.postgres import citus
from project.store.postgres.connections import Notify, lock_writes, write_connection
from project.store.warehouse import commits, data_version, ledger, partitions, rollups

Progress = Callable[[Source, Report], None]
"""Called after each block of rows, with the file that is being read."""

EXAMPLES = 3
"""How many texts of each column a question shows."""

_LOGGED = (
    "started_at", "finished_at", "rows_read", "inserted", "changed", "unchanged", "removed", "summed",
    "rejected", "left_out", "date_from", "date_to", "data_version",
)  # fmt: skip


class RowsRejected(LoadRefused):
    """More rows were rejected than the options allow; the report has them."""

    def __init__(self, report: Report) -> None:
        rows = report.rejected + report.rows_read
        super().__init__(
            f"{report.rejected:,} of {rows:,} rows could not be read; nothing was loaded. --rejects FILE writes "
            "them to a file, --max-rejects N loads the others."
        )
        self.report = report


async def load(
    paths: Sequence[Path],
    options: Options,
    settings: Settings,
    *,
    dry_run: bool = False,
    notify: Notify = print,
    progress: Progress | None = None,
    report: Report | None = None,
) -> Report:
    """Load the files as one. A dry run reports what would become of every row, and changes nothing.

    A load of files that the database has changes nothing. Raises LoadRefused (RowsRejected where more rows are rejected
    than `max_rejects` allows) and DatabaseUnavailable.
    """
    report = report or Report()
    report.dry_run = dry_run
    dictionary = Dictionary()
    blocks = convert_files(paths, options, dictionary, report, settings.currency, notify=notify, progress=progress)
    await load_blocks(blocks, dictionary, report, settings, options=options, notify=notify)
    return report


def convert_files(
    paths: Sequence[Path],
    options: Options,
    dictionary: Dictionary,
    report: Report,
    currency: str,
    *,
    notify: Notify,
    progress: Progress | None = None,
) -> Iterator[pa.Table]:
    """Yield blocks of records, as `write.staging` takes them. Counts into the report as it goes.

    `notify` is called with the format and preset of each file, and where its fields come from. Raises LoadRefused.
    """
    for path in paths:
        with open_source(path, options) as source:
            table = source.table
            try:
                columns = map_columns(table.header, options, source.name, currency)
            except Unanswered as error:
                error.examples = _examples(table)
                raise
            notify(f"{source.name}: {table.kind}, read as {columns.preset.name}")
            report.add_sources(source.name, columns.preset.name, columns.sources.values(), notify)
            for line, text in table.preamble:
                report.leave_out(source.name, line, "lines above the header", [text])
            converter = Converter(source, columns, options, dictionary, report, currency)
            # A pipe may stall, and a refusal would wait for what comes next.
            for block in _prefetched(table.blocks) if path.is_file() else table.blocks:
                yield converter.convert(block)
                if progress:
                    progress(source, report)
            if (held := converter.finish()) is not None:
                yield held
            report.add_file(source.name, source.sha256, source.size)


async def load_blocks(
    blocks: Iterator[pa.Table],
    dictionary: Dictionary,
    report: Report,
    settings: Settings,
    *,
    options: Options = Options(),  # noqa: B008 - it is frozen
    sample: bool = False,
    notify: Notify = print,
) -> None:
    """Load blocks of records from any source, and count into the report. `sample` marks the facts as sample data.

    The first load of other data removes the sample data, so the two never mix.
    """
    report.currency = settings.currency
    # Behind a pooler, temporary tables last no longer than a transaction.
    async with write_connection(settings) as connection, commits.transaction(connection, partial(_end, report)):
        staged = await stage(connection, blocks, dictionary, report)
        if not options.allows_rejects(report.rejected, report.rows_read + report.rejected):
            raise RowsRejected(report)
        if staged is None:
            raise LoadRefused("The files have no rows; nothing was loaded.")
        report.date_from, report.date_to = staged.first_day, staged.last_day
        if not report.dry_run:
            await _make_partitions(connection, report, settings)
        await lock_writes(connection, notify)
        await _replace_sample(connection, report, sample=sample)
        merged = await merge(
            connection,
            report,
            staged,
            rows_differ=lambda: dictionary.keys_differ(report.rows_read),
            replace=options.replace,
            refuse_duplicates=options.on_duplicate == "error",
            partition_months=settings.partition_months,
            notify=(lambda _: None) if sample else notify,
        )
        if not report.dry_run:
            await _log(connection, report, merged, sample=sample)


def _prefetched(blocks: Iterator[Block]) -> Iterator[Block]:
    """Yield the blocks; a thread reads the next one meanwhile, which Arrow does at the side of Python's own work."""
    with ThreadPoolExecutor(1) as pool:
        next_block = pool.submit(next, blocks, None)
        while (block := next_block.result()) is not None:
            next_block = pool.submit(next, blocks, None)
            yield block


def _examples(table: Table) -> dict[str, list[str]]:
    """Return the first texts of each column."""
    with suppress(LoadRefused):
        for block in table.blocks:
            texts = (
                [text for text in column.dictionary.to_pylist() if text.strip() and text != MISSING]
                for column in block.columns
            )
            return {name: some[:EXAMPLES] for name, some in zip(table.header, texts, strict=True)}
    return {}


async def _make_partitions(connection: "asyncpg.Connection[Any]", report: Report, settings: Settings) -> None:
    months = partitions.months_ahead(report.started_at.date())
    if await citus.installed(connection):
        months += await staged_months(connection)
    if await partitions.missing(connection, months):
        async with write_connection(settings) as other:
            await partitions.ensure(other, months, settings.partition_months)


async def _end(report: Report, connection: "asyncpg.Connection[Any]", transaction: Transaction) -> None:
    """Commit a load, or roll back a dry run."""
    if report.dry_run:
        await transaction.rollback()
        return
    report.committed = None
    commit = asyncio.create_task(commits.commit(connection, transaction))
    try:
        await asyncio.shield(commit)
    finally:
        # An interrupt waits for the answer, so that it can say whether the load happened.
        await commit
        report.committed = True


async def _replace_sample(connection: "asyncpg.Connection[Any]", report: Report, *, sample: bool) -> None:
    before = await data_version.read(connection)
    if sample and before.number and not before.sample:
        raise LoadRefused("There is real data; sample data is not added to it.")
    if before.sample and not sample:
        report.sample_removed = await delete_all(connection)
    if not before.number or report.sample_removed:
        # The rollups of this load are then all there are.
        await rollups.record_grouping_sets(connection)


async def _log(connection: "asyncpg.Connection[Any]", report: Report, merged: Merged, *, sample: bool) -> None:
    """Record the change if any fact changed, and insert the load into `ingest_log`."""
    if merged.changed_days or report.sample_removed:
        days = None if report.sample_removed else merged.changed_days
        await ledger.record_change(connection, "load", days, sample=sample)
    report.data_version = (await data_version.read(connection)).number
    report.finished_at = datetime.now(UTC)
    entry = {name: getattr(report, name) for name in _LOGGED}
    entry |= {"files": orjson.dumps(report.files).decode(), "platform_ids": merged.platform_ids}
    placeholders = ", ".join(f"${position}" for position in range(1, len(entry) + 1))
    await connection.execute(
        f"INSERT INTO ingest_log ({', '.join(entry)}) VALUES ({placeholders})",  # noqa: S608
        *entry.values(),
    )
