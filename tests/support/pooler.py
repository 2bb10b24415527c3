"""A real PgBouncer before the tests' server."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from project.store.postgres.embedded import EmbeddedPostgres
from tests.support.processes import eventually, free_port

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@dataclass(frozen=True)
class Pooler:
    """A running pooler; `directory` has its files, and `log` what it said."""

    mode: str
    port: int
    server: EmbeddedPostgres
    directory: Path
    log: Path

    def url(self, database: str, user: str = "postgres") -> str:
        """Return its URL of the database that has this URL at the server."""
        return f"postgresql://{user}@127.0.0.1:{self.port}{urlsplit(database).path}"


@contextmanager
def pooler(server: EmbeddedPostgres, directory: Path, mode: str, **settings: object) -> Iterator[Pooler]:
    """Start a pooler in `mode` before all databases of the server; `settings` are PgBouncer's.

    Any account may enter `directory`: as root, PgBouncer runs as the server's.
    """
    if not PGBOUNCER:
        pytest.skip("These tests need PgBouncer; on Debian: apt-get install pgbouncer")
    port = free_port()
    home = directory / f"pgbouncer-{port}"
    home.mkdir()
    socket_directory = Path(server.url().partition("host=")[2].partition("&")[0].replace("%2F", "/"))
    options = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "trust",
        "auth_file": home / "users",
        "pool_mode": mode,
        "max_client_conn": 200,
        # Else, for 15 s after a refusal, clients wait.
        "server_login_retry": 0.2,
        # Sessions change hands often.
        "default_pool_size": 5 if mode == "transaction" else 50,
        **settings,
    }
    (home / "users").write_text('"postgres" ""\n')
    (home / "hba").write_text("host all all 127.0.0.1/32 reject\n")
    if "auth_hba_file" in options:
        options["auth_hba_file"] = home / "hba"
    lines = [f"{name} = {value}" for name, value in options.items()]
    to = f"* = host={socket_directory} port={server.url().rpartition('port=')[2].partition('&')[0]}"
    (home / "pgbouncer.ini").write_text("\n".join(["[databases]", to, "[pgbouncer]", *lines]))
    account = {"user": server.data.stat().st_uid} if os.geteuid() == 0 else {}
    log = home / "log"
    with log.open("wb") as file:
        process = subprocess.Popen([PGBOUNCER, home / "pgbouncer.ini"], stdout=file, stderr=file, **account)
    try:
        eventually(lambda: _accepts(port), what="the pooler")
        yield Pooler(mode, port, server, directory, log)
    finally:
        process.terminate()
        process.wait(20)


def _accepts(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False
