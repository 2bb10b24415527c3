"""The command line as whole processes: what people and cron wait for.

uv run --group dev python -m benchmarks.commands [--rounds 7]
"""

import argparse
import csv
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import loads
from benchmarks.servers import postgres
from project.catalog import RECORD
from project.ingest.sample import sample_records
from project.store.postgres.embedded import EmbeddedPostgres

ROWS = 400
COMMAND = [sys.executable, "-m", "project.cli"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=7)
    with postgres() as server, TemporaryDirectory() as directory:
        for name, seconds, wanted in measure(server, Path(directory), arguments.parse_args().rounds):
            print(f"{name:50} {seconds:6.2f} s  (wanted ≤ {wanted} s on an idle machine)")


def measure(server: EmbeddedPostgres, directory: Path, rounds: int = 5) -> Iterator[tuple[str, float, float]]:
    """Yield what was measured, the median of its seconds, and the seconds that are wanted of an idle machine."""
    dsn = loads.run_empty(server)
    file = directory / "day.csv"
    rows = sample_records(date(2024, 3, 31), 1, ROWS)
    with file.open("w", newline="") as written:
        csv.writer(written).writerows([RECORD, *((r.day, *r.ordered_labels, *r.ordered_measures) for r in rows)])
    copy = "CREATE TEMPORARY TABLE day (" + ", ".join(f"{name} text" for name in RECORD) + ")"
    ways = {
        "python -c pass": ([sys.executable, "-c", "pass"], 0.1),
        "ad-metrics --help": ([*COMMAND, "--help"], 0.5),
        f"ad-metrics load, {ROWS} rows that are known": ([*COMMAND, "load", str(file)], 1.5),
        f"psql \\copy of {ROWS} rows into a table": (
            [server.command("psql"), dsn, "-c", copy, "-c", f"\\copy day from '{file}' csv header"], 1.5,
        ),
    }  # fmt: skip
    environment = os.environ | {"DATABASE_URL": dsn, "LOG_LEVEL": "WARNING"}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(1 + rounds):
        for name, (command, _) in ways.items():
            started = time.perf_counter()
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if turn:
                seconds[name].append(time.perf_counter() - started)
    for name, (_, wanted) in ways.items():
        yield name, statistics.median(seconds[name]), wanted


if __name__ == "__main__":
    main()
