"""The progress bar of a load, on a terminal."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from project.ingest.read.source import Source
from project.ingest.report import Report


@contextmanager
def progress_bar(paths: Sequence[Path]) -> Iterator[Callable[[Source, Report], None] | None]:
    """Yield what is to be told after each few thousand rows; None where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    sizes = [path.stat().st_size for path in paths if path.is_file()]
    total = sum(sizes) if len(sizes) == len(paths) else None
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=total)

        def told(source: Source, report: Report) -> None:
            done = sum(file["bytes"] for file in report.files) + source.size
            text = f"{source.name}: {report.rows_read:,} rows"
            if done == total:
                text = f"{report.rows_read:,} rows read; writing"
            bar.update(task, completed=done, description=text)

        yield told
