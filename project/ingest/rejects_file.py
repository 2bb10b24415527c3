"""The file of rejected rows: the cells of each, with its line and the reason."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from project.ingest.report import Reject, Report

_HEADER = ("file", "line", "column", "value", "reason")


@contextmanager
def write_rejects(path: Path | None, report: Report) -> Iterator[None]:
    """Write each row that the report counts as rejected to a CSV file, as it comes; without a path, do nothing.

    Its columns are file, line, column, value and reason, then the cells of the row.
    """
    if path is None:
        yield
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER)

        def write(reject: Reject) -> None:
            writer.writerow((reject.file, reject.line, reject.column, reject.value, reject.reason, *reject.row))

        report.on_reject = write
        try:
            yield
        finally:
            report.on_reject = None
