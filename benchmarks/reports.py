"""Reports over millions of facts: the service, the bare SQL on the rollup, the same GROUP BY on the facts, and an ORM.

    uv run --group dev python -m benchmarks.reports [--rounds 200]
    uv run --group dev python -m benchmarks.reports --millions 1 10 100    # how it grows: benchmarks.growth

Two years of sample data in a database of its own for each size, kept for the next run; ten million take ten minutes to
make. All run one request at a time, in turns: not asked before, asked again, 304, an empty request (`/health/live`) and
the bare SQL right after each other. Those ratios are medians of the rounds' own, with their quartiles.
"""

import argparse
import asyncio
import statistics
import time
from datetime import date, timedelta

import asyncpg

from benchmarks import growth
from benchmarks.requests import Connection
from benchmarks.servers import postgres, serving
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
RATIOS = {
    "service / SQL on the rollup": ("service", "SQL on the rollup"),
    "service / the same asked again": ("service", "asked again"),
    "empty request / 304": ("empty request", "304"),
    "empty request / asked again": ("empty request", "asked again"),
}
SIZES = (1, 10)
"""In millions of facts."""

SLOW_ROUNDS = 3
WARM_UP = 20
"""PostgreSQL settles on a plan after five runs of a prepared statement, on each connection of the pool."""
COLUMNS = {"date": "date_id", "platform": "platform_id"}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--millions", type=int, nargs="+", help="how the service grows: see benchmarks.growth")
    arguments.add_argument("--rounds", type=int, default=200)
    options = arguments.parse_args()
    if options.millions:
        growth.run(options.millions, max(1, options.rounds // 40))
        return
    with postgres() as server:
        medians = {}
        for millions in SIZES:
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
        path = f"/v1/reports?date_from={first}&date_to={last}&group_by={','.join(group_by)}"
        times = asyncio.run(side_by_side(dsn, f"{path}&metrics=clicks,cost,ctr", keys, days, rounds))
        times["SQL on the facts"] = asyncio.run(queries(dsn, FACTS_SQL.format(keys=keys), days))
        times["FastAPI + SQLAlchemy"] = orm_requests(dsn, path)
        for way, taken in times.items():
            medians[name, way] = statistics.median(taken)
            service = statistics.median(times["service"])
            shown = f"p50 {medians[name, way] * 1000:9.2f} ms  {medians[name, way] / service:8.2f} × the service"
            print(f"{millions:3} M  {name:28} {way:22} {shown}", flush=True)
        for wanted, (way, other) in RATIOS.items():
            ratios = [one / another for one, another in zip(times[way], times[other], strict=True)]
            low, _, high = statistics.quantiles(ratios, n=4)
            shown = f"{statistics.median(ratios):6.2f} ({low:.2f} to {high:.2f})"
            print(f"{millions:3} M  {name:28} {wanted:32} {shown}", flush=True)
    return medians


async def side_by_side(dsn: str, path: str, keys: str, days: tuple[int, int], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each round, in which every way runs once: whatever disturbs one disturbs its neighbours."""
    sql, database = ROLLUP_SQL.format(keys=keys), await asyncpg.connect(dsn)
    times: dict[str, list[float]] = {}
    with serving("project.main:app", dsn):
        connection = Connection()
        for turn in range(WARM_UP + rounds):
            # Another limit makes it another question with the same answer.
            question = f"{path}&limit={200 + turn}"
            new, headers = connection.get(question)
            again, _ = connection.get(question)
            unchanged, _ = connection.get(question, 304, **{"if-none-match": headers["etag"]})
            empty, _ = connection.get("/health/live")
            started = time.perf_counter()
            await database.fetch(sql, *days)
            bare = time.perf_counter() - started
            if turn >= WARM_UP:
                ways = ("service", "asked again", "304", "empty request", "SQL on the rollup")
                for way, seconds in zip(ways, (new, again, unchanged, empty, bare), strict=True):
                    times.setdefault(way, []).append(seconds)
        connection.close()
    await database.close()
    return times


def orm_requests(dsn: str, path: str) -> list[float]:
    with serving("benchmarks.peer_sqlalchemy:app", dsn):
        connection = Connection()
        return [connection.get(path)[0] for _ in range(1 + SLOW_ROUNDS)][1:]


async def queries(dsn: str, sql: str, days: tuple[int, int]) -> list[float]:
    connection, times = await asyncpg.connect(dsn), []
    for _ in range(1 + SLOW_ROUNDS):
        started = time.perf_counter()
        await connection.fetch(sql, *days)
        times.append(time.perf_counter() - started)
    await connection.close()
    return times[1:]


if __name__ == "__main__":
    main()
