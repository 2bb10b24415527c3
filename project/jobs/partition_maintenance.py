"""Maintenance: the daily jobs that keep partitions, each with its line in the service's log. They never raise."""

from datetime import UTC, date, datetime

import asyncpg
from loguru import logger

from project.catalog import date_id
from project.errors import DatabaseUnavailable
from project.settings import Settings
from project.store.postgres.connections import lock_writes, write_connection
from project.store.warehouse import data_version, partitions

CRON = "10 3 * * *"
"""When they run, in UTC: before the daily check."""

_SECONDS_TO_LOCK = 5


async def make_partitions(settings: Settings) -> None:
    """Make the partitions of this month and the next three."""
    try:
        async with write_connection(settings) as connection:
            made = await partitions.ensure(connection, partitions.months_ahead(datetime.now(UTC).date()))
    except DatabaseUnavailable as error:
        logger.error("Partitions could not be made ahead: {}", error)
    else:
        logger.info(
            "Partitions are there {} months ahead; made: {}.", partitions.MONTHS_AHEAD, ", ".join(made) or "none"
        )


async def drop_old_facts(settings: Settings) -> None:
    """Drop the months that `RETENTION_MONTHS` no longer keeps: it counts those before the current one, 0 keeps all."""
    if not settings.retention_months:
        return
    first = _first_kept(datetime.now(UTC).date(), settings.retention_months)
    try:
        async with write_connection(settings) as connection, connection.transaction():
            await lock_writes(connection, logger.info)
            await connection.execute(f"SET LOCAL lock_timeout = '{_SECONDS_TO_LOCK}s'")
            dropped = await partitions.drop_before(connection, (first.year, first.month))
            if dropped:
                await connection.execute("DELETE FROM dim_date WHERE date_id < $1", date_id(first))
                await data_version.move(connection)
    except DatabaseUnavailable as error:
        logger.error("Old facts could not be dropped: {}", error)
    except asyncpg.LockNotAvailableError:
        logger.warning(
            "Old facts could not be dropped: others were reading for {} s; tomorrow again.", _SECONDS_TO_LOCK
        )
    else:
        logger.info("Facts before {} are dropped; partitions: {}.", first, ", ".join(dropped) or "none")


def _first_kept(today: date, months: int) -> date:
    month = today.year * 12 + today.month - 1 - months
    return date(max(1, month // 12), month % 12 + 1, 1)
