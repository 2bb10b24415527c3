"""Reports as they were known, over ten years of daily re-pulls of eight platforms, against the same reports without.

    uv run --group dev python -m benchmarks.history [--rounds 15]

The ledger has an entry for each day, platform and day of the 28 that re-pull it: 0.8 million. All requests run one at a
time, in turns; the ratios are of medians.
"""

import argparse
import asyncio
import statistics
from datetime import date, timedelta

import asyncpg

from benchmarks.reports import requests
from benchmarks.servers import postgres
from project.catalog import KEYS, LABELLED_DIMENSIONS, MEASURE_NAMES, date_id
from project.settings import Settings
from project.store.postgres import migrations
from project.store.warehouse import partitions, rollups

FIRST, DAYS, PLATFORMS, REPULLS = date(2016, 1, 1), 3653, 8, 28
REPORTS = ("date,platform", "month,platform", "platform")
MOMENTS = {"as of the middle of the year": 3653 - 183, "as of the week before": 3653 - 7}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=15)
    rounds = arguments.parse_args().rounds
    with postgres() as server:
        asyncio.run(_create(server.url("postgres")))
        dsn = server.url("history")
        asyncio.run(fill(dsn))
        for group_by in REPORTS:
            path = f"/v1/reports?date_from=2025-01-01&date_to=2025-12-31&group_by={group_by}&metrics=clicks,cost"
            paths = {"as known now": path} | {name: f"{path}&as_of={version}" for name, version in MOMENTS.items()}
            times: dict[str, list[float]] = {name: [] for name in paths}
            for _ in range(3):
                for name, of_moment in paths.items():
                    times[name] += requests("project.main:app", dsn, of_moment, rounds)
            now = statistics.median(times["as known now"])
            for name, taken in times.items():
                median = statistics.median(taken)
                print(
                    f"a year by {group_by:16} {name:30} p50 {median * 1000:7.2f} ms  {median / now:5.2f} ×", flush=True
                )


async def _create(url: str) -> None:
    connection = await asyncpg.connect(url)
    if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = 'history'"):
        await connection.execute("CREATE DATABASE history")
    await connection.close()


async def fill(dsn: str) -> None:
    await migrations.upgrade(Settings(database_url=dsn, _env_file=None))
    connection = await asyncpg.connect(dsn)
    if not await connection.fetchval("SELECT version FROM data_version"):
        days = [FIRST + timedelta(days=number) for number in range(DAYS)]
        await connection.executemany("INSERT INTO dim_date VALUES ($1, $2)", [(date_id(day), day) for day in days])
        for dimension in LABELLED_DIMENSIONS:
            labels = [f"{dimension.name} {number}" for number in range(1, PLATFORMS + 1)]
            await connection.executemany(f"INSERT INTO {dimension.table} VALUES ($1, $2)", list(enumerate(labels, 1)))
        await partitions.ensure(connection, {(day.year, day.month) for day in days})
        names = ", ".join(MEASURE_NAMES)
        sums = ", ".join(f"{1000 + index * 100}" for index, _ in enumerate(MEASURE_NAMES))
        others = ", ".join(key for name, key in KEYS.items() if name not in ("date", "platform"))
        await connection.execute(
            f"INSERT INTO fact_ad_metrics_daily (date_id, platform_id, {others}, {names})"
            f" SELECT date_id, platform_id, 1, 1, 1, 1, 1, {sums} FROM dim_date, dim_platform"
        )
        await connection.execute(
            "INSERT INTO data_change"
            " SELECT number, timestamptz '2016-01-01 06:00Z' + number * interval '1 day', 'load', 20160101,"
            " to_char(date '2016-01-01' + number - 1, 'YYYYMMDD')::integer"
            f" FROM generate_series(1, {DAYS}) AS number"
        )
        # The first load has most of a day, and each of the following adds a little.
        first = ", ".join(
            f"CASE WHEN age = 1 THEN {1000 + index * 100} - {REPULLS - 1} ELSE 1 END"
            for index, _ in enumerate(MEASURE_NAMES)
        )
        await connection.execute(
            f"INSERT INTO fact_ledger (data_version, date_id, platform_id, facts, {names})"
            " SELECT date_value - date '2016-01-01' + age, date_id, platform_id, CASE WHEN age = 1 THEN 1 ELSE 0 END,"
            f" {first} FROM dim_date, dim_platform, generate_series(1, {REPULLS}) AS age"
            f" WHERE date_value - date '2016-01-01' + age <= {DAYS}"
        )
        async with connection.transaction():
            await rollups.refresh(connection, map(date_id, days))
            await rollups.record_grouping_sets(connection)
            await connection.execute(f"UPDATE data_version SET version = {DAYS}, changed_at = now()")
        await connection.execute("VACUUM ANALYZE")
    print(await connection.fetchval("SELECT count(*) FROM fact_ledger"), "entries of the ledger", flush=True)
    await connection.close()


if __name__ == "__main__":
    main()
