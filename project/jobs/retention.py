"""Rotated files of a log: which are deleted, by number or by age. Other logs beside it are never touched."""

import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

# Loguru's own retention takes them, too. Its glob patterns also match the names of other logs.
from loguru._ctime_functions import get_ctime, set_ctime
from loguru._string_parsers import parse_duration

from project.jobs.clock import in_future

# As Loguru names them: heartbeat.2024-03-01_00-00-00_000000.log.gz
_TIME = r"(\.\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_\d{6}(\.\d+)?)+"
_COMPRESSED = r"(\.(gz|bz2|xz|lzma|zip|tar(\.\w+)?))?"


def retention(log: Path, setting: str) -> Callable[[object], None] | None:
    """Return the function that deletes old rotated files of this log; `setting` is a number of files or an age.

    Raises ValueError.
    """
    if not setting:
        return None
    number = int(setting) if setting.isdigit() else sys.maxsize
    age = timedelta.max if setting.isdigit() else parse_duration(setting)  # type: ignore[no-untyped-call]
    if age is None:
        raise ValueError(f"{setting!r} is neither a number of files nor an age such as '1 year'")

    def delete(_files: object) -> None:
        # Files in the future count as the oldest: the clock was set right after they were written.
        files = sorted((not in_future(_written(file)), _written(file), file) for file in _rotated_files(log))
        for index, (believed, written, file) in enumerate(reversed(files)):
            if index >= number or datetime.now(UTC) - written >= age:
                file.unlink(missing_ok=True)
            elif not believed and not setting.isdigit():
                os.utime(file)  # Its age counts from now.

    return delete


def mend_age(log: Path) -> None:
    """Let the age of a log that was begun in the future count from now, so that it is rotated in time."""
    if log.exists() and in_future(datetime.fromtimestamp(get_ctime(log), UTC)):
        os.utime(log)
        set_ctime(log, datetime.now(UTC).timestamp())


def _rotated_files(log: Path) -> list[Path]:
    name = re.compile(re.escape(log.stem) + _TIME + re.escape(log.suffix) + _COMPRESSED)
    return [file for file in log.parent.iterdir() if name.fullmatch(file.name)]


def _written(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
