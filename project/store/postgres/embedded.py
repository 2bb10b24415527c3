"""The embedded PostgreSQL server: its life cycle.

The server listens on a Unix socket in a private directory, and on no network. It is a child of no process of the
service: a process that needs it starts it when it is down, and it runs until `stop()`. A service that runs on it starts
it again where it dies (`kept_up`).
"""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import sleep
from urllib.parse import quote

from filelock import FileLock
from loguru import logger

from project.errors import EmbeddedPostgresError
from project.store.postgres.embedded_directories import PORT, SOCKET, choose_directories, make_private, server_account
from project.store.postgres.embedded_programs import Programs

DATABASE = "ad_metrics"

_SECONDS_TO_RECOVER = 300
_SECONDS_BETWEEN_LOOKS = 1
_SECONDS_BETWEEN_FAILURES = 10
_CREATE_DATABASE = f"""\
SELECT 'CREATE DATABASE {DATABASE}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')
\\gexec
"""  # noqa: S608 - a constant
_SERVICE_CONF = """\
# Written at every start.
listen_addresses = ''
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
timezone = 'UTC'
log_timezone = 'UTC'
shared_buffers = '256MB'
max_wal_size = '2GB'
random_page_cost = 1.1
jit = off
logging_collector = on
log_directory = 'log'
log_filename = 'postgres-%a.log'
log_rotation_age = '1d'
log_truncate_on_rotation = on
"""


class EmbeddedPostgres:
    """The server of one directory. `data` is where its data are (`store.postgres.embedded_directories`)."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self._account = server_account()
        self._home, self._sockets = choose_directories(self.directory, self._account)
        self._programs = Programs(self._account)
        self.data = self._home / "data"
        self._stopped = self.directory / "stopped"

    def url(self, database: str = DATABASE) -> str:
        """Return the URL of a database of this server, whether or not the server is up."""
        return f"postgresql://postgres@/{database}?host={quote(str(self._sockets))}&port={PORT}"

    def start(self) -> None:
        """Start the server where it is down, and create the database `ad_metrics` where it is missing.

        Several processes may call it at once. Raises EmbeddedPostgresError.
        """
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock:
            self._stopped.unlink(missing_ok=True)
            self._start_until_ready()
            self._run("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", self.url("postgres"), stdin=_CREATE_DATABASE)

    def revive(self) -> bool:
        """Start the server where it died and was not stopped; return whether it did. Otherwise as `start`."""
        if not self._died:
            return False
        with self._lock:
            if died := self._died:
                self._start_until_ready()
            return died

    def stop(self, mode: str = "fast") -> bool:
        """Stop the server, which ends all connections; return False where it was down."""
        if not self.directory.exists():
            return False
        with self._lock:
            was_up = self.running or self._is_this_server(self.pid)
            if was_up:
                self._pg_ctl("-w", "-t", "60", "-m", mode, "stop")
            self._stopped.touch(mode=0o600)
            return was_up

    def destroy(self) -> None:
        """Stop the server and delete its data."""
        # At once: what is deleted next need not be saved.
        self.stop("immediate")
        for path in {self._sockets, self._home, self.directory}:
            shutil.rmtree(path, ignore_errors=True)

    @property
    def running(self) -> bool:
        """Whether the server's socket accepts connections."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._sockets / SOCKET)) == 0

    @property
    def pid(self) -> int | None:
        """The process of the server, which may have ended; None where it was stopped."""
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def command(self, name: str) -> str:
        """Return the path of one of PostgreSQL's own programs, such as `psql`."""
        return self._programs.path(name)

    @property
    def _died(self) -> bool:
        # A look at the process costs the server nothing; each connection makes it fork.
        is_up = self._is_this_server(self.pid) or self.running
        return self.data.exists() and not is_up and not self._stopped.exists()

    @property
    def _lock(self) -> FileLock:
        return FileLock(self.directory / "lock", mode=0o600)

    def _start_until_ready(self) -> None:
        # The process that started the server may have been killed while the server recovered; and a server that is
        # being killed accepts a last connection.
        for _ in range(_SECONDS_TO_RECOVER * 10):
            if not self.running:
                self._start()
            ready = [self.command("pg_isready"), "-q", "-h", str(self._sockets), "-p", str(PORT)]
            if subprocess.run(ready, check=False).returncode == 0:
                return
            sleep(0.1)
        raise EmbeddedPostgresError(f"The server does not accept connections; see {self.data / 'log'}.")

    def _start(self) -> None:
        for directory in {self._home, self._sockets}:
            make_private(directory, self._account)
        if not self.data.exists():
            self._initialise()
        # This server may be up without a socket, which somebody has deleted.
        verb = "restart" if self._is_this_server(self.pid) else "start"
        if verb == "start":
            self._delete_stale_lock_files()
        conf = self.data / "service.conf"
        conf.write_text(_SERVICE_CONF.format(port=PORT, sockets=str(self._sockets).replace("'", "''")))
        conf.chmod(0o644)  # for the server's account, whatever the umask
        self._pg_ctl("-w", "-t", "300", "-l", str(self._home / "start.log"), verb)

    def _initialise(self) -> None:
        # It gets its name at the end, so that the data of a killed initdb are never used.
        unfinished = self._home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._run(
            "initdb", "-D", str(unfinished), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        )  # fmt: skip
        with (unfinished / "postgresql.conf").open("a") as conf:
            conf.write("include = 'service.conf'\n")
        unfinished.rename(self.data)

    def _is_this_server(self, pid: int | None) -> bool:
        """Return whether the process is the server of this directory."""
        try:
            # Any account may read a process's command line, unlike its links.
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return Path(os.fsdecode(command[0])).name == "postgres" and os.fsencode(self.data) in command

    def _delete_stale_lock_files(self) -> None:
        # After a power cut or in a new container, the pid of the lock file may be that of another program, beside which
        # PostgreSQL refuses to start. Without /proc, PostgreSQL decides by itself.
        if Path("/proc/self/exe").exists():
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            (self._sockets / f"{SOCKET}.lock").unlink(missing_ok=True)

    def _pg_ctl(self, *arguments: str) -> None:
        self._run("pg_ctl", "-s", "-D", str(self.data), *arguments)

    def _run(self, name: str, *arguments: str, stdin: str | None = None) -> None:
        code, output = self._programs.run(name, *arguments, stdin=stdin)
        if code:
            message = f"{output or 'no output'} {self._start_log()}".strip()
            raise EmbeddedPostgresError(f"{name} failed ({code}): {message} (more in {self.data / 'log'})")

    def _start_log(self) -> str:
        try:
            return " ".join((self._home / "start.log").read_text().splitlines()[-3:])
        except OSError:
            return ""


@asynccontextmanager
async def kept_up(server: EmbeddedPostgres) -> AsyncIterator[None]:
    """Start the server, and start it again whenever it dies inside the block. Raises EmbeddedPostgresError at first."""
    await asyncio.to_thread(server.start)
    task = asyncio.create_task(_revive_for_ever(server))
    try:
        yield
    finally:
        task.cancel()


async def _revive_for_ever(server: EmbeddedPostgres) -> None:
    while True:
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
        try:
            if await asyncio.to_thread(server.revive):
                logger.warning("The embedded server had died; this process started it again.")
        except (EmbeddedPostgresError, OSError) as error:
            logger.error("The embedded server died, and cannot be started: {}", error)
            await asyncio.sleep(_SECONDS_BETWEEN_FAILURES)
