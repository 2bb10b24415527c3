"""Commands as they can be typed where this process runs, for messages that name one."""

import os
import shutil
import sys
from pathlib import Path

_CLONE = Path(__file__).parent.parent


def typed(command: str) -> str:
    """Return a command of the project, such as `ad-metrics load`, as the reader of a message can type it.

    That is `uv run …` in a clone whose virtual environment is not active. A program that was run by its path, and is
    not on the PATH, keeps that path.
    """
    program, space, arguments = command.partition(" ")
    # `uv run` puts the environment on the PATH of its process, not on that of the shell.
    if "UV_RUN_RECURSION_DEPTH" in os.environ:
        return f"uv run {command}"
    found = shutil.which(program)
    started = Path(sys.argv[0])
    if found and Path(found).resolve().parent in (started.resolve().parent, Path(sys.executable).parent.resolve()):
        return command
    if (_CLONE / "pyproject.toml").exists():
        return f"uv run {command}"
    return f"{started}{space}{arguments}" if started.name == program else command
