"""Support for tests with real services: uvicorn with workers, and a network that can fail."""

import asyncio
import ssl
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import psutil

from tests.support.model import known
from tests.support.processes import UVICORN, eventually, free_port, started
from tests.support.records import record, write


@dataclass
class Service:
    """A running service."""

    site: str
    process: subprocess.Popen[bytes]
    out: Path
    log: Path

    def get(self, path: str, timeout: float = 20, **options: object) -> httpx.Response:
        """Send a request on a new connection, which any of the workers may answer."""
        return httpx.get(self.site + path, timeout=timeout, **options)

    @property
    def workers(self) -> list[psutil.Process]:
        """The worker processes."""
        return workers(self.process)

    @property
    def ready(self) -> bool:
        return self.get("/health/ready").status_code == 200

    @property
    def said(self) -> str:
        return self.out.read_text()


@contextmanager
def hosted(url: str, directory: Path, *arguments: str, workers: int = 2, **settings: str) -> Iterator[Service]:
    """Start the service on a database, and wait until it answers."""
    port = free_port()
    log = directory / "logs" / "heartbeat.log"
    settings = {
        "DATABASE_URL": url,
        "HEARTBEAT_LOG": str(log),
        "METRICS_DIR": str(directory / "metrics"),
        "INGEST_DIR": str(directory / "ingests"),
        **settings,
    }
    command = [*UVICORN, "--port", str(port), "--workers", str(workers), *arguments]
    out = directory / "out"
    with started(command, out, **settings) as process:
        service = Service(f"http://127.0.0.1:{port}", process, out, log)
        eventually(lambda: service.get("/health/live").status_code == 200, what="the service")
        # Each worker creates its counters when it starts.
        counters = directory / "metrics"
        eventually(lambda: len(list(counters.glob("*/gauge_*.db"))) == workers, what="all workers")
        yield service


def load_nothing(service: Service) -> None:
    """Make a load over HTTP, with a report, that changes nothing; its id is 1 in a database without others."""
    body = write(service.out.with_name("loaded.csv"), [record()]).read_bytes()
    answer = httpx.post(f"{service.site}/v1/ingests?dry_run=true&filename=loaded.csv", content=body, timeout=20)
    assert answer.status_code == 202, answer.text
    href = answer.json()["data"]["href"]
    eventually(lambda: "finished_at" in service.get(href).json()["data"], what="the load")


def workers(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the worker processes, or the main process where it serves itself."""
    main = psutil.Process(process.pid)
    children = []
    for child in main.children():
        with suppress(psutil.NoSuchProcess):  # the child may just have died
            if "spawn_main" in " ".join(child.cmdline()):
                children.append(child)
    return children or [main]


class Network:
    """A TCP proxy of a PostgreSQL socket, which can stall and break, and encrypts with `tls`."""

    def __init__(self, url: str, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        query = parse_qs(urlsplit(url).query)
        self._database = urlsplit(url).path
        self._socket = Path(query["host"][0]) / f".s.PGSQL.{query['port'][0]}"
        self._flowing = threading.Event()
        self._flowing.set()
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()
        self.port = 0

    def __enter__(self) -> "Network":
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}{self._database}"

    def stall(self) -> None:
        """Receive data and deliver none, in both directions."""
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    def cut(self) -> None:
        """End all connections."""

        def end() -> None:
            for writer in list(self._writers):
                writer.transport.abort()

        self._loop.call_soon_threadsafe(end)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            if self._tls:
                await reader.readexactly(8)  # the request for TLS
                writer.write(b"S")
                await writer.start_tls(self._tls)
            upstream = await asyncio.open_unix_connection(str(self._socket))
        except (OSError, EOFError):
            writer.close()
            return
        self._writers |= {writer, upstream[1]}
        with suppress(asyncio.CancelledError, ConnectionError):
            await asyncio.gather(self._carry(reader, upstream[1]), self._carry(upstream[0], writer))
        for end in (writer, upstream[1]):
            end.transport.abort()
            self._writers.discard(end)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(1 << 16):
            while not self._flowing.is_set():
                await asyncio.sleep(0.02)
            writer.write(chunk)
            await writer.drain()
        # The end of one direction ends both.
        raise ConnectionError


async def soon(condition: Callable[[], Awaitable[object]], seconds: float = 30, what: str = "it") -> object:
    """Wait until the condition returns a true value, and return that; other tasks run meanwhile."""
    end = time.monotonic() + seconds
    while True:
        with suppress(httpx.TransportError):
            if value := await condition():
                return value
        assert time.monotonic() < end, f"{what} did not come in {seconds} s"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def asking(site: str, timeout: float = 30) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client that sends each request on a new connection, which any of the workers may answer."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=site, limits=limits, timeout=timeout) as client:
        yield client


@asynccontextmanager
async def locked(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Lock the facts, so that every query of them waits; yield another connection."""
    holder, other = [await asyncpg.connect(url, server_settings={"application_name": "test"}) for _ in range(2)]
    try:
        async with holder.transaction():
            await holder.execute("LOCK TABLE fact_ad_metrics_daily IN ACCESS EXCLUSIVE MODE")
            yield other
    finally:
        await holder.close()
        await other.close()


async def backends(connection: asyncpg.Connection, state: str = "%") -> list[int]:
    """Return the processes of PostgreSQL that serve the API's pool."""
    rows = await connection.fetch(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'ad-metrics'"
        " AND state LIKE $1",
        state,
    )
    return [row[0] for row in rows]


def checked(answer: httpx.Response, expected: object) -> int:
    """Return the status of an answer, which must be the expected one, or a problem with `Retry-After`."""
    if answer.status_code == 200:
        assert list(map(known, answer.json()["data"])) == expected
    else:
        assert answer.status_code in (503, 504), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["detail"]
    return answer.status_code
