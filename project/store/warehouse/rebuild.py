"""Rebuild rollups from the facts, each month in a transaction."""

from datetime import date
from itertools import groupby

from project.catalog import FACT_TABLE, ROLLUP_TABLE, date_id
from project.settings import Settings
from project.store.postgres.connections import Notify, lock_writes, write_connection
from project.store.warehouse import commits, ledger, partitions, rollups

_DAYS = f"""\
SELECT DISTINCT date_id FROM {FACT_TABLE} WHERE date_id BETWEEN $1 AND $2
UNION SELECT DISTINCT date_id FROM {ROLLUP_TABLE} WHERE date_id BETWEEN $1 AND $2 ORDER BY 1"""  # noqa: S608


async def rebuild(settings: Settings, first: date, last: date, *, notify: Notify = print) -> int:
    """Rewrite the rollups of these days, and return how many days have any.

    Answers may change, so each month moves the data version. Raises DatabaseUnavailable.
    """
    async with write_connection(settings) as connection:
        days = [row[0] for row in await connection.fetch(_DAYS, date_id(first), date_id(last))]
        months = [(day // 10000, day // 100 % 100) for day in days]
        await partitions.ensure(connection, months, settings.partition_months)
        for month, of_month in groupby(days, key=lambda day: day // 100):
            days_of_month = list(of_month)
            async with commits.transaction(connection):
                await lock_writes(connection, notify)
                await rollups.refresh(connection, days_of_month)
                await ledger.record_change(connection, "rebuild", days_of_month)
            notify(f"{month // 100:04}-{month % 100:02}")
        if (first, last) == (date.min, date.max):
            await rollups.record_grouping_sets(connection)
    return len(days)
