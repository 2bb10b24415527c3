"""The heartbeat log: one line for each heartbeat and each daily check, in a file of its own.

A line is an RFC 3339 timestamp in UTC, the job (`heartbeat` or `check`), its result, and key=value facts. The settings
say how the file is rotated, compressed and deleted. Lines in the future, from a clock that was ahead, are ignored.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from project.errors import SettingsError
from project.jobs.clock import in_future
from project.jobs.log_location import check_kind, is_stream, log_file, open_stream
from project.jobs.retention import mend_age, retention
from project.logs import timestamp
from project.settings import Settings

if TYPE_CHECKING:
    from loguru import Message, Record

_CHANNEL = "heartbeat"
_TAIL_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log.

    `kind` of a heartbeat is `ok`, `degraded` (the database does not answer) or `start` (the first of a leader); of a
    check `ok` or `failed`.
    """

    at: datetime
    kind: str
    facts: dict[str, str]
    job: str = "heartbeat"

    @property
    def next(self) -> datetime | None:
        """When the next run of the job is due."""
        with suppress(KeyError, ValueError):
            due = datetime.fromisoformat(self.facts["next"])
            return due if due.tzinfo else None
        return None

    def __str__(self) -> str:
        facts = "".join(f" {name}={value}" for name, value in self.facts.items())
        return f"{timestamp(self.at)} {self.job} {self.kind}{facts}"


@contextmanager
def open_log(settings: Settings) -> Iterator[Callable[[LogLine | str], None]]:
    """Yield the function that writes one line. Only one process may write (`jobs.leader_election`).

    The function returns at once: Loguru's writer thread writes, rotates and compresses. When the block ends, all lines
    are on disk. Raises SettingsError where a setting is invalid, or the log cannot be opened.
    """
    with ExitStack() as sinks:
        try:
            check_kind(settings.heartbeat_log)
            _add_file(settings, sinks)
            _add_stream(settings, sinks)
        except OSError as error:
            # A file in the place of its directory is FileExistsError.
            reason = "Not a directory" if isinstance(error, FileExistsError) else error.strerror
            raise SettingsError(
                f"HEARTBEAT_LOG={settings.heartbeat_log} cannot be written: {reason}: {error.filename or 'the log'}. "
                "Name a file in a directory that this account may write to."
            ) from error
        # As raw text: Loguru would fill in braces.
        yield lambda line: logger.bind(channel=_CHANNEL).opt(raw=True).info(f"{line}\n")


def check_rotation(settings: Settings) -> None:
    """Raise SettingsError where rotation, retention or compression is invalid. It opens no file."""
    with ExitStack() as sinks:
        _add_sink(settings, sinks)


def append_line(log: Path, line: LogLine | str) -> None:
    """Add a line to a log that another process has open for writing and may rotate."""
    content = f"{line}\n".encode()
    while True:
        with log.open("ab", buffering=0) as file:
            file.write(content)
            # If the file was renamed meanwhile, the line may be in one that is compressed and deleted: repeat it.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), log.stat()):
                    return


def last_beat(log: Path) -> LogLine | None:
    """Return the newest heartbeat of the log, or None."""
    return next((line for line in _newest_lines(log) if line.job == "heartbeat" and not in_future(line.at)), None)


def future_line(log: Path) -> LogLine | None:
    """Return the line that was written last where it is in the future, else None."""
    newest = next(_newest_lines(log), None)
    return newest if newest and in_future(newest.at) else None


def last_completed_slot(log: Path) -> datetime | None:
    """Return the time of the newest scheduled heartbeat; no slot before it lacks one.

    Without one, return the time of the oldest start in the log, or None.
    """
    # `ad-metrics heartbeat` writes by=hand.
    scheduled = (line for line in _newest_lines(log) if line.job == "heartbeat" and line.facts.get("by") != "hand")
    beats = [line for line in scheduled if not in_future(line.at)]
    return next((beat.at for beat in beats if beat.kind != "start"), beats[-1].at if beats else None)


def save_check(log: Path, check: LogLine) -> None:
    """Save the line of the daily check in a file beside the log, where rotation and newer lines do not hide it."""
    unfinished = _check_file(log).with_suffix(".new")
    unfinished.write_text(f"{check}\n")
    unfinished.replace(_check_file(log))


def last_check(log: Path) -> LogLine | None:
    """Return the last daily check, or None where there is none, or it is unreadable or in the future."""
    with suppress(OSError, UnicodeDecodeError):
        check = _parse(_check_file(log).read_text().strip())
        return check if check and not in_future(check.at) else None
    return None


def _add_file(settings: Settings, sinks: ExitStack) -> None:
    log = log_file(settings)
    log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    mend_age(log)
    _add_sink(settings, sinks)


def _add_sink(settings: Settings, sinks: ExitStack) -> None:
    log = log_file(settings)
    rotation = settings.heartbeat_rotation or None
    try:
        sink = logger.add(
            # Loguru would fill in braces.
            str(log).replace("{", "{{").replace("}", "}}"),
            format="{message}",
            filter=_is_line,
            rotation=rotation,
            retention=retention(log, settings.heartbeat_retention),
            # A file that is never rotated would be compressed whenever it is closed.
            compression=(settings.heartbeat_compression or None) if rotation else None,
            # Another program, such as logrotate, may rename or delete the file.
            watch=True,
            enqueue=True,
            delay=True,
            diagnose=False,
        )
    except ValueError as error:
        raise SettingsError(
            f"One of HEARTBEAT_ROTATION={settings.heartbeat_rotation}, "
            f"HEARTBEAT_RETENTION={settings.heartbeat_retention} and "
            f"HEARTBEAT_COMPRESSION={settings.heartbeat_compression} is invalid: {error}."
        ) from error
    sinks.callback(_remove, sink)


def _add_stream(settings: Settings, sinks: ExitStack) -> None:
    if is_stream(settings.heartbeat_log):
        descriptor = open_stream(settings.heartbeat_log)
        sinks.callback(os.close, descriptor)
        sink = partial(_write_stream, descriptor)
        sinks.callback(_remove, logger.add(sink, format="{message}", filter=_is_line, enqueue=True, diagnose=False))


def _remove(sink: int) -> None:
    # With a full disk, closing the file raises; the service must stop all the same.
    with suppress(OSError, ValueError):
        logger.remove(sink)


def _write_stream(descriptor: int, line: "Message") -> None:
    os.write(descriptor, line.encode())


def _is_line(record: "Record") -> bool:
    return record["extra"].get("channel") == _CHANNEL


def _check_file(log: Path) -> Path:
    return log.resolve().with_name(f".{log.name}.check")


def _newest_lines(log: Path) -> Iterator[LogLine]:
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = file.read(_TAIL_BYTES).decode(errors="replace").splitlines()
    except FileNotFoundError:
        return
    yield from filter(None, map(_parse, reversed(lines)))


def _parse(text: str) -> LogLine | None:
    moment, _, remaining = text.partition(" ")
    job, kind, *facts = [*remaining.split(" "), ""]
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    if at.tzinfo is None or job not in ("heartbeat", "check"):
        return None
    return LogLine(at, kind, dict(fact.split("=", 1) for fact in facts if "=" in fact), job)
