"""Growth: what the service takes over ten years of more and more facts, relative to the smallest number.

    uv run --group dev python -m benchmarks.reports --millions 1 10 100 [--rounds 5]

The facts are made set by set in SQL: ten million take five minutes, 100 million half an hour, and 35 GB of disk. Each
round asks every database in turn, each time another question, so that none is answered from memory. Ratios are of
medians.
"""

import argparse
import asyncio
import csv
import json
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from benchmarks.requests import Connection
from benchmarks.servers import create, postgres, serving
from project.catalog import LABELLED_DIMENSIONS, MEASURE_NAMES, NATURAL_KEY, RECORD, date_id
from project.ingest.load import load
from project.ingest.options import Options
from project.settings import Settings
from project.store.postgres import migrations
from project.store.postgres.embedded import EmbeddedPostgres
from project.store.warehouse import data_version, ledger, partitions, rollups
from project.store.warehouse.labels import load_labels

FIRST, MONTHS = date(2016, 1, 1), 120
DAYS = (date(2026, 1, 1) - FIRST).days
GB, GB_OF_A_MILLION = 1, 0.34
"""Ten years of rollups, and a million facts with their keys."""
ASKED = 30
"""Requests of each kind, each round."""

LABELS = {"region": 60, "age_range": 6, "gender": 3, "platform": 4, "placement": 13, "device_type": 5}
PLACEMENTS_OF_A_PLATFORM = 4
"""A placement belongs to one platform."""

PLANNED = {
    "planning a page": "SELECT * FROM fact_ad_metrics_daily WHERE date_id >= 20250301 AND date_id <= 20250331"
    f" ORDER BY {', '.join(NATURAL_KEY)} LIMIT 100",
    "planning ten years": "SELECT date_id, sum(cost) FROM rollup_ad_metrics_daily WHERE grouping_set = 256 GROUP BY 1",
}

COMBINATIONS = f"""
CREATE TEMPORARY TABLE combination AS
SELECT region, age, gender, placement / {PLACEMENTS_OF_A_PLATFORM} + 1 AS platform, placement + 1 AS placement, device,
       row_number() OVER (ORDER BY hashint8(region * 1000000 + age * 100000 + gender * 10000 + placement * 99 + device))
FROM generate_series(1, {LABELS["region"]}) AS region, generate_series(1, {LABELS["age_range"]}) AS age,
     generate_series(1, {LABELS["gender"]}) AS gender, generate_series(0, {LABELS["placement"] - 1}) AS placement,
     generate_series(1, {LABELS["device_type"]}) AS device"""
FACTS = """
SELECT date_id, region, age, gender, platform, placement, device, views, views / 97, (views * 31 % 9973)::numeric / 100,
       views / 1009, views / 211
FROM (
    SELECT date_id, combination.*, 50 + abs(hashint8(date_id::bigint * 100000 + row_number)) % 5000 AS views
    FROM dim_date, combination
    WHERE date_id >= {lower} AND date_id < {upper} AND row_number <= {facts_of_a_day}
) AS fact ORDER BY date_id, region, age, gender, platform, placement, device"""


def run(millions: list[int], rounds: int, *, keep: bool = True) -> dict[tuple[str, int], float]:
    """Make a database of each size, time everything, print how it grows, and return medians in seconds."""
    with postgres() as server, TemporaryDirectory() as directory:
        dsns = {size: asyncio.run(fill(server, size)) for size in sorted(millions) if _has_room(server, size)}
        times: dict[tuple[str, int], list[float]] = {}
        for turn in range(rounds):
            for size, dsn in dsns.items():
                for name, taken in measured(dsn, turn, Path(directory)):
                    times.setdefault((name, size), []).append(taken)
        if not keep:
            asyncio.run(drop(server, dsns))
    medians = {key: statistics.median(taken) for key, taken in times.items()}
    for name in dict.fromkeys(name for name, _ in medians):
        smallest = medians[name, min(dsns)]
        figures = (f"{medians[name, size] * 1000:9.2f} ms {medians[name, size] / smallest:5.2f} ×" for size in dsns)
        print(f"{name:34}", *figures, flush=True)
    return medians


def measured(dsn: str, turn: int, directory: Path) -> Iterator[tuple[str, float]]:
    """Yield what one round measures, in seconds."""
    started = time.perf_counter()
    with serving("project.main:app", dsn):
        yield "start-up", time.perf_counter() - started
        connection = Connection()
        for name, paths in questions(turn).items():
            connection.get(next(paths))
            for _ in range(ASKED):
                yield name, connection.get(next(paths))[0]
        connection.close()
    yield from asyncio.run(in_the_database(dsn))
    rows = sample_day(FIRST + timedelta(days=DAYS + turn))
    file = directory / "day.csv"
    with file.open("w", newline="") as written:
        csv.writer(written).writerows([RECORD, *rows])
    for name in ("a load of a new day", "the same day again"):
        started = time.perf_counter()
        settings = Settings(database_url=dsn, _env_file=None)
        asyncio.run(load([file], Options(), settings, notify=lambda _: None))
        yield name, time.perf_counter() - started


