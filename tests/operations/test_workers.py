"""Several workers are one service: all have the same data, keys and counts."""

import asyncio
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.hosting import Service, asking, hosted, soon
from tests.support.processes import AD_METRICS, run
from tests.support.records import record, write

pytestmark = pytest.mark.slow


async def command(*arguments: str, **settings: str) -> str:
    done = await asyncio.to_thread(run, [*AD_METRICS, *arguments], **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


async def test_no_worker_shows_an_old_state_after_a_load(database: str, tmp_path: Path) -> None:
    with hosted(database, tmp_path) as service:
        async with asking(service.site) as client:
            loaded = 0
            versions: list[tuple[int, int]] = []

            async def ask() -> None:
                etag = ""
                while loaded < 5:
                    known = loaded
                    headers = {"If-None-Match": etag} if etag else {}
                    answer = await client.get("/v1/ad-metrics?limit=1000", headers=headers)
                    if answer.status_code == 304:
                        # The version of the ETag was current at the time of the request, or later.
                        version = int(etag.removeprefix("W/").strip('"').split("-")[0])
                    else:
                        etag = answer.headers["etag"]
                        version = answer.json()["meta"]["data_version"]
                        regions = {row["region"] for row in answer.json()["data"]}
                        assert regions == {f"Region {number}" for number in range(version)}
                    assert version >= known
                    versions.append((known, version))

            askers = [asyncio.create_task(ask()) for _ in range(6)]
            for number in range(5):
                file = write(tmp_path / f"{number}.csv", [record(region=f"Region {number}")])
                await command("load", str(file), DATABASE_URL=database)
                loaded = number + 1
                # Each worker knows the new label at once.
                for _ in range(10):
                    answer = await client.get(f"/v1/ad-metrics?region=Region {number}")
                    assert (answer.status_code, len(answer.json()["data"])) == (200, 1)
                    assert (await client.get("/v1/catalog")).json()["meta"]["data_version"] == number + 1
            await asyncio.gather(*askers)
            assert len(versions) > 50


async def test_counts_include_all_workers(own_facts: str, tmp_path: Path) -> None:
    with hosted(own_facts, tmp_path) as service:
        async with asking(service.site) as client:
            await asyncio.gather(*(client.get("/v1/ad-metrics?limit=1") for _ in range(40)))
            await asyncio.gather(*(client.get("/v1/ad-metrics?limit=0") for _ in range(20)))

            async def counted() -> dict[str, float]:
                text = (await client.get("/metrics")).text
                return {name: float(value) for name, value in re.findall(r"^(ad_\S+) (\S+)$", text, re.MULTILINE)}

            answered = 'ad_metrics_requests_total{method="GET",route="/v1/ad-metrics",status="200"}'
            refused = 'ad_metrics_requests_total{method="GET",route="/v1/ad-metrics",status="422"}'
            timed = 'ad_metrics_request_seconds_count{route="/v1/ad-metrics",status="200"}'
            for _ in range(10):
                counts = await counted()
                assert (counts[answered], counts[refused], counts[timed]) == (40, 20, 40)
                assert counts["ad_metrics_data_version"] == 12
                assert counts["ad_metrics_pool_slots"] == 18
                assert 0 <= counts["ad_metrics_heartbeat_age_seconds"] < 60
            before = {worker.pid for worker in service.workers}
            os.kill(next(iter(before)), signal.SIGKILL)
            await soon(lambda: two_others(service, before), 20, "another worker")

            async def settled() -> bool:
                counts = await counted()
                assert counts[answered] == 40, "what a worker counted outlives it"
                return counts["ad_metrics_pool_slots"] == 18 and counts["ad_metrics_pool_in_use"] == 0

            await soon(settled, 20, "the new worker's counts instead of the old one's")


async def test_all_workers_accept_and_refuse_the_same_keys(own_facts: str, tmp_path: Path) -> None:
    with hosted(own_facts, tmp_path, API_AUTH="required", INGEST_HTTP="true", API_RATE_LIMIT="100000") as service:
        async with asking(service.site) as client:
            for path in ("/v1/ad-metrics", "/v1/reports", "/v1/dimensions", "/v1/catalog", "/v1/ingests", "/metrics"):
                answer = await client.get(path)
                assert answer.status_code == 401, path
                assert answer.headers["www-authenticate"] == 'Bearer realm="ad-metrics"'
                assert answer.json()["detail"].endswith("Ask whoever runs this service for one.")
            for path in ("/health/live", "/health/ready", "/docs", "/openapi.json"):
                assert (await client.get(path)).status_code == 200, path
            reader = await command("keys", "create", "a reader", DATABASE_URL=own_facts)
            loader = await command("keys", "create", "loader", "--scope", "ingest", DATABASE_URL=own_facts)
            await soon(lambda: admitted(client, reader), 1, "the new key")
            for _ in range(20):
                assert await admitted(client, reader)
                assert await admitted(client, loader)
            refused = await client.get("/v1/ingests", headers=bearer(reader))
            assert (refused.status_code, refused.json()["type"]) == (403, "/problems/key-too-narrow")
            assert 'error="insufficient_scope", scope="ingest"' in refused.headers["www-authenticate"]
            assert (await client.get("/v1/ingests", headers=bearer(loader))).status_code == 200
            for wrong in (
                reader[:-1] + ("a" if reader[-1] != "a" else "b"),
                loader.replace("_2_", "_1_"),
                "adm_1_x",
                "x",
            ):
                answer = await client.get("/v1/catalog", headers=bearer(wrong))
                assert answer.status_code == 401
                assert 'error="invalid_token"' in answer.headers["www-authenticate"]
            assert (await client.get("/v1/catalog", auth=("a", reader))).status_code == 401
            await command("keys", "revoke", "a reader", DATABASE_URL=own_facts)
            await asyncio.sleep(1)
            for _ in range(20):
                answer = await client.get("/v1/catalog", headers=bearer(reader))
                assert answer.status_code == 401
                assert "'a reader' was revoked at" in answer.json()["detail"]
            listed = await command("keys", "list", DATABASE_URL=own_facts)
            assert re.search(
                r"adm_1_…  a reader  read  made \S+  revoked \S+\nadm_2_…  loader  ingest .* in use", listed
            )
            everything = listed + service.said + service.log.read_text()
            for key in (reader, loader):
                assert key.split("_", 2)[2] not in everything


async def test_a_key_is_refused_within_a_second_under_load(own_facts: str, tmp_path: Path) -> None:
    with hosted(own_facts, tmp_path, API_AUTH="required", API_RATE_LIMIT="0") as service:
        async with asking(service.site) as client:
            key = await command("keys", "create", "k", DATABASE_URL=own_facts)
            await soon(lambda: admitted(client, key), 2)
            last = time.monotonic()
            stopped = asyncio.Event()

            async def ask() -> None:
                nonlocal last
                while not stopped.is_set():
                    started = time.monotonic()
                    if await admitted(client, key):
                        last = max(last, started)

            asking_ = [asyncio.create_task(ask()) for _ in range(8)]
            await command("keys", "revoke", "k", DATABASE_URL=own_facts)
            revoked = time.monotonic()
            await asyncio.sleep(1.5)
            stopped.set()
            await asyncio.gather(*asking_)
            assert last < revoked + 1


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def admitted(client: Any, key: str) -> bool:
    return (await client.get("/v1/catalog", headers=bearer(key))).status_code == 200


async def two_others(service: Service, before: set[int]) -> bool:
    pids = {worker.pid for worker in service.workers}
    return len(pids) == 2 and pids != before
