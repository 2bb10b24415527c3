"""The heartbeat log: one line for each heartbeat and each daily check, in a file of its own.

A line is an RFC 3339 timestamp in UTC, the job (`heartbeat` or `check`), its result, and key=value facts. The settings
say how the file is rotated, compressed and deleted.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from loguru import logger

from project.logs import timestamp
from project.settings import Settings

_CHANNEL = "heartbeat"
_TAIL_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log. `kind` is `ok`, `start` (the first heartbeat of a leader) or `failed` (a check)."""

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
    are on disk. Raises ValueError where a setting is invalid.
    """
    retention = settings.heartbeat_retention
    settings.heartbeat_log.resolve().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        sink = logger.add(
            settings.heartbeat_log.resolve(),
            format="{message}",
            filter=lambda record: record["extra"].get("channel") == _CHANNEL,
            rotation=settings.heartbeat_rotation or None,
            retention=int(retention) if retention.isdigit() else retention or None,
            compression=settings.heartbeat_compression or None,
            enqueue=True,
            delay=True,
            diagnose=False,
        )
    except ValueError as error:
        raise ValueError(
            f"One of HEARTBEAT_ROTATION={settings.heartbeat_rotation}, HEARTBEAT_RETENTION={retention} and "
            f"HEARTBEAT_COMPRESSION={settings.heartbeat_compression} is invalid: {error}"
        ) from error
    try:
        # As raw text: Loguru would fill in braces.
        yield lambda line: logger.bind(channel=_CHANNEL).opt(raw=True).info(f"{line}\n")
    finally:
        # With a full disk, closing the file raises; the service must stop all the same.
        with suppress(OSError, ValueError):
            logger.remove(sink)


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
    return next((line for line in _newest_lines(log) if line.job == "heartbeat"), None)


def last_completed_slot(log: Path) -> datetime | None:
    """Return the time of the newest scheduled heartbeat; no slot before it lacks one.

    Without one, return the time of the oldest start in the log, or None.
    """
    # `ad-metrics heartbeat` writes by=hand.
    beats = [line for line in _newest_lines(log) if line.job == "heartbeat" and line.facts.get("by") != "hand"]
    return next((beat.at for beat in beats if beat.kind == "ok"), beats[-1].at if beats else None)


def save_check(log: Path, check: LogLine) -> None:
    """Save the line of the daily check in a file beside the log, where rotation and newer lines do not hide it."""
    unfinished = _check_file(log).with_suffix(".new")
    unfinished.write_text(f"{check}\n")
    unfinished.replace(_check_file(log))


def last_check(log: Path) -> LogLine | None:
    """Return the last daily check, or None where there is none or it is unreadable."""
    with suppress(OSError, UnicodeDecodeError):
        return _parse(_check_file(log).read_text().strip())
    return None


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