def questions(turn: int) -> dict[str, Iterator[str]]:
    """Return requests of each kind, of one month or two years after another."""
    months = [(2016 + number // 12, number % 12 + 1) for number in range(MONTHS)]
    months = months[turn * ASKED % MONTHS :] + months[: turn * ASKED % MONTHS]
    month = [f"date_from={year}-{month:02}-01&date_to={year}-{month:02}-28" for year, month in months]
    long = [f"date_from={year}-{month:02}-01&date_to={year + 2}-{month:02}-01" for year, month in months if year < 2024]
    return {
        "/health/ready": cycle(["/health/ready"]),
        "a page of 100 rows": cycle([f"/v1/ad-metrics?{days}&platform=platform+1" for days in month]),
        "a month by date × platform": cycle([f"/v1/reports?{days}&group_by=date,platform" for days in month]),
        "two years by platform": cycle([f"/v1/reports?{days}&group_by=platform" for days in long]),
    }


async def in_the_database(dsn: str) -> list[tuple[str, float]]:
    """Time loading the labels, and planning a page and a report over 120 partitions."""
    connection = await asyncpg.connect(dsn)
    version = await data_version.read(connection)
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        await load_labels(connection, version)
        taken.append(("labels", time.perf_counter() - started))
    for name, select in PLANNED.items():
        for _ in range(5):
            plan = json.loads(await connection.fetchval(f"EXPLAIN (SUMMARY, FORMAT JSON) {select}"))
            taken.append((name, plan[0]["Planning Time"] / 1000))
    await connection.close()
    return taken


async def fill(server: EmbeddedPostgres, millions: int) -> str:
    """Make the database of so many million facts, unless there is one, and return its address."""
    name = f"growth_{millions}m"
    dsn = await create(server, name)
    await migrations.upgrade(Settings(database_url=dsn, _env_file=None))
    connection = await asyncpg.connect(dsn)
    if not await connection.fetchval("SELECT version FROM data_version"):
        started = time.perf_counter()
        await make(connection, millions * 1_000_000 // DAYS)
        print(f"{millions} million facts made in {time.perf_counter() - started:.0f} s", flush=True)
    await connection.close()
    return dsn


async def make(connection: asyncpg.Connection, facts_of_a_day: int) -> None:
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    await connection.executemany("INSERT INTO dim_date VALUES ($1, $2)", [(date_id(day), day) for day in days])
    for dimension in LABELLED_DIMENSIONS:
        labels = [(number, f"{dimension.name} {number}") for number in range(1, LABELS[dimension.name] + 1)]
        await connection.executemany(f"INSERT INTO {dimension.table} VALUES ($1, $2)", labels)
        await connection.execute(f"SELECT setval('{dimension.table}_{dimension.key}_seq', 1000)")
    await connection.execute(COMBINATIONS)
    await connection.execute("ANALYZE combination")
    months = sorted({(day.year, day.month) for day in days})
    for month in months:
        async with connection.transaction():
            for partition in await partitions.new_partitions(connection, [month]):
                select = FACTS.format(lower=partition.lower, upper=partition.upper, facts_of_a_day=facts_of_a_day)
                await partitions.fill(connection, partition, (*NATURAL_KEY, *MEASURE_NAMES), select)
            await rollups.refresh(connection, [date_id(day) for day in days if (day.year, day.month) == month])
    async with connection.transaction():
        await rollups.record_grouping_sets(connection)
        await ledger.record_change(connection, "load", sample=False)
    await connection.execute("VACUUM ANALYZE")


def sample_day(day: date) -> Iterator[tuple[object, ...]]:
    """Yield 400 records of a day."""
    for number in range(400):
        yield (
            day, f"region {number % 50 + 1}", f"age_range {number % 6 + 1}", f"gender {number % 3 + 1}",
            f"platform {number % 2 + 1}", f"placement {number // 50 + 1}", f"device_type {number % 5 + 1}",
            1000 + number, number % 30, f"{number}.25", number % 7, number % 11,
        )  # fmt: skip


async def drop(server: EmbeddedPostgres, sizes: dict[int, str]) -> None:
    connection = await asyncpg.connect(server.url("postgres"))
    for size in sizes:
        await connection.execute(f"DROP DATABASE growth_{size}m")
    await connection.close()


def _has_room(server: EmbeddedPostgres, millions: int) -> bool:
    free = shutil.disk_usage(server.data.parent).free / 1e9
    needed = GB + millions * GB_OF_A_MILLION
    if free > needed + 2:
        return True
    print(f"{millions} million facts are skipped: they need {needed:.0f} GB, and there are {free:.0f}", file=sys.stderr)
    return False


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--millions", type=int, nargs="+", default=[1, 10])
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--drop", action="store_true", help="drop the databases afterwards")
    chosen = arguments.parse_args()
    run(chosen.millions, chosen.rounds, keep=not chosen.drop)
