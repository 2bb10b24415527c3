"""Load: files → records → staging → facts, in one transaction: all of it lands, or nothing."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from project.errors import LoadRefused
from project.ingest.convert.dictionary import Dictionary
from project.ingest.files import Progress, staged_lines
from project.ingest.options import Options, check_options
from project.ingest.report import Report
from project.ingest.write.merge import merge, remove_all
from project.ingest.write.staging import stage, staged_months
from project.settings import Settings
from project.store.postgres.connections import Notify, lock_writes, write_connection
from project.store.warehouse import data_version, partitions, rollups

_LOGGED = (
    "started_at", "finished_at", "rows_read", "inserted", "changed", "unchanged", "removed", "summed",
    "rejected", "left_out", "date_from", "date_to", "data_version",
)  # fmt: skip


class RowsRejected(LoadRefused):
    """Rows could not be read; the report has them."""

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
    """Load the files as one; a dry run finds out what would become of every row, and keeps nothing.

    Loading the same again changes nothing. Raises LoadRefused (RowsRejected where more rows could not be read than
    `--max-rejects` allows) and DatabaseUnavailable.
    """
    check_options(options)
    report = report or Report()
    report.dry_run = dry_run
    dictionary = Dictionary()
    lines = staged_lines(paths, options, dictionary, report, settings.currency, notify=notify, progress=progress)
    await load_lines(lines, dictionary, report, settings, options=options, notify=notify)
    return report


async def load_lines(
    lines: Iterator[bytes],
    dictionary: Dictionary,
    report: Report,
    settings: Settings,
    *,
    options: Options = Options(),  # noqa: B008 - it is frozen
    sample: bool = False,
    notify: Notify = print,
) -> None:
    """Load what is to be staged, from anywhere, counting into the report. `sample` says that it is made up.

    The first real load removes the sample data, so that the two never mix.
    """
    async with write_connection(settings) as connection:
        days = await stage(connection, lines, dictionary, report)
        if not options.max_rejects.allows(report.rejected, report.rows_read + report.rejected):
            raise RowsRejected(report)
        if days is None:
            raise LoadRefused("The files have no rows; nothing was loaded.")
        report.date_from, report.date_to = days
        if not report.dry_run:
            months = partitions.months_ahead(report.started_at.date())
            if await partitions.on_citus(connection):
                months += await staged_months(connection)
            await partitions.ensure(connection, months)
        transaction = connection.transaction()
        await transaction.start()
        try:
            await lock_writes(connection, notify)
            await _keep_sample_apart(connection, report, sample=sample)
            await merge(
                connection,
                report,
                keys_differ=dictionary.keys_differ(report.rows_read),
                replace=options.replace,
                refuse_duplicates=options.on_duplicate == "error",
            )
            if not report.dry_run:
                await _write_down(connection, report, sample=sample)
        except BaseException:
            if not connection.is_closed():
                await transaction.rollback()
            raise
        if report.dry_run:
            await transaction.rollback()
        else:
            await transaction.commit()


async def _keep_sample_apart(connection: "asyncpg.Connection[Any]", report: Report, *, sample: bool) -> None:
    before = await data_version.read(connection)
    if sample and before.number and not before.sample:
        raise LoadRefused("There is real data; sample data is not added to it.")
    if before.sample and not sample:
        report.sample_removed = await remove_all(connection)
    if not before.number or report.sample_removed:
        # Its days will be all there are.
        await rollups.record_grouping_sets(connection)


async def _write_down(connection: "asyncpg.Connection[Any]", report: Report, *, sample: bool) -> None:
    """Move the data version if any fact changed, and add the load to the log."""
    if report.inserted or report.changed or report.removed or report.sample_removed:
        await data_version.move(connection, sample=sample)
    report.data_version = (await data_version.read(connection)).number
    report.finished_at = datetime.now(UTC)
    entry = {name: getattr(report, name) for name in _LOGGED} | {"files": orjson.dumps(report.files).decode()}
    placeholders = ", ".join(f"${position}" for position in range(1, len(entry) + 1))
    await connection.execute(
        f"INSERT INTO ingest_log ({', '.join(entry)}) VALUES ({placeholders})",  # noqa: S608
        *entry.values(),
    )
