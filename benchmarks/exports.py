"""A million rows as files, next to psql's `\\copy` of the same rows with their labels joined.

    uv run --group dev python -m benchmarks.exports [--rounds 5]

One worker on the database of `benchmarks.row_pages`; `curl` and psql take turns. A ratio is the median of
the rounds' own ratios: how many times as fast as psql. Then ten files at once: how much the service grows, and how much
longer other requests take meanwhile.
"""

import argparse
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Callable

import psutil

from benchmarks.row_pages import QUESTION, fill
from benchmarks.servers import postgres, serving
from project.store.postgres.embedded import EmbeddedPostgres

FORMATS = ("csv", "ndjson", "parquet", "arrow")
AT_ONCE = 10
COPY = """\
\\copy (SELECT id, date_value, region_name, age_range, gender_name, platform_name, placement_name, device_type_name,
impressions, clicks, cost, conversions, likes FROM fact_ad_metrics_daily JOIN dim_date USING (date_id)
JOIN dim_region USING (region_id) JOIN dim_age_group USING (age_id) JOIN dim_gender USING (gender_id)
JOIN dim_platform USING (platform_id) JOIN dim_placement USING (placement_id)
JOIN dim_device_type USING (device_type_id)) TO '/dev/null' CSV HEADER""".replace("\n", " ")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=5)
    options = arguments.parse_args()
    with postgres() as server:
        fill(server)
        with serving("project.main:app", server.url(), cache_mb=0) as site:
            time.sleep(3)
            compare(server, site, options.rounds)
            crowd(site)


def compare(server: EmbeddedPostgres, site: str, rounds: int) -> None:
    ratios: dict[str, list[float]] = {name: [] for name in FORMATS}
    for turn in range(rounds):
        psql = seconds(
            lambda: subprocess.run([server.command("psql"), "-q", "-d", server.url(), "-c", COPY], check=True)
        )
        shown = [f"psql {psql:.2f} s"]
        for name, found in ratios.items():
            ours = seconds(lambda: take(site, name).wait())  # noqa: B023
            found.append(psql / ours)
            shown.append(f"{name} {ours:.2f} s")
        print(f"round {turn + 1}  " + "  ".join(shown), flush=True)
    for name, found in ratios.items():
        print(f"{name:8} {statistics.median(found):.2f} x psql ({min(found):.2f} to {max(found):.2f})")


def crowd(site: str) -> None:
    [worker] = [child for child in psutil.Process().children() if "uvicorn" in " ".join(child.cmdline())]
    alone = sorted(page(site) for _ in range(300))
    before = worker.memory_info().rss
    files = [take(site, FORMATS[number % len(FORMATS)]) for number in range(AT_ONCE)]
    beside, most = [], before
    while any(file.poll() is None for file in files):
        beside.append(page(site))
        most = max(most, worker.memory_info().rss)
    beside.sort()
    print(f"{AT_ONCE} files at once: {(most - before) / (1 << 20):+.0f} MB")
    for name, place in (("p50", 0.5), ("p99", 0.99)):
        one, other = alone[int(place * len(alone))], beside[int(place * len(beside))]
        print(f"a page beside them: {name} {other * 1000:.1f} ms, alone {one * 1000:.1f} ms: {other / one:.1f} x")


def take(site: str, name: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["curl", "-sf", "-o", "/dev/null", f"{site}/v1/ad-metrics?format={name}"])


def page(site: str) -> float:
    def ask() -> None:
        with urllib.request.urlopen(site + QUESTION) as answer:
            answer.read()

    return seconds(ask)


def seconds(what: Callable[[], object]) -> float:
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
