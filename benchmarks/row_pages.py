"""A filtered page of 100 rows out of a million, four ways, side by side in one run.

    uv run --group dev python -m benchmarks.row_pages [--rounds 5] [--seconds 4] [--connections 8]

The servers run one at a time, one worker each, on the same database, in turns, so that a noisy machine disturbs all
alike; a ratio is the median of the rounds' own ratios. `wrk` makes the requests, each about other two weeks; (m) is
this service asked the same again and again.
"""

import argparse
import asyncio
import re
import statistics
import subprocess
import sys
import urllib.request
from datetime import date

import asyncpg

from benchmarks.servers import VARY, need_wrk, postgres, serving
from project.ingest.convert.dictionary import Dictionary
from project.ingest.load import load_blocks
from project.ingest.report import Report
from project.ingest.sample import sample_records
from project.ingest.write.records import convert_records
from project.settings import Settings
from project.store.postgres import migrations
from project.store.postgres.embedded import EmbeddedPostgres

END, DAYS, COMBINATIONS = date(2025, 12, 31), 731, 1369  # two years: 24 partitions
QUESTION = (
    "/v1/ad-metrics?date_from=2025-03-01&date_to=2025-03-14&platform=facebook,instagram"
    "&region=California,Texas,Florida&limit=100"
)
SERVERS = {
    "a: this service": ("project.main:app", True),
    "b: Starlette + asyncpg": ("benchmarks.peer_asyncpg:app", True),
    "c: FastAPI + SQLAlchemy": ("benchmarks.peer_sqlalchemy:app", True),
    "m: this service, memory": ("project.main:app", False),
}
"""The applications, and whether each request is about other days."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=4)
    arguments.add_argument("--connections", type=int, default=8)
    arguments.add_argument("--only", choices=["a", "b", "c", "m"], action="append")
    options = arguments.parse_args()
    need_wrk()
    with postgres() as server:
        fill(server)
        measure(server, options)


def fill(server: EmbeddedPostgres) -> None:
    settings = Settings(database_url=server.url(), _env_file=None)
    asyncio.run(migrations.upgrade(settings))
    report = Report(files=[{"name": "benchmark"}])
    print(f"loading {DAYS * COMBINATIONS:,} facts (kept for the next run) …", flush=True)
    dictionary = Dictionary()
    lines = convert_records(sample_records(END, DAYS, COMBINATIONS), dictionary)
    asyncio.run(load_blocks(lines, dictionary, report, settings, sample=True))
    print(f"{report.inserted:,} inserted, {report.unchanged:,} there before")
    asyncio.run(vacuum(server.url()))


async def vacuum(dsn: str) -> None:
    """Do at once what autovacuum does within a minute: (c) depends on statistics."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def measure(server: EmbeddedPostgres, options: argparse.Namespace) -> None:
    chosen = {name: app for name, app in SERVERS.items() if not options.only or name[0] in options.only}
    results: dict[str, list[tuple[float, float, float]]] = {name: [] for name in chosen}
    for turn in range(options.rounds):
        for name, app in chosen.items():
            results[name].append(one_turn(*app, server.url(), options))
            rate, p50, p99 = results[name][-1]
            print(f"round {turn + 1}  {name:26} {rate:8.0f}/s  p50 {p50:7.2f} ms  p99 {p99:7.2f} ms", flush=True)
    medians = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in results.items()
    }
    print(f"\nmedians of {options.rounds} rounds of {options.seconds} s, {options.connections} connections")
    for name, (rate, p50, p99) in medians.items():
        print(f"{name:26} {rate:8.0f}/s  p50 {p50:7.2f} ms  p99 {p99:7.2f} ms")
    rates = {name[0]: [rate for rate, _, _ in turns] for name, turns in results.items()}
    for other in sorted(rates.keys() - {"a"}):
        ratios = [ours / theirs for ours, theirs in zip(rates.get("a", ()), rates[other], strict=False)]
        if ratios:
            spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
            print(f"a / {other}: {statistics.median(ratios):.2f} (median of the rounds' ratios; {spread})")


def one_turn(app: str, varied: bool, dsn: str, options: argparse.Namespace) -> tuple[float, float, float]:
    with serving(app, dsn, cache_mb=0 if varied else 32) as site:
        with urllib.request.urlopen(site + QUESTION) as answer:
            body = answer.read()
        assert body.count(b'"device_type"') == 100, body[:300]
        run_wrk(site, varied, options.connections, 1)
        return run_wrk(site, varied, options.connections, options.seconds)


def run_wrk(
    site: str, varied: bool, connections: int, seconds: int, question: str = QUESTION
) -> tuple[float, float, float]:
    script = [f"-s{VARY}"] if varied else []
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *script, site + question]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output:
        sys.exit(output)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    return rate, milliseconds(output, "50%"), milliseconds(output, "99%")


def milliseconds(output: str, percentile: str) -> float:
    number, unit = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s)", output).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


if __name__ == "__main__":
    main()
