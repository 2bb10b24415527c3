"""Outages: whatever keeps the database from answering, the service starts, answers 503, and says why."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import httpx
import pytest
import trustme
from fastapi import APIRouter, FastAPI
from loguru import logger

from project.doctor import examine
from project.errors import DatabaseUnavailable, Interrupted
from project.jobs.heartbeat_log import last_beat
from project.settings import Settings
from project.store.postgres.connections import write_connection
from project.store.postgres.embedded import EmbeddedPostgres
from project.web.request.retry import RetryOnDisconnect
from tests.conftest import Client
from tests.support.hosting import Network, soon
from tests.support.processes import free_port

pytestmark = pytest.mark.slow

READS = (
    "/v1/ad-metrics", "/v1/ad-metrics?format=csv", "/v1/ad-metrics/1", "/v1/reports", "/v1/reports?format=svg",
    "/v1/reports/plan", "/v1/dimensions", "/v1/dimensions/region?counts=true", "/v1/catalog", "/v1/ingests",
    "/v1/ingests/1", "/health/ready", "/",
)  # fmt: skip

ROLE = "has_password"


@pytest.fixture(scope="module")
async def role(server: EmbeddedPostgres) -> AsyncIterator[str]:
    """A role that needs its password, unlike all others."""
    hba = server.data / "pg_hba.conf"
    before = hba.read_text()
    hba.write_text(f"local all {ROLE} scram-sha-256\n{before}")
    connection = await asyncpg.connect(server.url("postgres"))
    await connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'right'")
    await connection.execute("SELECT pg_reload_conf()")
    yield ROLE
    hba.write_text(before)
    await connection.execute(f"DROP ROLE {ROLE}")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


@pytest.fixture
def outages(server: EmbeddedPostgres, role: str, tmp_path: Path) -> Iterator[Callable[[str], tuple[str, str]]]:
    """Return a function from the name of an outage to the URL of a database that has it, and the error's class."""
    authority, others = trustme.CA(), trustme.CA()
    for name, issuer in (("ca", authority), ("others", others)):
        issuer.cert_pem.write_to_path(str(tmp_path / f"{name}.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with ExitStack() as stack:

        def tls(host: str) -> Network:
            authority.issue_cert(host).configure_cert(context)
            return stack.enter_context(Network(server.url("template_migrated"), context))

        def mute() -> int:
            listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            return listening.getsockname()[1]

        def url(outage: str) -> tuple[str, str]:
            match outage:
                case "a certificate of an unknown authority":
                    root = tmp_path / "others.pem"
                    return f"{tls('127.0.0.1').url}?sslmode=verify-full&sslrootcert={root}", "SSLCertVerificationError"
                case "a certificate for another host":
                    root = tmp_path / "ca.pem"
                    return (
                        f"{tls('other.example').url}?sslmode=verify-full&sslrootcert={root}",
                        "SSLCertVerificationError",
                    )
                case "a server without TLS":
                    with_tls = stack.enter_context(Network(server.url("template_migrated")))
                    return f"{with_tls.url}?sslmode=require", "ConnectionError"
                case "a wrong password":
                    return server.url().replace("postgres@", f"{role}:swordfish@"), "InvalidPasswordError"
                case "no such database":
                    return server.url("missing"), "InvalidCatalogNameError"
                case "no such host":
                    return "postgresql://u:swordfish@no-such-host.invalid/d", "gaierror"
                case "no such server":
                    return f"postgresql://u:swordfish@127.0.0.1:{free_port()}/d", "ConnectionRefusedError"
                case "no such socket":
                    return "postgresql://u:swordfish@%2Fnowhere/d", "FileNotFoundError"
                case "a server that says nothing":
                    return f"postgresql://u:swordfish@127.0.0.1:{mute()}/d?sslmode=disable", "TimeoutError"
                case _:
                    return server.url("postgres") + "&options=-c%20no_such_setting%3D1", "UndefinedObjectError"

        yield url


@pytest.mark.parametrize(
    "outage",
    [
        "a certificate of an unknown authority",
        "a certificate for another host",
        "a server without TLS",
        "a wrong password",
        "no such database",
        "no such host",
        "no such server",
        "no such socket",
        "a server that says nothing",
        "a server that refuses a setting",
    ],
)
async def test_the_service_starts_and_every_read_is_503(
    outage: str, outages: Callable[[str], tuple[str, str]], serving: Client, tmp_path: Path
) -> None:
    url, cause = outages(outage)
    lines: list[str] = []
    timeout = 0.3 if cause == "TimeoutError" else 10
    async with serving(url, database_pool_timeout=timeout, ingest_http=True, ingest_dir=tmp_path) as client:
        sink = logger.add(lines.append, format="{message}")
        answers = await asyncio.gather(*map(client.get, READS))
        # Loads, which write, too.
        answers.append(await client.post("/v1/ingests", content=b"date\n"))
        metrics = await client.get("/metrics")
        log = client.app.state.ad_metrics.settings.heartbeat_log
        logger.remove(sink)
    for answer in answers:
        assert answer.status_code == 503, (str(answer.url), answer.text)
        assert int(answer.headers["retry-after"]) > 0
        assert "swordfish" not in answer.text
    assert "ad_metrics_database_up 0.0" in metrics.text
    assert any(f"cause={cause}" in line for line in lines)
    assert not any("Traceback" in line or "swordfish" in line for line in lines)
    beat = last_beat(log)
    assert beat is not None
    assert (beat.facts["database"], beat.facts["error"]) == ("away", cause)
    findings = await examine(Settings(_env_file=None, database_url=url, heartbeat_log=log))
    [finding] = [finding for finding in findings if finding.name == "database"]
    assert finding.state == "fail"
    assert f"({cause}" in finding.detail
    assert finding.advice
    assert "swordfish" not in str(findings)


async def test_a_certificate_that_verifies_is_accepted(server: EmbeddedPostgres, facts_database: str, serving: Client, tmp_path: Path) -> None:  # fmt: skip
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Network(facts_database, context) as network:
        url = f"{network.url}?sslmode=verify-full&sslrootcert={tmp_path / 'ca.pem'}&channel_binding=require"
        async with serving(url, ingest_http=True, ingest_dir=tmp_path / "ingests") as client:
            assert (await client.get("/v1/ad-metrics")).status_code == 200
            # Somebody removes the file.
            (tmp_path / "ca.pem").unlink()
            network.cut()
            answers = [await client.get("/v1/ad-metrics"), await client.post("/v1/ingests", content=b"date\n")]
            assert [answer.status_code for answer in answers] == [503, 503]


# Once as long as the session lives that failed: the pool may give the retry another one.
FAILS_ONCE = """\
CREATE FUNCTION fails_once() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
        WHERE locktype = 'advisory' AND objid = 40001 AND datname = current_database()
    ) THEN
        PERFORM pg_advisory_lock_shared(40001);  -- it survives the rollback
        RAISE EXCEPTION 'conflict with recovery' USING ERRCODE = '{sqlstate}';
    END IF;
    RETURN true;
END $$;
ALTER TABLE data_version RENAME TO data_versions;
CREATE VIEW data_version AS SELECT * FROM data_versions WHERE fails_once()"""

FAILS_ALWAYS = """\
CREATE OR REPLACE FUNCTION fails_once() RETURNS boolean LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '{sqlstate}'; END $$"""
FAILS_NO_MORE = (
    "CREATE OR REPLACE FUNCTION fails_once() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$"
)


@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "72000", "XX000", "26000"])
async def test_what_is_over_at_once_is_retried(sqlstate: str, database: str, connection: asyncpg.Connection, serving: Client) -> None:  # fmt: skip
    async with serving(database, database_pool_min=1, ingest_http=True) as client:
        assert (await client.get("/v1/catalog")).status_code == 200
        await connection.execute(FAILS_ONCE.format(sqlstate=sqlstate))
        for path in ("/v1/catalog", "/v1/ad-metrics", "/v1/ingests", "/"):
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ad-metrics'"
                " AND datname = current_database()"
            )
            assert (await client.get(path)).status_code == 200, path


