"""Loads over HTTP, each in a process of its own."""

import asyncio
import gzip
import os
import signal
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import asyncpg
import httpx
import psutil
import pytest

from project.ingest import background
from project.ingest.options import Options
from project.ingest.profile import profile_text
from project.web.api.ingests.schemas import IngestAnswer, IngestsAnswer, QueuedIngestAnswer
from tests.conftest import Client
from tests.support.hosting import hosted
from tests.support.records import facts, record, write

pytestmark = pytest.mark.slow
INGESTS = "/v1/ingests"


@pytest.fixture(autouse=True)
def _of_this_database(monkeypatch: pytest.MonkeyPatch, database: str) -> None:
    """A load's process reads its settings from the environment, as the service's own did."""
    monkeypatch.setenv("DATABASE_URL", database)


async def ended(client: httpx.AsyncClient, number: int) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            answer = await client.get(f"{INGESTS}/{number}")
            IngestAnswer.model_validate_json(answer.content)
            entry = answer.json()["data"]
            if entry["state"] not in ("queued", "running"):
                return entry
            await asyncio.sleep(0.1)


async def test_a_raw_body(database: str, connection: asyncpg.Connection, serving: Client, tmp_path: Path) -> None:
    body = write(tmp_path / "a.csv", [record()]).read_bytes()
    async with serving(database, ingest_http=True, ingest_dir=tmp_path / "ingests") as client:
        response = await client.post(f"{INGESTS}?filename=../../march.csv", content=gzip.compress(body))
        assert response.status_code == 202, response.text
        QueuedIngestAnswer.model_validate_json(response.content)
        entry = response.json()["data"]
        assert response.headers["location"] == entry["href"] == f"{INGESTS}/{entry['id']}"
        done = await ended(client, entry["id"])
        assert (done["state"], done["rows_read"], done["report"]["inserted"]) == ("done", 1, 1)
        assert done["files"][0]["name"] == done["report"]["files"][0]["name"] == "march.csv"
        assert len(await facts(connection)) == 1
        # What was sent is gone, and rows are there at once.
        assert list((tmp_path / "ingests").iterdir()) == []
        assert len((await client.get("/v1/ad-metrics")).json()["data"]) == 1
        listed = await client.get(INGESTS)
        IngestsAnswer.model_validate_json(listed.content)
        assert [one["id"] for one in listed.json()["data"]] == [entry["id"]]


async def test_a_form_of_several_files_with_options(
    database: str, connection: asyncpg.Connection, serving: Client, tmp_path: Path
) -> None:
    header = ["Day" if name == "date" else "Likes it" if name == "likes" else name for name in record()]
    files = [
        ("file", (name, write(tmp_path / name, [record(date=day)], header).read_bytes(), "text/csv"))
        for name, day in (("a.csv", "13/03/2024"), ("b.csv", "3/4/2024"))
    ]
    options = "map=date%3DDay&set=likes%3D0&date_format=%25d/%25m/%25Y"
    async with serving(database, ingest_http=True, ingest_dir=tmp_path / "ingests") as client:
        number = (await client.post(f"{INGESTS}?{options}", files=files)).json()["data"]["id"]
        done = await ended(client, number)
        assert (done["state"], done["report"]["inserted"]) == ("done", 2), done
        assert done["options"]["map"] == ["date=Day"]
        assert sorted(str(key[0]) for key in await facts(connection)) == ["2024-03-13", "2024-04-03"]


async def test_a_profile_missing_and_scale(
    database: str, connection: asyncpg.Connection, serving: Client, tmp_path: Path
) -> None:
    header = ["date", "platform", "impressions", "clicks", "Money", "conversions", "likes"]
    body = write(tmp_path / "a.csv", [("2024-03-01", "tiktok", 10, 2, "1500000", 1, 0)], header).read_bytes()
    profile = profile_text(Options(map=["cost=Money"], scale=["cost=100"], missing="unknown"))
    async with serving(database, ingest_http=True, ingest_dir=tmp_path / "ingests") as client:
        params = {"profile": profile, "scale": "cost=micros"}
        response = await client.post(INGESTS, params=params, content=body)
        done = await ended(client, response.json()["data"]["id"])
        assert (done["state"], done["options"]) == ("done", {"profile": profile, "scale": ["cost=micros"]})
        report = done["report"]
        assert report["profile"] == "profile of the request, but not its --scale cost=100: what is given wins"
        assert report["sources"][0]["fields"]["cost"] == "Money ÷ 1,000,000"
        assert report["platforms"][0]["cost"] == 1.5
        [(labels, measures)] = (await facts(connection)).items()
        assert labels[1:4] == ("unknown",) * 3
        assert measures[2] == Decimal("1.5")
        bad = await client.post(INGESTS, params={"profile": "prset = 'meta'"}, content=body)
        assert bad.status_code == 422
        assert "no option is called 'prset'; did you mean 'preset'" in bad.json()["errors"][0]["detail"]
        # An option in the form would be ignored.
        for fields in ({"data": {"preset": "meta"}, "files": {"file": body}}, {"files": {"preset": body}}):
            form = await client.post(INGESTS, **fields)
            assert (form.status_code, form.json()["errors"][0]["parameter"]) == (422, "preset")


