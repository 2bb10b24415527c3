"""The page's first view of ten million facts, next to a request that finds nothing.

    uv run --group dev python -m benchmarks.dashboard [--millions 10] [--rounds 100]

Each round asks three times, one after another, on one connection: for rows of a day without facts; for a view that
nobody has asked for since the start, which is planned, read and rendered; and for one that was asked for before, which
is kept as it is. A ratio is that of the medians.
"""

import argparse
import asyncio
import http.client
import statistics
import time

from benchmarks.reports import fill
from benchmarks.servers import PORT, postgres, serving

EMPTY = "/v1/ad-metrics?date_from=2100-01-01"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--millions", type=int, default=10)
    arguments.add_argument("--rounds", type=int, default=100)
    options = arguments.parse_args()
    with postgres() as server:
        dsn = asyncio.run(fill(server, options.millions))
        with serving("project.main:app", dsn):
            measure(options.rounds)


def measure(rounds: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", PORT)
    times: dict[str, list[float]] = {"nothing": [], "first view": [], "the same again": []}
    warm_up = 10
    for turn in range(warm_up + rounds):
        # The number of rows that are shown at most makes it another view, of the same rows.
        view = f"/?limit={100 + turn}"
        timings = [seconds(connection, path) for path in (EMPTY, view, view)]
        if turn >= warm_up:
            for known, one in zip(times.values(), timings, strict=True):
                known.append(one)
    nothing = statistics.median(times["nothing"])
    for name, found in times.items():
        median = statistics.median(found)
        print(f"{name:15} p50 {median * 1000:6.2f} ms  {median / nothing:5.2f} x nothing")


def seconds(connection: http.client.HTTPConnection, path: str) -> float:
    started = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    elapsed = time.perf_counter() - started
    assert answer.status == 200, body
    return elapsed


if __name__ == "__main__":
    main()
