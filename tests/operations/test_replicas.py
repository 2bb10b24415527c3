"""Reads from real streaming standbys: paused, killed, promoted, and in turn with others."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from itertools import count
from pathlib import Path

import asyncpg
import httpx
import pytest

from project.database_url import parse
from project.doctor import examine
from project.errors import DatabaseUnavailable
from project.ingest.sample import load_sample
from project.settings import Settings
from project.store import api_keys
from project.store.postgres import migrations
from project.store.warehouse.rebuild import rebuild
from tests.conftest import Client, apart, with_facts
from tests.support.hosting import locked, soon
from tests.support.processes import AD_METRICS, run
from tests.support.standby import Server, Standby, alternating, standby_of

pytestmark = pytest.mark.slow

ROWS = "/v1/ad-metrics?limit=1&fields=likes"

NewStandby = Callable[[], AbstractContextManager[Standby]]


@pytest.fixture(scope="module")
async def primary(short_directory: Path) -> AsyncIterator[Server]:
    primary = Server(short_directory / "primary", "ad_metrics")
    primary.postgres.start()
    await primary.run("ALTER SYSTEM SET fsync = off")
    await primary.run("SELECT pg_reload_conf()")
    await apart(migrations.upgrade(Settings(database_url=primary.url)))
    await with_facts(primary.url)
    await move(primary)
    yield primary
    primary.postgres.destroy()


@pytest.fixture(scope="module")
def new_standby(primary: Server, short_directory: Path) -> NewStandby:
    numbers = count()
    return lambda: standby_of(primary, short_directory / f"standby{next(numbers)}")


@pytest.fixture(scope="module")
async def paused(primary: Server, new_standby: NewStandby) -> AsyncIterator[Standby]:
    """A standby that lacks the newest data version."""
    with new_standby() as standby:
        await standby.pause()
        await move(primary)
        yield standby


@pytest.fixture
def standby(new_standby: NewStandby) -> Iterator[Standby]:
    with new_standby() as standby:
        yield standby


async def test_a_paused_standby_answers_until_something_newer_is_asked_for(
    primary: Server, standby: Standby, serving: Client
) -> None:
    async with serving(primary.url, database_read_url=standby.url) as client:
        old, tag = await version_of(client), (await client.get(ROWS)).headers["etag"]
        await standby.pause()
        new = await move(primary)
        assert await version_of(client) == old
        assert (await client.get(ROWS, headers={"If-None-Match": tag})).status_code == 304
        # Its seconds are rounded, and the load was a moment ago.
        await asyncio.sleep(0.2)
        behind = (await servers(client))[host(standby)]
        assert behind["lag_versions"] == 1
        assert behind["lag_seconds"] > 0
        # A client that has read its own load is not sent back.
        newer = await client.get(f"{ROWS}&min_version={new}")
        assert newer.json()["meta"]["data_version"] == newer.json()["data"][0]["likes"] == new
        assert await version_of(client) == new
        await standby.resume()
        await soon(lambda: only(standby, client, primary), what="reads from the standby")
        assert (await servers(client))[host(standby)] == {"lag_seconds": 0, "lag_versions": 0}


DATA = (
    "/v1/ad-metrics?", "/v1/ad-metrics/1?", "/v1/ad-metrics.csv?", "/v1/reports?", "/v1/reports.csv?",
    "/v1/reports.svg?group_by=date&", "/v1/reports/plan?", "/v1/dimensions?", "/v1/dimensions/region?", "/v1/catalog?",
    "/v1/changes?since=12&", "/v1/changes.csv?since=12&", "/v1/changes/maturity?", "/v1/loads?",
)  # fmt: skip


async def test_every_answer_about_the_data_takes_min_version(primary: Server, paused: Standby, serving: Client) -> None:
    old, new = await version_at(paused), await version_at(primary)
    async with serving(primary.url, database_read_url=paused.url) as client:
        client.headers["Accept-Encoding"] = "identity"
        for version, query in ((old, ""), (old, f"min_version={old}"), (new, f"min_version={new}")):
            for path in DATA:
                answer = await client.get(path + query)
                assert answer.status_code == 200, answer.text
                assert answer.headers["etag"].startswith(f'"{version}-'), path
        for path in DATA:
            refused = await client.get(f"{path}min_version={new + 1}")
            assert refused.status_code == 422
            [fault] = refused.json()["errors"]
            assert fault["detail"] == f"There is no data version {new + 1} yet; the newest is {new}."
            assert fault["suggestions"] == [str(new)]
            assert (await client.get(f"{path}min_version=x")).status_code == 422


async def test_a_client_of_several_processes_is_not_sent_back(
    primary: Server, paused: Standby, serving: Client
) -> None:
    new = await version_at(primary)
    async with serving(primary.url) as process:
        tag = (await process.get(ROWS)).headers["etag"]
    async with serving(primary.url, database_read_url=paused.url) as other:
        assert await version_of(other) < new
        assert (await other.get(ROWS, headers={"If-None-Match": tag})).status_code == 304
        assert await version_of(other) == new
    async with serving(primary.url, database_read_url=paused.url) as other:
        tags = f'"x", W/{tag[:-2]}"'
        assert await version_of(other, headers={"If-None-Match": tags}) == new


async def test_hosts_that_alternate_never_send_a_client_back(
    primary: Server, paused: Standby, standby: Standby, serving: Client
) -> None:
    async with alternating(standby, paused) as url, serving(primary.url, database_read_url=url) as client:
        seen: list[list[int]] = [[] for _ in range(6)]

        async def ask(versions: list[int]) -> None:
            while len(versions) < 15:
                versions += [await version_of(client)]

        async with asyncio.TaskGroup() as group:
            for versions in seen:
                group.create_task(ask(versions))
            await asyncio.sleep(0.05)
            new = await move(primary)
            await standby.has(new)
            await version_of(client)
        assert all(versions == sorted(versions) for versions in seen), seen
        assert await version_of(client) in (new - 1, new)


async def test_of_several_hosts_the_first_that_has_the_version_answers(
    primary: Server, paused: Standby, standby: Standby, serving: Client
) -> None:
    url = f"postgresql://postgres@/ad_metrics?host={host(paused)},{host(standby)}&target_session_attrs=prefer-standby"
    new = await version_at(primary)
    async with serving(primary.url, database_read_url=url) as client:
        assert await only(paused, client, primary, standby)
        assert (await client.get(f"{ROWS}&min_version={new}")).status_code == 200
        assert await version_of(client) == new
        await soon(lambda: only(standby, client, primary, paused), what="reads from the second")
        standby.kill()
        assert await version_of(client) == new


async def test_a_killed_standby_is_left_out_and_comes_back(
    primary: Server, standby: Standby, serving: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(database_url=primary.url, database_read_url=standby.url)
    settings = Settings(database_url=primary.url, database_read_url=standby.url)
    async with serving(primary.url, database_read_url=standby.url) as client:
        assert await only(standby, client, primary)
        standby.kill()
        for _ in range(20):
            await version_of(client)
        assert capfd.readouterr().err.count("Reads leave out the standby") == 1
        assert "error" in (await servers(client))[host(standby)]
        metrics = (await client.get("/metrics")).text
        assert f'ad_metrics_server_up{{server="{host(standby)}"}} 0.0' in metrics
        assert 'ad_metrics_server_up{server="primary"} 1.0' in metrics
        assert [state for state, _ in await standbys_by_doctor(settings)] == ["warn"]
    # One that starts meanwhile answers, too.
    async with serving(primary.url, database_read_url=standby.url) as client:
        await version_of(client)
        standby.start()
        await soon(lambda: only(standby, client, primary), what="reads from the standby")
        assert "Reads use the standby" in capfd.readouterr().err
    assert await standbys_by_doctor(settings) == [("ok", f"{host(standby)} has the newest data version; behind 0.0 s.")]


async def test_without_the_primary_a_standby_answers_what_it_has(
    primary: Server, standby: Standby, serving: Client
) -> None:
    key = await a_key(primary)
    await standby.has(await move(primary))
    settings = {"database_read_url": standby.url, "api_auth": "required"}
    async with serving(primary.url, **settings) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        old = await version_of(client)
        primary.postgres.stop("immediate")
        try:
            await asyncio.sleep(0.6)  # keys are read anew after half a second
            assert await version_of(client) == old
            assert (await client.get("/health/ready")).status_code == 200
            assert "error" in (await servers(client))["primary"]
            unready = await client.get(f"{ROWS}&min_version={old + 1}")
            assert unready.status_code == 503
            assert unready.headers["retry-after"]
            assert f"No standby has data version {old + 1} yet" in unready.json()["detail"]
        finally:
            primary.postgres.start()


async def test_a_promoted_standby_that_lacked_a_load_goes_on_from_what_it_has(
    primary: Server, standby: Standby, serving: Client
) -> None:
    hosts = f"{host(primary)},{host(standby)}"
    url = f"postgresql://postgres@/ad_metrics?host={hosts}&target_session_attrs=read-write"
    async with serving(url, database_read_url=standby.url) as client:
        old = await version_of(client)
        await standby.disconnect()
        new = await move(primary)
        assert await version_of(client) == old
        assert (await client.get(f"{ROWS}&min_version={new}")).status_code == 200
        primary.postgres.stop("immediate")
        try:
            away = await client.get(ROWS)
            assert (away.status_code, away.json()["detail"][:11]) == (503, "No standby ")
            await standby.promote()
            await soon(lambda: is_at(client, old), what="the promoted standby")
            assert (await client.get(f"{ROWS}&min_version={new}")).status_code == 422
            assert await version_of(client) == old
        finally:
            primary.postgres.start()


async def test_a_conflict_with_recovery_is_answered_by_the_primary(
    primary: Server, standby: Standby, serving: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    await standby.run("ALTER SYSTEM SET max_standby_streaming_delay = 0")
    await standby.run("SELECT pg_reload_conf()")
    async with serving(primary.url, database_read_url=standby.url) as client:
        async with locked(primary.url) as connection, connection.transaction():
            await flush(primary)
            await soon(lambda: standby.run("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'"))
            reading = asyncio.create_task(client.get(f"{ROWS}&count=true"))
            await soon(lambda: waits(standby), what="the query")
            # The query, which waits, has read the data version in its transaction.
            await connection.execute("LOCK TABLE data_version IN ACCESS EXCLUSIVE MODE")
            await flush(primary)
            await soon(lambda: waits(primary), what="the query on the primary")
        assert (await reading).status_code == 200
        assert "canceling statement due to conflict with recovery" in capfd.readouterr().err


WRITES = {
    "upgrade": migrations.upgrade,
    "downgrade": lambda settings: migrations.downgrade(settings, "any"),
    "rebuild": lambda settings: rebuild(settings, date.min, date.max),
    "sample": lambda settings: load_sample(settings, date(2024, 3, 1)),
}


@pytest.mark.parametrize("write", WRITES)
async def test_a_standby_refuses_to_write_in_a_sentence(write: str, paused: Standby) -> None:
    refused = f"{host(paused)}.* is a standby, which cannot write. Let DATABASE_URL name the primary"
    with pytest.raises(DatabaseUnavailable, match=refused):
        await apart(WRITES[write](Settings(database_url=paused.url)))


async def test_a_standby_alone_refuses_loads_over_http_and_answers(
    paused: Standby, serving: Client, tmp_path: Path
) -> None:
    old = await version_at(paused)
    async with serving(paused.url, ingest_http=True, ingest_dir=tmp_path) as client:
        refused = await client.post("/v1/ingests", content=b"date")
        assert refused.status_code == 503
        assert "is a standby, which cannot write" in refused.json()["detail"]
        assert await version_of(client) == old
        behind = await client.get(f"{ROWS}&min_version={old + 1}")
        assert behind.status_code == 503
        assert "DATABASE_URL names a standby" in behind.json()["detail"]
    command = run([*AD_METRICS, "keys", "create", "k"], DATABASE_URL=paused.url)
    assert (command.returncode, command.stderr.count("\n")) == (3, 1)


async def version_of(client: httpx.AsyncClient, **options: object) -> int:
    """Return the data version of an answer, whose rows are of the same version."""
    answer = await client.get(ROWS, **options)
    assert answer.status_code == 200, answer.text
    version = answer.json()["meta"]["data_version"]
    assert answer.json()["data"] == [{"likes": version}]
    return version


async def is_at(client: httpx.AsyncClient, version: int) -> bool:
    answer = await client.get(ROWS)
    return answer.status_code == 200 and answer.json()["meta"]["data_version"] == version


async def only(expected: Server, client: httpx.AsyncClient, *others: Server) -> bool:
    """Send a request, and return whether it asked this server and none of the others."""
    last = "SELECT max(query_start) FROM pg_stat_activity WHERE application_name = 'ad-metrics'"
    before = [await server.run(last) for server in (expected, *others)]
    await version_of(client)
    after = [await server.run(last) for server in (expected, *others)]
    return after[0] != before[0] and after[1:] == before[1:]


async def servers(client: httpx.AsyncClient) -> dict[str, dict[str, object]]:
    return (await client.get("/health/ready")).json()["checks"]["servers"]


async def standbys_by_doctor(settings: Settings) -> list[tuple[str, str]]:
    return [(finding.state, finding.detail) for finding in await examine(settings) if finding.name == "standby"]


async def waits(server: Server) -> bool:
    sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ad-metrics' AND wait_event_type = 'Lock'"
    return bool(await server.run(sql))


async def flush(primary: Server) -> None:
    """Send standbys what transactions that run have written, such as their locks."""
    await primary.run("SELECT pg_logical_emit_message(true, 'flush', '')")


async def version_at(server: Server) -> int:
    return await server.run("SELECT version FROM data_version")


async def move(primary: Server) -> int:
    """Change all facts and move the data version, in one transaction; return the version, which the facts have."""
    connection = await asyncpg.connect(primary.url)
    async with connection.transaction():
        version = await connection.fetchval(
            "UPDATE data_version SET version = version + 1, changed_at = clock_timestamp() RETURNING version"
        )
        await connection.execute("UPDATE fact_ad_metrics_daily SET likes = $1", version)
    await connection.close()
    return version


async def a_key(primary: Server) -> str:
    connection = await asyncpg.connect(primary.url)
    key = await api_keys.create(connection, "k", "read")
    await connection.close()
    return key


def host(server: Server) -> str:
    [directory] = parse(server.url).connect["host"]
    return directory
