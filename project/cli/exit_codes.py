"""Exit codes: how a command ends that raises an error, or is interrupted."""

import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import typer

from project.errors import (
    AdMetricsError,
    DatabaseUnavailable,
    EmbeddedPostgresError,
    Fault,
    InvalidRequest,
    NoSuchThing,
)

REFUSED, USAGE, DATABASE_AWAY, UNEXPECTED, INTERRUPTED = 1, 2, 3, 4, 130


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn an error of the block into a line on standard error and an exit code."""
    try:
        yield
    except (AdMetricsError, ValueError, OSError) as error:
        raise typer.Exit(print_error(error)) from error


def print_error(error: AdMetricsError | ValueError | OSError) -> int:
    """Print what was refused as a sentence, and return the exit code."""
    code, sentence = REFUSED, str(error)
    if isinstance(error, InvalidRequest):
        sentence = "\n".join(map(_line_of, error.faults))
    elif isinstance(error, NoSuchThing):
        sentence += _hint(error.suggestions)
    elif isinstance(error, DatabaseUnavailable) and error.__cause__:
        code, sentence = DATABASE_AWAY, f"{error} ({error.cause})"
    elif isinstance(error, DatabaseUnavailable | EmbeddedPostgresError):
        code = DATABASE_AWAY
    elif isinstance(error, ValueError):
        code = USAGE
    elif isinstance(error, OSError):
        sentence = f"{error.filename or 'A file'}: {error.strerror or error}"
    print(sentence, file=sys.stderr)
    return code


def print_unexpected(error: Exception, heartbeat_log: Path) -> int:
    """Print one sentence, with the name of a file that has the traceback, and return the exit code.

    The file is beside the heartbeat log, or in the directory for temporary files where that is not possible.
    """
    text = "".join(traceback.format_exception(error))
    name = ""
    # In a container, the heartbeat log may be /dev/stdout.
    beside = [] if heartbeat_log.is_relative_to("/dev") else [heartbeat_log.parent]
    for directory in (*beside, None):
        with (
            suppress(OSError),
            tempfile.NamedTemporaryFile(
                "w", dir=directory, prefix="ad-metrics-error-", suffix=".log", delete=False
            ) as file,
        ):
            file.write(text)
            name = file.name
            break
    advice = (
        f"The log {name} has the details." if name else "No directory for a log is writable; HEARTBEAT_LOG names one."
    )
    message = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    print(f"The command failed unexpectedly ({message}). {advice}", file=sys.stderr)
    return UNEXPECTED


@contextmanager
def interruptible(outcome: Callable[[], str]) -> Iterator[None]:
    """End the process where Ctrl-C or SIGTERM interrupts the block, with a line that says what that left."""
    before = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    except (KeyboardInterrupt, typer.Abort):
        end_interrupted(outcome())
    finally:
        signal.signal(signal.SIGTERM, before)


def end_interrupted(outcome: str) -> NoReturn:
    """Print the outcome and end the process. Buffered output of files is lost."""
    with suppress(OSError):
        sys.stdout.flush()
    print(outcome, file=sys.stderr, flush=True)
    # Python's own end waits for all threads, also for one that reads a pipe that stays open.
    os._exit(INTERRUPTED)


def _line_of(fault: Fault) -> str:
    return f"{fault.parameter}: {fault.detail}{_hint(fault.suggestions)}"


def _hint(suggestions: Sequence[str]) -> str:
    return f" Perhaps: {', '.join(map(str, suggestions))}." if suggestions else ""
