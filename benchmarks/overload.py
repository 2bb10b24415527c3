"""Ten times the requests that a service can answer, and many dashboards while a load runs.

    uv run --group dev python -m benchmarks.overload [--rounds 3] [--seconds 6] [--saturating 8]
    uv run --group dev python -m benchmarks.overload --only dashboards [--dashboards 200] [--every 10]

One service with two workers on the database of `benchmarks.row_pages`; `wrk` asks in turns: by as many connections as
saturate it, and by ten times as many, none of which waits before it asks again. A ratio is the median of the rounds'
own ratios. How long answers took is the service's own measure (`/metrics`), which tells them from refusals.

The dashboards ask five questions each, every ten seconds, with the ETags that they have: first while nothing else goes
on, then while 28 days are loaded again and again.
"""

import argparse
import asyncio
import re
import statistics
import subprocess
import sys
import time
import urllib.request

import psutil

from benchmarks import refreshes
from benchmarks.row_pages import QUESTION, fill
from benchmarks.servers import VARY, need_wrk, postgres, serving

QUESTIONS = {
    "a page of rows": QUESTION,
    "a report of facts": "/v1/reports?group_by=gender,age_range,device_type,placement&limit=10"
    "&date_from=2025-03-01&date_to=2025-03-14",
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seconds", type=int, default=6)
    arguments.add_argument("--saturating", type=int, default=8)
    arguments.add_argument("--dashboards", type=int, default=200)
    arguments.add_argument("--every", type=float, default=10)
    arguments.add_argument("--minutes", type=float, default=2, help="how long the dashboards refresh in each phase")
    arguments.add_argument("--only", choices=["flood", "dashboards"])
    options = arguments.parse_args()
    need_wrk()
    with postgres() as server:
        fill(server)
        for name, question in QUESTIONS.items() if options.only != "dashboards" else ():
            measure(name, question, server.url(), options)
        if options.only != "flood":
            asyncio.run(measure_dashboards(server.url(), options))


def measure(name: str, question: str, dsn: str, options: argparse.Namespace) -> None:
    print(f"\n{name}: {question}")
    ratios: dict[int, list[float]] = {10: [], 20: []}
    with serving("project.main:app", dsn, "--workers", "2", cache_mb=0) as site:
        time.sleep(5)
        flood(site, question, options.saturating, 2)
        for turn in range(options.rounds):
            peak, _, p99 = flood(site, question, options.saturating, options.seconds)
            print(f"round {turn + 1}  {options.saturating:4} connections {peak:8.0f} answers/s  p99 {p99}", flush=True)
            for times, found in ratios.items():
                before = memory()
                good, refused, p99 = flood(site, question, options.saturating * times, options.seconds)
                grown = (memory() - before) / (1 << 20)
                found.append(good / peak)
                print(
                    f"round {turn + 1}  {options.saturating * times:4} connections {good:8.0f} answers/s  p99 {p99}"
                    f"  {refused:6.0f} refused/s  {grown:+.0f} MB",
                    flush=True,
                )
    for times, found in ratios.items():
        spread = f"{min(found):.2f} to {max(found):.2f}"
        print(f"goodput at {times} x / at saturation: {statistics.median(found):.2f} ({spread})")


async def measure_dashboards(dsn: str, options: argparse.Namespace) -> None:
    print(f"\n{options.dashboards} dashboards of {len(refreshes.QUESTIONS)} questions, every {options.every:g} s")
    seconds, sizes = options.minutes * 60, []
    with serving("project.main:app", dsn, "--workers", "2"):
        await asyncio.sleep(5)
        await refreshes.refresh(options.dashboards, options.every, options.every)  # each has its answers
        idle = await refreshes.refresh(options.dashboards, options.every, seconds)
        print(f"idle         {idle}", flush=True)
        command = [sys.executable, "-m", "benchmarks.refreshes", dsn, str(seconds)]
        loading = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        refreshing = asyncio.create_task(refreshes.refresh(options.dashboards, options.every, seconds))
        while not refreshing.done():
            sizes.append(memory() >> 20)
            await asyncio.wait({refreshing}, timeout=max(options.every, seconds / 8))
        loads, _ = await loading.communicate()
        loaded = await refreshing
        print(f"{int(loads):3} loads    {loaded}")
        print(f"p99 with loads / idle: {loaded.percentile(99) / idle.percentile(99):.2f}")
        print(f"memory of both workers: {', '.join(map(str, sizes))} MB")


def flood(site: str, question: str, connections: int, seconds: int) -> tuple[float, float, str]:
    """Return answers and refusals a second, and below what 99 % of the answers stayed."""
    before = buckets(site)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", f"-s{VARY}", site + question]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    total = int(re.search(r"(\d+) requests in", output)[1])
    found = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    refused = int(found[1]) if found else 0
    after = buckets(site)
    counts = [(bound, after[bound] - before.get(bound, 0)) for bound in sorted(after)]
    bound = next(bound for bound, count in counts if count >= 0.99 * counts[-1][1])
    return rate * (total - refused) / total, rate * refused / total, f"< {bound:g} s"


def buckets(site: str) -> dict[float, float]:
    with urllib.request.urlopen(f"{site}/metrics") as answer:
        text = answer.read().decode()
    found: dict[float, float] = {}
    for bound, count in re.findall(
        r'request_seconds_bucket\{le="([^"]+)",route="/v1/[^"]+",status="200"\} (\S+)', text
    ):
        found[float(bound)] = found.get(float(bound), 0) + float(count)
    return found


def memory() -> int:
    """Return the resident memory of the service's workers."""
    return sum(
        process.memory_info().rss
        for child in psutil.Process().children()
        for process in child.children()
        if "spawn_main" in " ".join(process.cmdline())
    )


if __name__ == "__main__":
    main()
