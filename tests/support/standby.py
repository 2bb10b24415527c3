"""A primary of the tests' own, and real streaming standbys of it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg

from project.database_url import parse
from project.store.postgres.embedded import EmbeddedPostgres
from project.store.postgres.embedded_directories import SOCKET, make_private, server_account
from project.store.postgres.embedded_programs import Programs


class Server:
    """A server, whose statements run to their end while nothing else does."""

    def __init__(self, directory: Path, database: str) -> None:
        self.postgres = EmbeddedPostgres(directory)
        self.database = database

    @property
    def url(self) -> str:
        return self.postgres.url(self.database)

    async def run(self, sql: str) -> object:
        """Run a statement and return its first value."""
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()


class Standby(Server):
    """A standby that replays what its primary sends, unless it is paused, down or promoted."""

    async def pause(self) -> None:
        """Receive, but replay nothing more; return once nothing is being replayed."""
        await self.run("SELECT pg_wal_replay_pause()")
        while await self.run("SELECT pg_get_wal_replay_pause_state()") != "paused":
            await asyncio.sleep(0.01)

    async def resume(self) -> None:
        await self.run("SELECT pg_wal_replay_resume()")

    async def disconnect(self) -> None:
        """Receive nothing more; return once nothing is being received. What was received, a promotion replays."""
        await self.run("ALTER SYSTEM SET primary_conninfo = ''")
        await self.run("SELECT pg_reload_conf()")
        while await self.run("SELECT count(*) FROM pg_stat_wal_receiver"):
            await asyncio.sleep(0.01)

    async def promote(self) -> None:
        """Make it a primary of its own."""
        assert await self.run("SELECT pg_promote()")

    async def has(self, version: int) -> None:
        """Wait until it has replayed a data version."""
        async with asyncio.timeout(20):
            while await self.run("SELECT version FROM data_version") < version:
                await asyncio.sleep(0.02)

    def kill(self) -> None:
        self.postgres.stop("immediate")

    def start(self) -> None:
        self.postgres.start()


@contextmanager
def standby_of(primary: Server, directory: Path) -> Iterator[Standby]:
    """Copy the data of a running server, and follow it from there."""
    account = server_account()
    make_private(directory, account)
    [socket] = parse(primary.url).connect["host"]
    code, output = Programs(account).run(
        "pg_basebackup", "-h", socket, "-U", "postgres", "-D", str(directory / "data"),
        "--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--no-manifest",
    )  # fmt: skip
    assert code == 0, output
    standby = Standby(directory, primary.database)
    standby.start()
    try:
        yield standby
    finally:
        standby.postgres.destroy()


@asynccontextmanager
async def alternating(*servers: Server) -> AsyncIterator[str]:
    """Listen at an address, and connect those who come to each of these servers in turn; yield its URL."""
    turns = itertools.cycle([f"{parse(server.url).connect['host'][0]}/{SOCKET}" for server in servers])

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(1 << 16):
                writer.write(chunk)
        writer.transport.abort()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = await asyncio.open_unix_connection(next(turns))
        await asyncio.gather(carry(reader, upstream[1]), carry(upstream[0], writer))

    async with await asyncio.start_server(connect, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        yield f"postgresql://postgres@127.0.0.1:{port}/{servers[0].database}"
