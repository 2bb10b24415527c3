"""The progress bar of a load, on a terminal."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich import progress
from rich.console import Console

from project.ingest.load import Progress
from project.ingest.read.source import Source
from project.ingest.report import Report


@contextmanager
def progress_bar(paths: Sequence[Path]) -> Iterator[Progress | None]:
    """Yield the callback that moves the bar; None where standard error is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    sizes = [path.stat().st_size for path in paths if path.is_file()]
    total = sum(sizes) if len(sizes) == len(paths) else None
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=total)

        def move(source: Source, report: Report) -> None:
            done = report.bytes_read + source.size
            text = f"{source.name}: {report.rows_read:,} rows"
            if done == total:
                text = f"{report.rows_read:,} rows read; writing"
            bar.update(task, completed=done, description=text)

        yield move