async def test_a_load_goes_on_where_its_service_ends(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    body = write(tmp_path / "a.csv", [record()]).read_bytes()
    with hosted(database, tmp_path, workers=1, INGEST_HTTP="true") as service:
        async with httpx.AsyncClient() as client:
            assert (await client.post(f"{service.site}{INGESTS}", content=body)).status_code == 202
        # Its process has not opened the body yet.
        service.process.send_signal(signal.SIGINT)
        await asyncio.to_thread(service.process.wait, 20)
    async with asyncio.timeout(60):
        while await connection.fetchval("SELECT state FROM ingest") in ("queued", "running"):
            await asyncio.sleep(0.1)
    assert await connection.fetchval("SELECT (state, error)::text FROM ingest") == "(done,)"
    assert len(await facts(connection)) == 1
    assert list((tmp_path / "ingests").iterdir()) == []


async def test_what_is_refused(database: str, serving: Client, tmp_path: Path) -> None:
    async with serving(database, ingest_http=True, ingest_dir=tmp_path / "ingests", ingest_max_mb=1) as client:
        bad = await client.post(INGESTS, content=write(tmp_path / "a.csv", [record(date="never")]).read_bytes())
        refused = await ended(client, bad.json()["data"]["id"])
        assert refused["state"] == "refused"
        assert "1 of 1 rows could not be read" in refused["error"]
        assert refused["report"]["rejects"][0]["value"] == "never"
        # What is open is answered by the parameters of another request.
        body = b"date,platform,impressions,clicks,Money,conversions\n2024-03-01,tiktok,10,2,1.5,1\n"
        incomplete = await ended(client, (await client.post(INGESTS, content=body)).json()["data"]["id"])
        advised = incomplete["error"].splitlines()[-1]
        assert advised.startswith("Send the body again with ?"), advised
        assert parse_qs(advised.partition("?")[2])["missing"] == ["(not set)"]
        for query, detail in (
            ("preset=mata", "--preset mata: did you mean 'meta'"),
            ("map=x", "map: expected FIELD=VALUE, not 'x'."),
            ("max_rejects=few", "--max-rejects few"),
        ):
            response = await client.post(f"{INGESTS}?{query}", content=b"x")
            assert response.status_code == 422
            [fault] = response.json()["errors"]
            assert fault["parameter"] == query.partition("=")[0]
            assert detail in fault["detail"]
        response = await client.post(f"{INGESTS}?pre=meta", content=b"x")
        assert response.json()["errors"][0]["suggestions"][0] == "preset"
        for empty in ({"content": b""}, {"files": {"other": ("", b"")}}, {"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=a"}}):  # fmt: skip
            response = await client.post(INGESTS, **empty)
            assert response.status_code == 422, response.text
        for large in ({"content": b"x" * (1 << 20) + b"x"}, {"content": chunked()}, {"files": {"file": b"x" * (1 << 20)}}):  # fmt: skip
            response = await client.post(INGESTS, **large)
            assert (response.status_code, response.json()["type"]) == (413, "/problems/too-large")
            # What has not been read would be the next request.
            assert response.headers["connection"] == "close"
        assert (await client.get(f"{INGESTS}/99")).status_code == 404
        assert (await client.get(f"{INGESTS}?limit=0")).status_code == 422
        assert list((tmp_path / "ingests").iterdir()) == []


async def chunked() -> Any:
    for _ in range(17):
        yield b"x" * (1 << 16)


async def test_a_load_that_is_killed_is_failed(
    database: str, connection: asyncpg.Connection, serving: Client, tmp_path: Path
) -> None:
    lock = await asyncpg.connect(database)
    await lock.execute("SELECT pg_advisory_lock(x'0AD10AD'::int)")
    body = write(tmp_path / "a.csv", [record()]).read_bytes()
    async with serving(database, ingest_http=True, ingest_dir=tmp_path / "ingests") as client:
        numbers = [(await client.post(INGESTS, content=body)).json()["data"]["id"] for _ in range(background.MAX_LOADS)]
        busy = await client.post(INGESTS, content=body)
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "30")
        async with asyncio.timeout(60):
            while await connection.fetchval("SELECT count(*) FROM ingest WHERE state = 'running'") < len(numbers):
                await asyncio.sleep(0.1)
        pids = {"".join(process.cmdline()[-1:]): process.pid for process in psutil.Process().children()}
        os.kill(pids[str(numbers[0])], signal.SIGKILL)
        assert (await ended(client, numbers[0]))["state"] == "failed"
        os.kill(pids[str(numbers[1])], signal.SIGTERM)
        interrupted = await ended(client, numbers[1])
        assert (interrupted["state"], interrupted["error"]) == ("failed", "Interrupted; nothing was loaded.")
        await lock.close()
        states = [(await ended(client, number))["report"] for number in numbers[2:]]
        assert sorted((one["inserted"], one["unchanged"]) for one in states) == [(0, 1), (1, 0)]
        await connection.execute("UPDATE ingest SET state = 'running', touched_at = now() - interval '1 hour'")
        assert (await client.get(f"{INGESTS}/{numbers[0]}")).json()["data"]["state"] == "lost"


async def test_it_is_off_by_default(serving: Client, database: str) -> None:
    async with serving(database) as client:
        assert (await client.post(INGESTS, content=b"x")).status_code == 404
        assert INGESTS not in (await client.get("/openapi.json")).json()["paths"]
