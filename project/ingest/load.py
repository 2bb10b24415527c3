"""Load: files → records → staging → facts, in one transaction: all of it lands, or nothing."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import asyncpg
import orjson

from project.errors import LoadRefused
from project.ingest.convert.dictionary import Vocabulary
from project.ingest.files import Progress, staged_lines
from project.ingest.options import Options, check_options
from project.ingest.report import Report
from project.ingest.write.merge import merge, remove_all
from project.ingest.write.staging import stage, staged_months
from project.settings import Settings
from project.store.postgres.connections import Tell, wait_for_turn, writing
from project.store.warehouse import partitions, rollups

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
    tell: Tell = print,
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
    vocabulary = Vocabulary()
    lines = staged_lines(paths, options, vocabulary, report, settings.currency, tell=tell, progress=progress)
    await load_lines(lines, vocabulary, report, settings, options=options, tell=tell)
    return report


async def load_lines(
    lines: Iterator[bytes],
    vocabulary: Vocabulary,
    report: Report,
    settings: Settings,
    *,
    options: Options = Options(),  # noqa: B008 - it is frozen
    sample: bool = False,
    tell: Tell = print,
) -> None:
    """Load what is to be staged, from anywhere, counting into the report. `sample` says that it is made up.

    The first real load removes the sample data, so that the two never mix.
    """
    async with writing(settings) as connection:
        days = await stage(connection, lines, vocabulary, report)
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
            await wait_for_turn(connection, tell)
            await _keep_sample_apart(connection, report, sample=sample)
            await merge(
                connection,
                report,
                keys_differ=vocabulary.keys_differ(report.rows_read),
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
    row = await connection.fetchrow("SELECT version, sample FROM data_version")
    version, was_sample = cast("asyncpg.Record", row)
    if sample and version and not was_sample:
        raise LoadRefused("There is real data; sample data is not added to it.")
    if was_sample and not sample:
        report.sample_removed = await remove_all(connection)
    if not version or report.sample_removed:
        # Its days will be all there are.
        await rollups.have_all(connection)


async def _write_down(connection: "asyncpg.Connection[Any]", report: Report, *, sample: bool) -> None:
    """Move the data version if any fact changed, and add the load to the log."""
    if report.inserted or report.changed or report.removed or report.sample_removed:
        await connection.execute(
            "UPDATE data_version SET version = version + 1, changed_at = clock_timestamp(), sample = $1",
            sample,
        )
    report.data_version = await connection.fetchval("SELECT version FROM data_version")
    report.finished_at = datetime.now(UTC)
    entry = {name: getattr(report, name) for name in _LOGGED} | {"files": orjson.dumps(report.files).decode()}
    placeholders = ", ".join(f"${position}" for position in range(1, len(entry) + 1))
    await connection.execute(
        f"INSERT INTO ingest_log ({', '.join(entry)}) VALUES ({placeholders})",  # noqa: S608
        *entry.values(),
    )
