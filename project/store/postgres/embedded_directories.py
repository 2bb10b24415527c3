"""Where the embedded server keeps its data and its socket, and the account that owns them.

PostgreSQL refuses to run as root. A service that runs as root therefore starts the server as another account, which may
be unable to reach the directory that the settings name.
"""

import hashlib
import os
import pwd
from pathlib import Path

from project.errors import EmbeddedPostgresError

PORT = 5432
SOCKET = f".s.PGSQL.{PORT}"
ROOT_HOME = Path("/var/lib/ad-metrics")
"""The home of servers that root starts, where their account cannot reach the directory of the settings."""

_SHORT = Path("/tmp")  # noqa: S108 - not TMPDIR, which differs from process to process; the directory in it is 0700
_LONGEST_SOCKET_PATH = 100  # the kernel allows 107 bytes


def server_account() -> pwd.struct_passwd | None:
    """Return the account that the server runs as, or None for that of this process. Raises EmbeddedPostgresError."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedPostgresError("PostgreSQL does not run as root, and there is no account postgres or nobody.")


def choose_directories(directory: Path, account: pwd.struct_passwd | None) -> tuple[Path, Path]:
    """Return the directory of the data and that of the socket, for the directory that the settings name."""
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    home = directory
    root_home = ROOT_HOME / digest
    # Data that exists stays where it is, even if permissions have changed since.
    may_move = account and not (directory / "data").exists()
    if may_move and ((root_home / "data").exists() or not is_open(directory.parent)):
        home = root_home
    if len(os.fsencode(home / SOCKET)) > _LONGEST_SOCKET_PATH:
        return home, _SHORT / f"ad-metrics-{os.geteuid()}-{digest}"
    return home, home


def make_private(directory: Path, account: pwd.struct_passwd | None) -> None:
    """Create a directory that only the server's account may enter. Raises EmbeddedPostgresError."""
    if directory.is_relative_to(ROOT_HOME):
        make_open(ROOT_HOME)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    owner = directory.stat().st_uid
    if account and owner == 0:
        os.chown(directory, account.pw_uid, account.pw_gid)
    elif owner not in (os.geteuid(), account.pw_uid if account else -1):
        raise EmbeddedPostgresError(f"{directory} belongs to another account; set EMBEDDED_POSTGRES_DIR.")


def make_open(directory: Path) -> None:
    """Create a directory that any account may enter, whatever the umask."""
    if not directory.exists():
        directory.mkdir(parents=True)
        directory.chmod(0o755)


def is_open(directory: Path) -> bool:
    """Return whether any account may enter the directory."""
    return all(part.stat().st_mode & 0o001 for part in (directory, *directory.parents) if part.exists())
