"""Files → lines to stage: open, map, convert, one file after the other."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from project.errors import LoadRefused
from project.ingest.convert.converter import Converter
from project.ingest.convert.dictionary import Dictionary
from project.ingest.mapping.columns import mapped
from project.ingest.options import Options
from project.ingest.read.source import Source, opened
from project.ingest.report import Report
from project.store.postgres.connections import Notify

Progress = Callable[[Source, Report], None]
"""What is told after each block of rows."""


def staged_lines(
    paths: Sequence[Path],
    options: Options,
    dictionary: Dictionary,
    report: Report,
    currency: str,
    *,
    notify: Notify,
    progress: Progress | None = None,
) -> Iterator[bytes]:
    """Yield blocks of lines, a line a record, for `ingest.write.staging`; count into the report what becomes of each.

    `notify` hears what each file was taken for, `progress` how far reading is. Raises LoadRefused.
    """
    for path in paths:
        with opened(path, options) as source:
            table = source.table
            columns = mapped(table.header, options, source.name, currency)
            notify(f"{source.name}: {table.kind}, read as {columns.preset.name}")
            for line, text in table.preamble:
                report.leave_out(source.name, line, "what stands above the header", [text])
            converter = Converter(columns, table, options, dictionary, report, source.name, currency)
            for block in table.blocks:
                yield converter.convert(block)
                if progress:
                    progress(source, report)
            converter.finish()
            for other in report.files:
                if other["sha256"] == source.sha256:
                    raise LoadRefused(f"{other['name']} and {source.name} are the same file; it would count twice.")
            report.files.append({"name": source.name, "sha256": source.sha256, "bytes": source.size})
