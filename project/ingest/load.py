"""Load: files → records → staging → facts, in one transaction: all of it lands, or nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import asyncpg
import orjson

from project.errors import LoadRefused
from project.ingest.mapping import Options, check_options, mapped
from project.ingest.merge import merge, remove_all
from project.ingest.reading import opened
from project.ingest.records import Record, Reject, converter
from project.ingest.report import Report
from project.ingest.staging import stage, staged_months
from project.settings import Settings
from project.store import partitions, rollups
from project.store.database import writing

_LOCK = 0x0AD10AD  # any number; only loads take it
_LOGGED = (
    "started_at", "finished_at", "rows_read", "inserted", "changed", "unchanged", "summed", "rejected", "left_out",
    "date_from", "date_to", "data_version",
)  # fmt: skip

Tell = Callable[[str], None]


class RowsRejected(LoadRefused):
    """Rows could not be read; the report has them."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"{report.rejected:,} of {report.rows_read:,} rows could not be read; nothing was loaded.")
        self.report = report


async def load(
    paths: Sequence[Path], options: Options, settings: Settings, *, dry_run: bool = False, tell: Tell = print
) -> Report:
    """Load the files as one; a dry run finds out what would become of every row, and keeps nothing.

    Loading the same again changes nothing. Raises LoadRefused (RowsRejected where rows could not be read) and
    DatabaseUnavailable.
    """
    check_options(options)
    report = Report(dry_run=dry_run)
    await load_records(_records(paths, options, report, settings.currency), report, settings, tell=tell)
    return report


async def load_records(
    records: Iterable[Record], report: Report, settings: Settings, *, sample: bool = False, tell: Tell = print
) -> None:
    """Load records from anywhere, counting into the report. `sample` says that they are made up.

    The first real load removes the sample data, so that the two never mix.
    """
    async with writing(settings) as connection:
        days = await stage(connection, records)
        if report.rejected:
            raise RowsRejected(report)
        if days is None:
            raise LoadRefused("The files have no rows; nothing was loaded.")
        report.date_from, report.date_to = days
        if not report.dry_run:
            # And one ahead, so that the first load of a month need not make any.
            await partitions.ensure(connection, [*await staged_months(connection), partitions.month_after(days[1])])
        transaction = connection.transaction()
        await transaction.start()
        try:
            await wait_for_turn(connection, tell)
            await _keep_sample_apart(connection, report, sample=sample)
            await merge(connection, report)
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


def _records(paths: Sequence[Path], options: Options, report: Report, currency: str) -> Iterator[Record]:
    for path in paths:
        with opened(path) as source:
            convert = converter(mapped(source.header, options, source.name, currency), options.date_format, source.name)
            for line, row in source.rows:
                report.rows_read += 1
                record = convert(line, row)
                if isinstance(record, Reject):
                    report.reject(record)
                else:
                    yield record
            for other in report.files:
                if other["sha256"] == source.sha256:
                    raise LoadRefused(f"{other['name']} and {source.name} are the same file; it would count twice.")
            report.files.append({"name": source.name, "sha256": source.sha256, "bytes": source.size})


async def wait_for_turn(connection: "asyncpg.Connection[Any]", tell: Tell) -> None:
    """Make the caller's transaction the only one that writes facts and rollups."""
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
        tell("Another load is running; waiting for it to end.")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


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
    if report.inserted or report.changed or report.sample_removed:
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
