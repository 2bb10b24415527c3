"""Where the lines of the heartbeat log go: to a file, or to a pipe or device and to a file that can be read back."""

import os
import re
import stat
from pathlib import Path

from project.errors import SettingsError
from project.settings import Settings

_DESCRIPTOR = re.compile(r"/dev/(?P<name>stdout|stderr)|(?:/dev|/proc/(?P<process>self|\d+))/fd/(?P<number>\d+)")
_OTHER_KINDS = {stat.S_IFDIR: "a directory", stat.S_IFBLK: "a disk", stat.S_IFSOCK: "a socket"}


def log_file(settings: Settings) -> Path:
    """Return the file of the log: `HEARTBEAT_LOG`, or a file in `METRICS_DIR` where that is a pipe or device."""
    if is_stream(settings.heartbeat_log):
        return settings.metrics_dir.resolve() / "heartbeat.log"
    return settings.heartbeat_log.resolve()


def is_stream(log: Path) -> bool:
    """Return whether the log is a pipe or a device, such as /dev/stdout: it cannot be read back, locked or rotated."""
    return bool(_descriptor(log)) or log.is_fifo() or log.is_char_device()


def check_kind(log: Path) -> None:
    """Raise SettingsError where the log is a directory, a disk or a socket."""
    kind = stat.S_IFMT(log.stat().st_mode) if log.exists() and not _descriptor(log) else None
    if kind in _OTHER_KINDS:
        raise SettingsError(
            f"HEARTBEAT_LOG={log} is {_OTHER_KINDS[kind]}; expected a file, such as {log / 'heartbeat.log'}."
        )


def open_stream(log: Path) -> int:
    """Return a new file descriptor of the pipe or device. Raises OSError."""
    own = _descriptor(log)
    if own and own["process"] in (None, "self"):
        # Where standard output is a socket, or belongs to another account, it cannot be opened by its name.
        return os.dup(int(own["number"] or ("stdout", "stderr").index(own["name"]) + 1))
    if log.is_fifo():
        # It waits for no reader: the pipe stores 64 kB of lines.
        return os.open(log, os.O_RDWR | os.O_NONBLOCK)
    return os.open(log, os.O_WRONLY | os.O_APPEND | os.O_NOCTTY)


def _descriptor(log: Path) -> "re.Match[str] | None":
    """Return the match of a file descriptor's name, also of one that the log is a link to."""
    target = str(log.readlink()) if log.is_symlink() else ""
    return _DESCRIPTOR.fullmatch(str(log)) or _DESCRIPTOR.fullmatch(target)
