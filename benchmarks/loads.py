"""Loads next to what one would write by hand: COPY into the facts, and INSERT … ON CONFLICT DO UPDATE of everything.

Each round does every way once, on the same rows, in one database: `python -m benchmarks.loads --help`.
"""

import argparse
import asyncio
import csv
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from benchmarks.servers import postgres
from project.catalog import FACT_TABLE, LABELLED_DIMENSIONS, MEASURE_NAMES, NATURAL_KEY, RECORD, date_id
from project.ingest.load import load
from project.ingest.options import Options
from project.ingest.sample import sample_records
from project.settings import Settings
from project.store.postgres import migrations
from project.store.postgres.embedded import EmbeddedPostgres
from project.store.warehouse import partitions

END = date(2024, 3, 31)
DAYS, REPULLED = 31, 28
COLUMNS = (*NATURAL_KEY, *MEASURE_NAMES)
UPSERT = f"""
INSERT INTO fact_ad_metrics_daily ({", ".join(COLUMNS)}) SELECT * FROM naive
ON CONFLICT ({", ".join(NATURAL_KEY)}) DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in MEASURE_NAMES)}"""  # noqa: E501
Rows = list[tuple[Any, ...]]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=400_000, help="facts of the month")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--memory", type=int, nargs="*", default=[], help="millions of rows to read, for memory")
    options = arguments.parse_args()
    with postgres() as server, tempfile.TemporaryDirectory() as directory:
        asyncio.run(compare(server, Path(directory), options.rows // DAYS, options.rounds))
        for millions in options.memory:
            memory(server, Path(directory), millions)


RATIOS = (
    ("load of a month", "COPY of a month", 4),
    ("re-pull, load", "re-pull, ON CONFLICT DO UPDATE", 2.5),
    ("same again, load", "same again, ON CONFLICT DO UPDATE", 5),
)
"""Our way, the other one, and how many times as long that is to take."""


async def compare(
    server: EmbeddedPostgres, directory: Path, a_day: int, rounds: int
) -> dict[tuple[str, str, float], float]:
    """Print what each way takes, and return the medians of `RATIOS`."""
    settings = await empty(server)
    connection = await asyncpg.connect(settings.database_url)
    month = sample_rows(a_day)
    dice = random.Random(7)
    same = [row for row in month if row[0].day > DAYS - REPULLED]
    restated = [(day, labels, (measures[0] + (dice.random() < 0.05), *measures[1:])) for day, labels, measures in same]
    files = [directory / f"{name}.csv" for name in ("month", "same", "restated")]
    for file, rows in zip(files, (month, same, restated), strict=True):
        write(file, rows)
    print(f"{len(month):,} facts of a month, {len(same):,} of {REPULLED} days", flush=True)
    seconds_of: dict[str, list[float]] = {}

    async def timed(name: str, doing: Any) -> None:
        start = time.perf_counter()
        await doing
        seconds_of.setdefault(name, []).append(time.perf_counter() - start)

    ids = await labelled(connection, month)
    for _ in range(rounds):
        await without_facts(connection)
        await partitions.ensure(connection, [(END.year, END.month)])
        records = [(date_id(day), *(ids[label] for label in labels), *measures) for day, labels, measures in month]
        await timed("COPY of a month", connection.copy_records_to_table(FACT_TABLE, records=records, columns=COLUMNS))
        for name, rows in (("re-pull", restated), ("same again", same)):
            await timed(f"{name}, ON CONFLICT DO UPDATE", naive(connection, rows, ids))
        await without_facts(connection)
        await timed("load of a month", load([files[0]], Options(), settings, notify=quiet))
        await timed("re-pull, load", load([files[2]], Options(), settings, notify=quiet))
        await timed("same again, load", load([files[2]], Options(), settings, notify=quiet))
    await connection.close()
    for name, seconds in seconds_of.items():
        print(f"{name:40} {statistics.median(seconds):7.2f} s   {', '.join(f'{one:.2f}' for one in seconds)}")
    medians = {}
    for ours, theirs, wanted in RATIOS:
        ratios = [slow / fast for slow, fast in zip(seconds_of[theirs], seconds_of[ours], strict=True)]
        medians[ours, theirs, wanted] = statistics.median(ratios)
        print(f"{theirs} takes {statistics.median(ratios):.1f} × as long as {ours} (wanted {wanted})")
    return medians


def sample_rows(a_day: int) -> Rows:
    """Return a month of sample data as (day, labels, measures)."""
    return [(record.day, record.ordered_labels, record.ordered_measures) for record in sample_records(END, DAYS, a_day)]


async def naive(connection: asyncpg.Connection, rows: Sequence[Any], ids: dict[str, int]) -> None:
    records = [(date_id(day), *(ids[label] for label in labels), *measures) for day, labels, measures in rows]
    async with connection.transaction():
        await connection.execute(
            f"CREATE TEMPORARY TABLE naive ON COMMIT DROP AS SELECT {', '.join(COLUMNS)} FROM {FACT_TABLE} LIMIT 0"
        )
        await connection.copy_records_to_table("naive", records=records, columns=COLUMNS)
        await connection.execute(UPSERT)


def memory(server: EmbeddedPostgres, directory: Path, millions: int) -> None:
    """Print the memory that the loader needs at most for so many rows; PostgreSQL's is not in it."""
    file = directory / "many.csv"
    month = sample_rows(32_258 // 2)
    with file.open("w", newline="") as written:
        writer = csv.writer(written)
        writer.writerow(RECORD)
        for start in range(0, millions * 1_000_000, len(month)):
            chunk = month[: millions * 1_000_000 - start]
            writer.writerows((day, *labels, *measures) for day, labels, measures in chunk)
    command = [sys.executable, "-c", READ, str(file)]
    environment = os.environ | {"DATABASE_URL": server.url("loads"), "LOG_LEVEL": "WARNING"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    print(f"{millions} million rows:", done.stdout, end="")
    file.unlink()


READ = """
import asyncio, re, sys, time
from pathlib import Path
from project.ingest.load import load
from project.ingest.options import Options
from project.ingest.report import Report
from project.settings import get_settings
report = Report()
start = time.perf_counter()
asyncio.run(load([Path(sys.argv[1])], Options(), get_settings(), dry_run=True, notify=lambda _: None, report=report))
# Not getrusage: its figure includes the process that started this one.
peak = int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024
print(f"{report.rows_read:,} rows, {peak} MB at most, {time.perf_counter() - start:.0f} s")
"""


async def empty(server: EmbeddedPostgres) -> Settings:
    control = await asyncpg.connect(server.url("postgres"))
    await control.execute("DROP DATABASE IF EXISTS loads")
    await control.execute("CREATE DATABASE loads")
    await control.close()
    settings = Settings(database_url=server.url("loads"), _env_file=None)
    await migrations.upgrade(settings)
    return settings


def run_empty(server: EmbeddedPostgres) -> str:
    """Make an empty database, and return its address."""
    return asyncio.run(empty(server)).database_url or ""


async def without_facts(connection: asyncpg.Connection) -> None:
    for table in partitions.PARTITIONED:
        for row in await connection.fetch(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::text::regclass", table
        ):
            await connection.execute(f"DROP TABLE {row[0]}")
    await connection.execute("CHECKPOINT")


async def labelled(connection: asyncpg.Connection, rows: Sequence[Any]) -> dict[str, int]:
    """Make the labels, and return their ids; a label of several dimensions has one id."""
    ids: dict[str, int] = {}
    for index, dimension in enumerate(LABELLED_DIMENSIONS):
        for label in dict.fromkeys(labels[index] for _, labels, _ in rows):
            id_ = ids.setdefault(label, len(ids) + 1)
            await connection.execute(f"INSERT INTO {dimension.table} VALUES ($1, $2)", id_, label)
        await connection.execute(f"SELECT setval('{dimension.table}_{dimension.key}_seq', 1000)")
    days = sorted({day for day, _, _ in rows})
    await connection.executemany("INSERT INTO dim_date VALUES ($1, $2)", [(date_id(day), day) for day in days])
    return ids


def write(file: Path, rows: Sequence[Any]) -> None:
    def cells() -> Iterator[Any]:
        for day, labels, measures in rows:
            yield day, *labels, *measures

    with file.open("w", newline="") as written:
        csv.writer(written).writerows([RECORD, *cells()])


def quiet(_text: str) -> None:
    """Print nothing of what a load does."""


if __name__ == "__main__":
    main()
