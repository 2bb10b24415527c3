"""The embedded server, with real processes."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from project.errors import EmbeddedPostgresError
from project.store.postgres.embedded import EmbeddedPostgres

pytestmark = pytest.mark.slow


@pytest.fixture
def own_server(short_directory: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(short_directory / "own")
    yield server
    server.destroy()
    assert not server.directory.exists()
    assert not server.data.exists()


async def answer(server: EmbeddedPostgres) -> int:
    connection = await asyncpg.connect(server.url())
    try:
        return await connection.fetchval("SELECT 42")
    finally:
        await connection.close()


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_server_starts_once_stops_and_restarts(own_server: EmbeddedPostgres) -> None:
    assert not own_server.running
    assert own_server.stop() is False
    own_server.start()
    assert await answer(own_server) == 42
    assert own_server.running
    pid = own_server.pid
    own_server.start()
    assert own_server.pid == pid
    assert own_server.stop() is True
    assert not own_server.running
    # It is down before its process is gone.
    for _ in range(50):
        if alive(pid):
            await asyncio.sleep(0.1)
    assert not alive(pid)
    own_server.start()
    assert await answer(own_server) == 42


async def test_the_server_listens_on_no_network_and_its_directory_is_private(own_server: EmbeddedPostgres) -> None:
    own_server.start()
    process = psutil.Process(own_server.pid)
    assert not [
        connection
        for connection in process.net_connections()
        if connection.family != psutil.AF_LINK and connection.laddr and connection.status == "LISTEN"
    ]
    assert own_server.data.parent.stat().st_mode & 0o077 == 0


async def test_a_killed_server_recovers(own_server: EmbeddedPostgres) -> None:
    own_server.start()
    pid = own_server.pid
    connection = await asyncpg.connect(own_server.url())
    await connection.execute("CREATE TABLE saved AS SELECT 7 AS number")
    os.kill(pid, signal.SIGKILL)
    _wait_for_children_of(own_server)
    own_server.start()
    assert own_server.pid != pid
    connection = await asyncpg.connect(own_server.url())
    assert await connection.fetchval("SELECT number FROM saved") == 7
    await connection.close()


async def test_a_stale_pid_of_another_program_does_not_prevent_a_start(own_server: EmbeddedPostgres) -> None:
    own_server.start()
    content = (own_server.data / "postmaster.pid").read_text().split("\n")
    own_server.stop()
    # As after a power cut, with the number now this process's.
    (own_server.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *content[1:]]))
    own_server.start()
    assert await answer(own_server) == 42


async def test_a_server_without_its_socket_is_restarted(own_server: EmbeddedPostgres) -> None:
    own_server.start()
    (own_server.data.parent / ".s.PGSQL.5432").unlink()
    assert not own_server.running
    own_server.start()
    assert await answer(own_server) == 42


async def test_an_interrupted_start_is_completed_by_the_next(
    own_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = EmbeddedPostgres._run

    def interrupted(self: EmbeddedPostgres, name: str, *arguments: str, **options: str) -> None:
        if name == "psql":
            raise KeyboardInterrupt
        run(self, name, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(EmbeddedPostgres, "_run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            own_server.start()
    assert own_server.running
    own_server.start()
    assert await answer(own_server) == 42


def test_stop_finds_a_server_without_its_socket(own_server: EmbeddedPostgres) -> None:
    own_server.start()
    pid = own_server.pid
    (own_server.data.parent / ".s.PGSQL.5432").unlink()
    assert own_server.stop() is True
    assert not alive(pid)


def test_a_private_home_under_a_strict_umask(short_directory: Path) -> None:
    closed = short_directory / "strict"
    closed.mkdir(mode=0o700)
    before = os.umask(0o077)
    server = EmbeddedPostgres(closed / "pg")
    try:
        server.start()
        assert server.running
    finally:
        os.umask(before)
        server.destroy()


def test_concurrent_starts_make_one_server(own_server: EmbeddedPostgres) -> None:
    code = f"from pathlib import Path; from project.store.postgres.embedded import EmbeddedPostgres as E; E(Path({str(own_server.directory)!r})).start()"
    starters = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(4)]
    for starter in starters:
        _, errors = starter.communicate(timeout=60)
        assert starter.returncode == 0, errors
    assert own_server.running


def test_a_path_too_long_for_a_socket(short_directory: Path) -> None:
    server = EmbeddedPostgres(short_directory / ("long" * 40) / "pg")
    try:
        server.start()
        assert server.running
    finally:
        server.destroy()


def test_a_home_that_the_servers_account_cannot_enter(short_directory: Path) -> None:
    closed = short_directory / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "pg")
    try:
        server.start()
        assert server.running
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        server.destroy()
    assert not server.data.exists()


def test_the_data_of_a_killed_initdb_are_not_used(own_server: EmbeddedPostgres) -> None:
    own_server.start()
    own_server.stop()
    own_server.data.rename(own_server.data.with_name("data.new"))
    own_server.start()
    assert own_server.running


def test_an_error_contains_the_output_of_postgresql(own_server: EmbeddedPostgres) -> None:
    own_server.start()
    own_server.stop()
    (own_server.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedPostgresError, match=r"(?s)pg_ctl failed .*incompatible"):
        own_server.start()


def _wait_for_children_of(server: EmbeddedPostgres) -> None:
    for _ in range(100):
        if not any(str(server.data) in " ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"])):
            return
        time.sleep(0.1)


async def test_a_server_killed_at_this_moment_is_started(own_server: EmbeddedPostgres) -> None:
    own_server.start()
    for _ in range(5):
        pid = own_server.pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        # Its socket may still take a connection.
        own_server.start()
        assert await answer(own_server) == 42
