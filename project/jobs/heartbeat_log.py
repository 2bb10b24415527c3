"""The heartbeat log: one line a beat in a file of its own, rotated, kept and compressed as the settings say.

A line is an RFC 3339 UTC timestamp, `heartbeat ok` (or `heartbeat start`), and key=value facts. The daily check writes
its own, `check ok` or `check failed`, between them.
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

CHANNEL = "heartbeat"
JOBS = ("heartbeat", "check")
"""Whose lines are in the log."""


@dataclass(frozen=True, slots=True)
class Beat:
    """A line of the log, read back."""

    at: datetime
    kind: str
    facts: dict[str, str]
    job: str = "heartbeat"

    @property
    def by_hand(self) -> bool:
        """Whether `ad-metrics heartbeat` wrote it rather than the scheduler."""
        return self.facts.get("by") == "hand"

    @property
    def next(self) -> datetime | None:
        """When the beat after this one is due."""
        with suppress(KeyError, ValueError):
            due = datetime.fromisoformat(self.facts["next"])
            return due if due.tzinfo else None
        return None


@contextmanager
def open_log(settings: Settings) -> Iterator[Callable[[str], None]]:
    """Yield the function that writes one line.

    It returns at once: rotation, compression and the write itself happen in Loguru's writer thread, and all lines are
    on disk when the block ends. Only one process may write (`jobs.leader_election`).

    Raises ValueError where a setting cannot be.
    """
    kept = settings.heartbeat_retention
    settings.heartbeat_log.resolve().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        sink = logger.add(
            settings.heartbeat_log.resolve(),
            format="{message}",
            filter=lambda record: record["extra"].get("channel") == CHANNEL,
            rotation=settings.heartbeat_rotation or None,
            retention=int(kept) if kept.isdigit() else kept or None,
            compression=settings.heartbeat_compression or None,
            enqueue=True,
            delay=True,
            diagnose=False,
        )
    except ValueError as error:
        raise ValueError(
            f"One of HEARTBEAT_ROTATION={settings.heartbeat_rotation}, HEARTBEAT_RETENTION={kept} and "
            f"HEARTBEAT_COMPRESSION={settings.heartbeat_compression} cannot be: {error}"
        ) from error
    try:
        # As raw text: braces in a line are not Loguru's to fill in.
        yield lambda line: logger.bind(channel=CHANNEL).opt(raw=True).info(line + "\n")
    finally:
        # With a full disk, closing the file raises; the service must stop all the same.
        with suppress(OSError, ValueError):
            logger.remove(sink)


def append_line(log: Path, line: str) -> None:
    """Add a line to a log that another process has open for writing, and may be rotating."""
    content = (line + "\n").encode()
    while True:
        with log.open("ab", buffering=0) as file:
            file.write(content)
            # Had the file been renamed in between, the line could be in one that is being compressed and deleted.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), log.stat()):
                    return


def last_beat(log: Path) -> Beat | None:
    """Return the newest beat of the log, or None where there is none yet."""
    return next((line for line in _newest_lines(log) if line.job == "heartbeat"), None)


def last_completed_slot(log: Path) -> datetime | None:
    """Return the moment up to which every slot has its line: that of the newest beat of a slot.

    Where there is none yet, it is that of the oldest beat: of the service's first start.
    """
    beats = [line for line in _newest_lines(log) if line.job == "heartbeat" and not line.by_hand]
    return next((beat.at for beat in beats if beat.kind == "ok"), beats[-1].at if beats else None)


def keep_check(log: Path, check: Beat) -> None:
    """Keep the line of the daily check also beside the log, where no rotation and no newer beats hide it."""
    kept = _check_beside(log)
    unfinished = kept.with_suffix(".new")
    unfinished.write_text(line_of(check) + "\n")
    unfinished.replace(kept)


def last_check(log: Path) -> Beat | None:
    """Return the last daily check, or None where there is none, or none that can be read."""
    with suppress(OSError, UnicodeDecodeError):
        return _parsed(_check_beside(log).read_text().strip())
    return None


def line_of(beat: Beat) -> str:
    """Write a beat as its line."""
    facts = "".join(f" {name}={value}" for name, value in beat.facts.items())
    return f"{timestamp(beat.at)} {beat.job} {beat.kind}{facts}"


def _check_beside(log: Path) -> Path:
    return log.resolve().with_name(f".{log.name}.check")


_TAIL_BYTES = 65_536


def _newest_lines(log: Path) -> Iterator[Beat]:
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = file.read(_TAIL_BYTES).decode(errors="replace").splitlines()
    except FileNotFoundError:
        return
    yield from filter(None, map(_parsed, reversed(lines)))


def _parsed(line: str) -> Beat | None:
    moment, _, rest = line.partition(" ")
    job, kind, *facts = [*rest.split(" "), ""]
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    if at.tzinfo is None or job not in JOBS:
        return None
    return Beat(at, kind, dict(fact.split("=", 1) for fact in facts if "=" in fact), job)