async def test_a_conflict_that_stays_is_503(database: str, connection: asyncpg.Connection, serving: Client) -> None:
    async with serving(database) as client:
        await connection.execute(FAILS_ONCE.format(sqlstate="40001"))
        await connection.execute(FAILS_ALWAYS.format(sqlstate="40001"))
        for path in READS[:-4]:
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/database-unavailable"), path
            assert answer.headers["retry-after"] == "2"


async def test_a_column_of_another_type_is_no_500(facts_database: str, new_database, serving: Client) -> None:
    url = await new_database()
    connection = await asyncpg.connect(url)
    async with serving(url) as client:
        for type_ in ("integer", "bigint", "integer"):
            assert (await client.get("/v1/catalog")).status_code == 200
            await connection.execute(f"ALTER TABLE data_version ALTER COLUMN version TYPE {type_}")
            assert (await client.get("/v1/catalog")).status_code == 200
    await connection.close()


@pytest.mark.parametrize(
    ("sqlstate", "status"),
    [("53300", 503), ("53100", 503), ("57P03", 503), ("58030", 503), ("57014", 504), ("55P03", 504), ("42501", 503)],
)
async def test_what_the_server_says_becomes_the_right_status(
    sqlstate: str, status: int, database: str, connection: asyncpg.Connection, serving: Client
) -> None:
    async with serving(database) as client:
        await connection.execute(FAILS_ONCE.format(sqlstate=sqlstate))
        # Always: the heartbeat of the start may come first.
        await connection.execute(FAILS_ALWAYS.format(sqlstate=sqlstate))
        answer = await client.get("/v1/catalog")
        assert answer.status_code == status
        assert int(answer.headers["retry-after"]) > 0
        await connection.execute(FAILS_NO_MORE)
        assert (await client.get("/v1/catalog")).status_code == 200


