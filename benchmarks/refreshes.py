"""Many dashboards at once, as `benchmarks.overload` opens them: each refreshes every so often, as a browser would.

As a program it loads meanwhile: `python -m benchmarks.refreshes DATABASE_URL SECONDS`.
"""

import asyncio
import random
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from benchmarks.servers import PORT
from project.ingest.convert.dictionary import Dictionary
from project.ingest.load import load_blocks
from project.ingest.report import Report
from project.ingest.sample import sample_records
from project.ingest.write.records import convert_records
from project.settings import Settings

REGIONS = ("California", "Texas", "Florida", "New York", "Pennsylvania", "Illinois", "Ohio", "Georgia", "Michigan")
LAST, DAYS, COMBINATIONS = date(2025, 3, 31), 28, 1369  # of the facts of benchmarks.row_pages
QUESTIONS = (
    "/?region={region}",
    "/v1/reports?region={region}&date_from=2025-03-01&date_to=2025-03-31&group_by=date,platform",
    "/v1/reports?region={region}&date_from=2025-03-01&date_to=2025-03-31&totals=true&compare_to=previous_period",
    "/v1/reports?region={region}&group_by=month&date_from=2024-01-01",
    "/v1/ad-metrics?region={region}&date_from=2025-03-01&date_to=2025-03-31&sort=-date",
)
"""What one dashboard asks."""


@dataclass(slots=True)
class Refreshes:
    """How the questions of a phase were answered."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def __str__(self) -> str:
        p50, p99 = (self.percentile(percent) * 1000 for percent in (50, 99))
        statuses = ", ".join(f"{count} × {status}" for status, count in sorted(self.statuses.items()))
        return f"p50 {p50:6.1f} ms  p99 {p99:7.1f} ms  {statuses}"

    def percentile(self, percent: int) -> float:
        return statistics.quantiles(self.seconds, n=100)[percent - 1]


async def refresh(dashboards: int, every: float, seconds: float) -> Refreshes:
    """Refresh dashboards for a while, spread over the interval, and return how they were answered."""
    answered, end = Refreshes(), time.monotonic() + seconds
    dice = random.Random(7)
    opened = [
        _dashboard(REGIONS[number % len(REGIONS)], dice.random() * every, every, end, answered)
        for number in range(dashboards)
    ]
    await asyncio.gather(*opened)
    return answered


def load_again(dsn: str, seconds: float) -> int:
    """Load the same 28 days for a while, each time with a twentieth of the facts changed; return how often."""
    settings, dice, loads = Settings(database_url=dsn, _env_file=None), random.Random(7), 0
    records = list(sample_records(LAST, DAYS, COMBINATIONS))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for record in records:
            record.measures["impressions"] += dice.random() < 0.05
        dictionary, report = Dictionary(), Report(files=[{"name": "benchmark"}])
        asyncio.run(load_blocks(convert_records(records, dictionary), dictionary, report, settings, sample=True))
        loads += 1
    return loads


async def _dashboard(region: str, delay: float, every: float, end: float, answered: Refreshes) -> None:
    """Ask all questions, one after another on a connection, each time with the ETag of the last answer."""
    tags: dict[str, str] = {}
    at = time.monotonic() + delay
    while at < end:
        await asyncio.sleep(at - time.monotonic())
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        for question in QUESTIONS:
            path = question.format(region=region.replace(" ", "%20"))
            started = time.perf_counter()
            status, tags[path] = await _get(reader, writer, path, tags.get(path, ""))
            answered.seconds.append(time.perf_counter() - started)
            answered.statuses[status] += 1
        writer.close()
        at += every


async def _get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, tag: str) -> tuple[int, str]:
    headers = ["host: localhost", "accept-encoding: gzip", *([f"if-none-match: {tag}"] if tag else [])]
    writer.write("\r\n".join([f"GET {path} HTTP/1.1", *headers, "", ""]).encode())
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    found = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    await reader.readexactly(int(found.get("content-length", 0)))
    return int(lines[0].split()[1]), found.get("etag", "")


if __name__ == "__main__":
    print(load_again(sys.argv[1], float(sys.argv[2])))
