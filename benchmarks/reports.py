"""Reports over millions of facts: the service, the bare SQL on the rollup, the same GROUP BY on the facts, and an ORM.

    uv run --group benchmark python -m benchmarks.reports [--millions 1 10] [--rounds 15]

Two years of sample data in a database of its own for each size, kept for the next run; ten million take ten minutes to
make. All run one request at a time, in turns; the ratios are of medians.
"""

import argparse
import asyncio
import http.client
import statistics
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import asyncpg

from benchmarks.servers import PORT, postgres, serving
from project.catalog import LABELLED_DIMENSIONS, MEASURE_NAMES, NATURAL_KEY, date_id
from project.ingest.sample import sample_records
from project.settings import Settings
from project.store.postgres import migrations
from project.store.postgres.embedded import EmbeddedPostgres
from project.store.warehouse import ledger, partitions, rollups

END, DAYS = date(2025, 12, 31), 731
QUESTIONS = {
    "a month by date × platform": (date(2025, 3, 1), date(2025, 3, 31), ("date", "platform")),
    "two years by platform": (date(2024, 1, 1), END, ("platform",)),
}
FACTS_SQL = """
SELECT {keys}, sum(impressions) AS impressions, sum(clicks) AS clicks, sum(cost) AS cost
FROM fact_ad_metrics_daily WHERE date_id BETWEEN $1 AND $2 GROUP BY {keys}"""
ROLLUP_SQL = """
SELECT {keys}, sum(impressions) AS impressions, sum(clicks) AS clicks, sum(cost) AS cost
FROM rollup_ad_metrics_daily WHERE grouping_set = 256 AND date_id BETWEEN $1 AND $2 GROUP BY {keys}"""
SLOW_ROUNDS = 3
COLUMNS = {"date": "date_id", "platform": "platform_id"}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--millions", type=int, nargs="+", default=[1, 10])
    arguments.add_argument("--rounds", type=int, default=15)
    options = arguments.parse_args()
    with postgres() as server:
        medians = {}
        for millions in options.millions:
            dsn = asyncio.run(fill(server, millions))
            medians[millions] = measure(dsn, millions, options.rounds)
        smallest, largest = min(medians), max(medians)
        if smallest != largest:
            for name in QUESTIONS:
                grown = medians[largest][name, "service"] / medians[smallest][name, "service"]
                print(f"{name}: the service takes {grown:.2f} × as long over {largest} as over {smallest} million")


async def fill(server: EmbeddedPostgres, millions: int) -> str:
    name = f"reports_{millions}m"
    control = await asyncpg.connect(server.url("postgres"))
    if not await control.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
        await control.execute(f"CREATE DATABASE {name}")
    await control.close()
    dsn = server.url(name)
    await migrations.upgrade(Settings(database_url=dsn, _env_file=None))
    connection = await asyncpg.connect(dsn)
    if not await connection.fetchval("SELECT version FROM data_version"):
        print(f"making {millions} million facts …", flush=True)
        await make(connection, millions * 1_000_000 // DAYS)
    print(await connection.fetchval("SELECT count(*) FROM fact_ad_metrics_daily"), "facts", end=", ")
    print(await connection.fetchval("SELECT count(*) FROM rollup_ad_metrics_daily"), "rollup rows", flush=True)
    await connection.close()
    return dsn


async def make(connection: asyncpg.Connection, a_day: int) -> None:
    """Copy sample data straight into the facts: the loader would check ten million keys one by one."""
    ids: dict[str, dict[str, int]] = {dimension.name: {} for dimension in LABELLED_DIMENSIONS}
    days = [END - timedelta(days=back) for back in range(DAYS)]
    await connection.executemany("INSERT INTO dim_date VALUES ($1, $2)", [(date_id(day), day) for day in days])
    await partitions.ensure(connection, {(day.year, day.month) for day in days})
    await connection.execute("SET session_replication_role = replica")  # no foreign keys meanwhile

    def rows():
        for record in sample_records(END, DAYS, a_day):
            labels = zip(ids.values(), record.ordered_labels, strict=True)
            yield (
                date_id(record.day),
                *(known.setdefault(label, len(known) + 1) for known, label in labels),
                *record.ordered_measures,
            )

    columns = (*NATURAL_KEY, *MEASURE_NAMES)
    await connection.copy_records_to_table("fact_ad_metrics_daily", records=rows(), columns=columns)
    for dimension in LABELLED_DIMENSIONS:
        await connection.executemany(
            f"INSERT INTO {dimension.table} VALUES ($1, $2)",
            [(id_, label) for label, id_ in ids[dimension.name].items()],
        )
    async with connection.transaction():
        await rollups.refresh(connection, map(date_id, days))
        await ledger.record_change(connection, "load", sample=True)
    await connection.execute("VACUUM ANALYZE")


def measure(dsn: str, millions: int, rounds: int) -> dict[tuple[str, str], float]:
    medians: dict[tuple[str, str], float] = {}
    for name, (first, last, group_by) in QUESTIONS.items():
        days = (date_id(first), date_id(last))
        keys = ", ".join(COLUMNS[dimension] for dimension in group_by)
        path = f"/v1/reports?date_from={first}&date_to={last}&group_by={','.join(group_by)}&metrics=clicks,cost,ctr"
        orm_path = path.replace("&metrics=clicks,cost,ctr", "")
        ways: dict[str, Callable[[], list[float]]] = {
            "service": partial(requests, "project.main:app", dsn, path, rounds),
            "SQL on the rollup": partial(queries, dsn, ROLLUP_SQL.format(keys=keys), days, rounds),
            "SQL on the facts": partial(queries, dsn, FACTS_SQL.format(keys=keys), days, SLOW_ROUNDS),
            "FastAPI + SQLAlchemy": partial(requests, "benchmarks.peer_sqlalchemy:app", dsn, orm_path, SLOW_ROUNDS),
        }
        times: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(3):
            for way, run in ways.items():
                times[way] += run()
        for way, taken in times.items():
            medians[name, way] = statistics.median(taken)
            ratio = medians[name, way] / medians[name, "service"]
            shown = f"p50 {medians[name, way] * 1000:9.2f} ms  {ratio:8.2f} × the service"
            print(f"{millions:3} M  {name:28} {way:22} {shown}", flush=True)
    return medians


def requests(app: str, dsn: str, path: str, rounds: int) -> list[float]:
    with serving(app, dsn):
        connection = http.client.HTTPConnection("127.0.0.1", PORT)
        return timed(lambda: get(connection, path), rounds)


def get(connection: http.client.HTTPConnection, path: str) -> None:
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body


def queries(dsn: str, sql: str, days: tuple[int, int], rounds: int) -> list[float]:
    async def run() -> list[float]:
        connection = await asyncpg.connect(dsn)
        times = []
        for _ in range(warm_up(rounds) + rounds):
            started = time.perf_counter()
            await connection.fetch(sql, *days)
            times.append(time.perf_counter() - started)
        await connection.close()
        return times[warm_up(rounds) :]

    return asyncio.run(run())


def timed(run: Callable[[], None], rounds: int) -> list[float]:
    times = []
    for _ in range(warm_up(rounds) + rounds):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return times[warm_up(rounds) :]


def warm_up(rounds: int) -> int:
    # PostgreSQL settles on a plan after five runs of a prepared statement; that is long for what takes seconds.
    return 1 if rounds == SLOW_ROUNDS else 6


if __name__ == "__main__":
    main()