async def test_a_database_that_refuses_to_write_says_so_in_a_sentence(
    database: str, connection: asyncpg.Connection
) -> None:
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(DatabaseUnavailable, match=r"refuses to write\. Let DATABASE_URL name") as refused:
        async with write_connection(Settings(_env_file=None, database_url=database)) as writing:
            await writing.execute("DELETE FROM ingest")
    assert refused.value.cause.startswith("ReadOnlySQLTransactionError 25006: ")


async def test_too_many_connections_is_503(server: EmbeddedPostgres, database: str, role: str, serving: Client) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute(f"ALTER ROLE {role} CONNECTION LIMIT 0")
    async with serving(database.replace("postgres@", f"{role}:right@")) as client:
        answer = await client.get("/v1/catalog")
    assert answer.status_code == 503
    await connection.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1")
    await connection.close()


async def test_each_try_of_the_pool_is_one_line(
    database: str, serving: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # import-linter, which other tests call, disables the loggers that there are.
    monkeypatch.setattr(logging.getLogger("asyncpg.pool"), "disabled", False)
    lines: list[str] = []
    with ExitStack() as stack:
        network = stack.enter_context(Network(database))
        async with serving(network.url, database_pool_min=2) as client:
            assert (await client.get("/v1/catalog")).status_code == 200
            sink = logger.add(lines.append, format="{message}")
            stack.close()

            async def tried() -> bool:
                # A pool that has not noticed yet does so now.
                assert (await client.get("/v1/catalog")).status_code == 503
                return sum("pool connection floor" in line for line in lines) >= 2

            await soon(tried, what="the second try")
            logger.remove(sink)
    for line in lines:
        assert "Traceback" not in line
        assert "pool connection floor" not in line or "(ConnectionRefusedError(" in line


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_only_reads_are_retried(method: str) -> None:
    tries = 0

    async def answer() -> None:
        nonlocal tries
        tries += 1
        raise Interrupted("interrupted")

    app = FastAPI()
    router = APIRouter(route_class=RetryOnDisconnect)
    router.add_api_route("/", answer, methods=[method])
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        with pytest.raises(Interrupted):
            await client.request(method, "/")
    assert tries == {"GET": 2, "POST": 1}[method]
