"""Everything small, in ten minutes: one table with the ratios that matter.

    uv run --group dev python -m benchmarks

Each line is measured as the module that it names does, on less data or in fewer rounds; `docs/benchmarks.md` has the
figures of the whole. A page needs `wrk`.
"""

import argparse
import asyncio
import shutil
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks import commands, loads, reports, row_pages
from benchmarks.servers import postgres, serving
from project.store.postgres.embedded import EmbeddedPostgres

ROUNDS = 40
"""Of requests; of loads there is one, since a noisy machine disturbs their seconds less."""

MONTH = "/v1/reports?date_from=2025-03-01&date_to=2025-03-31&group_by=date,platform"


class Line(NamedTuple):
    """What was measured, its figure, and what is wanted; `least` says that more is better."""

    work: str
    figure: float
    unit: str
    wanted: float
    least: bool = False

    def __str__(self) -> str:
        reached = self.figure >= self.wanted if self.least else self.figure <= self.wanted
        wanted = f"{'≥' if self.least else '≤'} {self.wanted} {self.unit}"
        return f"{self.work:62} {self.figure:8.2f} {self.unit:2} {wanted:10} {'' if reached else 'missed'}"


def pages(server: EmbeddedPostgres) -> Iterator[Line]:
    if not shutil.which("wrk"):
        print("a page is skipped: it needs wrk", file=sys.stderr)
        return
    row_pages.fill(server)
    options = argparse.Namespace(connections=8, seconds=3)
    ours, bare = (row_pages.SERVERS[name] for name in list(row_pages.SERVERS)[:2])
    ratios = [
        row_pages.one_turn(*ours, server.url(), options)[0] / row_pages.one_turn(*bare, server.url(), options)[0]
        for _ in range(3)
    ]
    yield Line("page of 100 rows, of bare Starlette + asyncpg", statistics.median(ratios), "×", 0.8, least=True)
    with serving(ours[0], server.url()) as site:
        rate, _, _ = row_pages.run_wrk(site, False, 8, 3, MONTH)
    # Cube 0.35 answered 82 to 100 a second from its cache, on the same machine.
    yield Line("a month's report asked again, a second, of 10 × Cube", rate, "/s", 1000, least=True)


def questions(server: EmbeddedPostgres) -> Iterator[Line]:
    dsn = asyncio.run(reports.fill(server, 1))
    for (name, (first, last, group_by)), wanted in zip(reports.QUESTIONS.items(), (3, 2), strict=True):
        days = (reports.date_id(first), reports.date_id(last))
        keys = ", ".join(reports.COLUMNS[dimension] for dimension in group_by)
        path = f"/v1/reports?date_from={first}&date_to={last}&group_by={','.join(group_by)}&metrics=clicks,cost,ctr"
        times = asyncio.run(reports.side_by_side(dsn, path, keys, days, ROUNDS))

        def ratio(way: str, other: str, times: dict[str, list[float]] = times) -> float:
            return statistics.median(one / another for one, another in zip(times[way], times[other], strict=True))

        yield Line(f"{name}, of bare SQL on the rollup", ratio("service", "SQL on the rollup"), "×", wanted)
        yield Line(f"{name}, 304, of an empty request", ratio("empty request", "304"), "×", 0.6, least=True)


def command_line(server: EmbeddedPostgres) -> Iterator[Line]:
    with TemporaryDirectory() as directory:
        for name, seconds, wanted in commands.measure(server, Path(directory)):
            yield Line(name, seconds, "s", wanted)


def files(server: EmbeddedPostgres) -> Iterator[Line]:
    with TemporaryDirectory() as directory:
        ratios = asyncio.run(loads.compare(server, Path(directory), 400_000 // loads.DAYS, 1))
    for (ours, theirs, wanted), ratio in ratios.items():
        yield Line(f"{ours}: {theirs} takes so much longer", ratio, "×", wanted, least=True)


def main() -> None:
    with postgres() as server:
        lines = [line for measure in (command_line, questions, files, pages) for line in measure(server)]
    print("", *lines, sep="\n")


if __name__ == "__main__":
    main()
