"""Progress bars, shown where standard error is a terminal."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from project.ingest.load import Progress
from project.ingest.read.source import Source
from project.ingest.report import Report


@contextmanager
def terminal_bar(task: str, total: int | None, *, of_bytes: bool = False) -> Iterator[Callable[..., None]]:
    """Yield the function that updates a bar, which counts bytes or rows."""
    if not sys.stderr.isatty():
        yield lambda **_: None
        return
    from rich import progress  # noqa: PLC0415 - most loads are without a terminal
    from rich.console import Console  # noqa: PLC0415

    counts = (
        (progress.DownloadColumn(), progress.TransferSpeedColumn()) if of_bytes else (progress.MofNCompleteColumn(),)
    )
    shown = (progress.TextColumn("{task.description}"), progress.BarColumn(), *counts, progress.TimeRemainingColumn())
    with progress.Progress(*shown, console=Console(stderr=True), transient=True) as bar:
        yield partial(bar.update, bar.add_task(task, total=total))


@contextmanager
def progress_bar(paths: Sequence[Path]) -> Iterator[Progress]:
    """Yield the callback that moves the bar of a load."""
    sizes = [path.stat().st_size for path in paths if path.is_file()]
    total = sum(sizes) if len(sizes) == len(paths) else None
    with terminal_bar("reading", total, of_bytes=True) as update:

        def move(source: Source, report: Report) -> None:
            done = report.bytes_read + source.size
            text = f"{source.name}: {report.rows_read:,} rows"
            if done == total:
                text = f"{report.rows_read:,} rows read; writing"
            update(completed=done, description=text)

        yield move
