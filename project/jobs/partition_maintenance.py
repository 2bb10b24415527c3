"""The daily jobs for partitions: create those of the coming months, drop old ones.

They log that the database is unavailable.
"""

from datetime import UTC, date, datetime, timedelta

from loguru import logger

from project.catalog import date_id
from project.errors import DatabaseUnavailable, QueryTooSlow
from project.settings import Settings
from project.store.postgres.connections import lock_writes, write_connection
from project.store.warehouse import commits, ledger, partitions

CRON = "10 3 * * *"
"""When they run, in UTC: before the daily check."""

_LOCK_TIMEOUT_SECONDS = 5

_AHEAD = timedelta(hours=1)
"""Nothing is dropped by a clock that is further ahead of the database's: years ahead, all facts would be old."""


async def create_partitions(settings: Settings) -> None:
    """Create the partitions of this month and the next three."""
    try:
        async with write_connection(settings) as connection:
            created = await partitions.ensure(
                connection, partitions.months_ahead(datetime.now(UTC).date()), settings.partition_months
            )
    except DatabaseUnavailable as error:
        logger.error("Partitions could not be created: {} ({})", error, error.cause)
    else:
        logger.info(
            "Partitions exist {} months ahead; created: {}.", partitions.MONTHS_AHEAD, ", ".join(created) or "none"
        )


async def drop_old_facts(settings: Settings) -> None:
    """Drop the facts of all months before the last `RETENTION_MONTHS` full ones; 0 drops none.

    Of a partition that also has later months, they are deleted.
    """
    if not settings.retention_months:
        return
    now = datetime.now(UTC)
    first = _first_retained(now.date(), settings.retention_months)
    try:
        async with write_connection(settings) as connection, commits.transaction(connection):
            if now > await connection.fetchval("SELECT now()") + _AHEAD:
                logger.error("Old facts are not dropped: the clock of this host is ahead of the database's.")
                return
            await lock_writes(connection, logger.info)
            await connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT_SECONDS}s'")
            dropped, deleted = await partitions.drop_before(connection, (first.year, first.month))
            if dropped or deleted:
                await connection.execute("DELETE FROM dim_date WHERE date_id < $1", date_id(first))
                await ledger.record_change(connection, "retention")
    except QueryTooSlow:
        logger.warning(
            "Old facts could not be dropped: queries read them for {} s; the next try is tomorrow.",
            _LOCK_TIMEOUT_SECONDS,
        )
    except DatabaseUnavailable as error:
        logger.error("Old facts could not be dropped: {} ({})", error, error.cause)
    else:
        logger.info("Facts before {} are dropped; partitions: {}.", first, ", ".join(dropped) or "none")


def _first_retained(today: date, months: int) -> date:
    month = today.year * 12 + today.month - 1 - months
    return date(max(1, month // 12), month % 12 + 1, 1)
