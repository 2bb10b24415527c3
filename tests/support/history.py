"""Histories: the ledger and the facts that daily loads with re-pulls leave, written at once."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg

from tests.support.records import loaded, record, write

LAST = date(2024, 5, 31)
SUMS = ("facts", "impressions", "clicks", "cost", "conversions", "likes")


@dataclass(frozen=True)
class History:
    """What daily loads found of a platform: of each day, `parts[age - 1]` per cent of `final` conversions at each age.

    The other measures are what the first of them had.
    """

    platform: str
    parts: list[int]
    days: int = 60
    final: int = 1000

    def conversions(self, age: int) -> int:
        """Return how many conversions of a day are known so many days later."""
        return self.final * self.parts[min(age, len(self.parts)) - 1] // 100


async def write_histories(url: str, directory: Path, *histories: History, last: date = LAST) -> None:
    """Write the facts and the ledger of several platforms into an empty database: daily loads up to the last day."""
    rows = [
        record(
            date=str(last - timedelta(days=age - 1)),
            platform=history.platform,
            conversions=history.conversions(age),
            **dict.fromkeys(("impressions", "clicks", "cost", "likes"), history.conversions(1)),
        )
        for history in histories
        for age in range(1, history.days + 1)
    ]
    await loaded(url, write(directory / "facts.csv", rows))
    connection = await asyncpg.connect(url)
    await connection.execute("TRUNCATE fact_ledger, data_change, ingest_log")
    for history in histories:
        platform = await connection.fetchval(
            "SELECT platform_id FROM dim_platform WHERE platform_name = $1", history.platform
        )
        await write_history(connection, history.days, history.parts, platform=platform, final=history.final, last=last)
    await connection.execute("UPDATE data_change SET first_date_id = (SELECT min(date_id) FROM fact_ad_metrics_daily)")
    await connection.close()


async def write_history(
    connection: asyncpg.Connection,
    days: int,
    parts: list[int],
    *,
    repulls: int = 28,
    platform: int = 1,
    final: int = 1000,
    last: date = LAST,
) -> None:
    """Write what daily loads of the last days would have: of a day, `parts[age - 1]` per cent are known at each age."""
    first = last - timedelta(days=days - 1)
    changes, loads, entries = [], [], []
    for number in range(1, days + 1):
        moment = datetime.combine(first + timedelta(days=number), datetime.min.time(), UTC) + timedelta(hours=5)
        # Versions go up with time, whichever platform is written first.
        version = (moment.date() - date(2024, 1, 1)).days * 10 + platform
        changes.append((version, moment, int(f"{first:%Y%m%d}"), int(f"{moment - timedelta(days=1):%Y%m%d}")))
        oldest, newest = (moment.date() - timedelta(days=age) for age in (repulls, 1))
        loads.append((moment, oldest, newest, version, [platform]))
        for age in range(1, min(repulls, number) + 1):
            day = moment.date() - timedelta(days=age)
            known = parts[min(age, len(parts)) - 1] - (parts[min(age - 1, len(parts)) - 1] if age > 1 else 0)
            if day < first or not known:
                continue
            change = final * known // 100
            others = change if age == 1 else 0
            amounts = (int(age == 1), others, others, others, change, others)
            entries.append((version, int(f"{day:%Y%m%d}"), platform, *amounts))
    await connection.executemany("INSERT INTO data_change VALUES ($1, $2, 'load', $3, $4)", changes)
    await connection.executemany(
        "INSERT INTO ingest_log (started_at, finished_at, files, rows_read, inserted, changed, unchanged, summed,"
        " rejected, left_out, date_from, date_to, data_version, platform_ids)"
        " VALUES ($1, $1, '[]', 0, 0, 0, 0, 0, 0, 0, $2, $3, $4, $5)",
        loads,
    )
    await connection.executemany(
        f"INSERT INTO fact_ledger (data_version, date_id, platform_id, {', '.join(SUMS)})"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        entries,
    )
    await connection.execute("UPDATE data_version SET version = $1, changed_at = $2", version, moment)
