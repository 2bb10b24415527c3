"""Files read without a database: what would be staged of them."""

import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from project.catalog import LABELLED_NAMES, MEASURE_NAMES
from project.ingest.convert.dictionary import Dictionary
from project.ingest.load import convert_files
from project.ingest.options import Options
from project.ingest.report import Report
from project.ingest.write.in_memory import to_lines
from tests.support.model import MEASURES, TABLES

LENIENT = Options(max_rejects="100%")
STAGED = ("row_hash", "date", *LABELLED_NAMES, *MEASURE_NAMES)

Staged = dict[str, str]


def read(content: bytes, options: Options = LENIENT, name: str = "a.csv") -> tuple[list[Staged], Report, Dictionary]:
    """Return what would be staged."""
    report, dictionary = Report(), Dictionary()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / name
        path.write_bytes(content)
        blocks = convert_files([path], options, dictionary, report, "USD", notify=lambda _: None)
        staged = b"".join(map(to_lines, blocks)).decode().splitlines()
    return [dict(zip(STAGED, line.split("\t"), strict=True)) for line in staged], report, dictionary


def named(rows: list[Staged], dictionary: Dictionary) -> Counter[tuple[Any, ...]]:
    """Return how often each record was staged, with its day and labels instead of their numbers."""
    labels = {name: list(dictionary.labels[name]) for name in TABLES}
    return Counter(
        (
            dictionary.days[int(row["date"])],
            *(labels[name][int(row[name])] for name in TABLES),
            *(Decimal(row[name]) for name in MEASURES),
        )
        for row in rows
    )
