"""One PostgreSQL server of the tests' own, a migrated template database, and copies of it."""

import asyncio
import contextvars
import gc
import logging
import os
import re
import shutil
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
import httpx
import pytest
from asgi_lifespan import LifespanManager
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from project.settings import Settings
from project.store.postgres import migrations
from project.store.postgres.embedded import EmbeddedPostgres
from project.store.postgres.embedded_directories import ROOT_HOME
from project.store.warehouse import rollups
from tests.support import outside_servers
from tests.support.model import FACTS, insert_facts
from tests.support.outside_servers import OutsideServers
from tests.support.report_model import REPORT_FACTS

# Real databases and processes answer when they answer; the fixtures are read only.
hypothesis_settings.register_profile(
    "tests", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
hypothesis_settings.register_profile("quick", hypothesis_settings.get_profile("tests"), max_examples=20)

logging.getLogger("httpx").setLevel(logging.WARNING)

ROOT = Path(__file__).parent.parent

_ALL_SLOW = re.compile(r"^pytestmark = \[?pytest\.mark\.slow\b", re.MULTILINE)
_ROOT_HOME_EXISTED = pytest.StashKey[bool]()

T = TypeVar("T")
Client = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


def pytest_configure(config: pytest.Config) -> None:
    """Try fewer examples of each property in the quick part; the whole suite tries them all."""
    hypothesis_settings.load_profile("quick" if config.option.markexpr == "not slow" else "tests")
    # What is imported stays: to look through it for garbage, again and again, takes each worker a second.
    gc.disable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no file for the quick part whose tests are all slow: what they import takes each worker a second."""
    if config.option.markexpr != "not slow" or not collection_path.name.startswith("test_"):
        return None
    return bool(_ALL_SLOW.search(collection_path.read_text())) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that have slow tests: the short ones are left to even out what each worker has to do."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[_ROOT_HOME_EXISTED] = ROOT_HOME.exists()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove what servers started by root may leave outside their directories, once all workers have ended."""
    if not hasattr(session.config, "workerinput") and not session.config.stash[_ROOT_HOME_EXISTED]:
        shutil.rmtree(ROOT_HOME, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_developer() -> Iterator[None]:
    """Hide the settings of the shell and `.env` from the tests."""
    names = [name.upper() for name in Settings.model_fields]
    hidden = {name: os.environ.pop(name) for name in names if name in os.environ}
    file = Settings.model_config["env_file"]
    Settings.model_config["env_file"] = None
    yield
    Settings.model_config["env_file"] = file
    os.environ.update(hidden)


@pytest.fixture(scope="session")
def short_directory() -> Iterator[Path]:
    """A directory that any account may enter, with a path short enough for a socket; pytest's own is neither."""
    directory = Path(tempfile.mkdtemp(prefix="adm-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def server(short_directory: Path) -> Iterator[EmbeddedPostgres]:
    if outside_servers.URLS:
        servers = OutsideServers()
        asyncio.run(servers.look())
        yield servers
        asyncio.run(servers.drop())
        return
    server = EmbeddedPostgres(short_directory / "pg")
    server.start()
    # Its data need not outlive the machine. Hundreds of databases are made: so each takes 0.03 s rather than 0.3.
    # They live for seconds, so nothing of them is vacuumed.
    careless = ("fsync", "full_page_writes", "wal_recycle", "autovacuum")
    asyncio.run(_execute(server, *(f"ALTER SYSTEM SET {name} = off" for name in careless), "SELECT pg_reload_conf()"))
    yield server
    server.destroy()


@pytest.fixture(scope="session")
async def template(server: EmbeddedPostgres) -> str:
    """The name of a database with all migrations and no data; on Citus, where databases cannot be copied, it is empty."""
    if isinstance(server, OutsideServers):
        name = "" if server.has_citus else f"template_{uuid4().hex[:12]}"
        if name:
            await server.create(name)
            await apart(migrations.upgrade(Settings(database_url=server.url(name))))
        return name
    await _execute(server, "CREATE DATABASE template_migrated")
    await apart(migrations.upgrade(Settings(database_url=server.url("template_migrated"))))
    return "template_migrated"


@pytest.fixture(scope="session")
async def new_database(server: EmbeddedPostgres, template: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Return a function that makes an empty, migrated database and returns its URL; the next are made meanwhile."""

    async def make() -> str:
        name = f"test_{uuid4().hex[:12]}"
        if isinstance(server, OutsideServers):
            await (server.create(name, template) if template else apart(server.create_distributed(name)))
        else:
            # In a thread: a test that waits for a process for a minute would let the connection time out. Files are
            # copied in half the time that writing each page to the log takes.
            await apart(_execute(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
        return server.url(name)

    ahead = deque(asyncio.create_task(make()) for _ in range(2))

    async def take() -> str:
        ahead.append(asyncio.create_task(make()))
        return await ahead.popleft()

    yield take
    await asyncio.gather(*ahead)


@pytest.fixture
async def database(new_database: Callable[[], Awaitable[str]]) -> str:
    """The URL of an empty, migrated database."""
    return await new_database()


@pytest.fixture(scope="module")
async def unchanged_database(new_database: Callable[[], Awaitable[str]]) -> str:
    """The URL of an empty, migrated database for those tests of a module that leave it as it is."""
    return await new_database()


@pytest.fixture(scope="session")
def citus_catalogue(short_directory: Path) -> Path:
    """The directory of an extension that has the names of Citus, and distributes nothing."""
    directory = short_directory / "citus"
    shutil.copytree(ROOT / "tests" / "support" / "citus", directory)
    for path in (directory, *directory.rglob("*")):
        path.chmod(0o755)
    return directory


@pytest.fixture
async def citus_database(database: str, citus_catalogue: Path) -> str:
    """The URL of an empty, migrated database whose server knows the names of Citus (`CREATE EXTENSION citus`)."""
    connection = await asyncpg.connect(database)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET extension_control_path = '{citus_catalogue}:$system'")
    await connection.close()
    return database


@pytest.fixture
async def empty_database(server: EmbeddedPostgres) -> str:
    """The URL of a database without any table."""
    name = f"empty_{uuid4().hex[:12]}"
    if isinstance(server, OutsideServers):
        await server.create(name)
    else:
        await _execute(server, f"CREATE DATABASE {name}")
    return server.url(name)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def facts_database(new_database: Callable[[], Awaitable[str]]) -> str:
    """The URL of a database that holds the facts of `tests.support.model`; nobody changes it."""
    return await with_facts(await new_database())


@pytest.fixture(scope="session")
async def reports_database(new_database: Callable[[], Awaitable[str]]) -> str:
    """The URL of a database that holds the facts of `tests.support.report_model` and their rollups; nobody changes it."""
    return await with_rollups(await new_database())


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Return a context manager that serves a database, in process, and yields an HTTP client for it.

    Every JSON answer that the client gets is held to the OpenAPI document.
    """

    # Only workers need it: the process that starts them would import it for a second, and they would wait.
    from project.main import create_app  # noqa: PLC0415
    from tests.support.openapi import held_to_document  # noqa: PLC0415

    @asynccontextmanager
    async def serve(url: str, **changes: object) -> AsyncIterator[httpx.AsyncClient]:
        directory = tmp_path_factory.mktemp("service")
        settings = Settings(
            database_url=url,
            heartbeat_log=directory / "heartbeat.log",
            metrics_dir=directory / "metrics",
            **changes,
        )
        app = create_app(settings)
        async with LifespanManager(app) as manager:
            transport = httpx.ASGITransport(manager.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", event_hooks={"response": [held_to_document]}
            ) as client:
                client.app = app
                yield client

    return serve


@pytest.fixture(scope="module")
async def client(serving: Client, facts_database: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service over the facts of `tests.support.model`."""
    async with serving(facts_database) as client:
        yield client


@pytest.fixture(scope="module")
async def reports_client(serving: Client, reports_database: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service over the facts of `tests.support.report_model`."""
    async with serving(reports_database) as client:
        yield client


async def with_facts(url: str) -> str:
    """Fill a migrated database with the facts of `tests.support.model`, and return its URL."""
    connection = await asyncpg.connect(url)
    await insert_facts(connection, FACTS)
    await connection.close()
    return url


async def with_rollups(url: str) -> str:
    """Fill a migrated database with the facts of `tests.support.report_model` and their rollups, and return its URL."""
    connection = await asyncpg.connect(url)
    await insert_facts(connection, REPORT_FACTS)
    async with connection.transaction():
        await rollups.refresh(connection, {fact.key[0] for fact in REPORT_FACTS})
    await connection.close()
    return url


async def apart(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread and context of its own, since Tortoise stores its connections in context variables."""
    return await asyncio.to_thread(contextvars.Context().run, asyncio.run, coroutine)


async def _execute(server: EmbeddedPostgres, *statements: str) -> None:
    connection = await asyncpg.connect(server.url("postgres"))
    for sql in statements:
        await connection.execute(sql)
    await connection.close()
