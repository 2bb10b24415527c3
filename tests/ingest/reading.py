"""Files read without a database: what would be staged of them."""

import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from project.ingest.convert.dictionary import Vocabulary
from project.ingest.files import staged_lines
from project.ingest.mapping.presets import RECORD
from project.ingest.options import MostRejects, Options
from project.ingest.report import Report

LENIENT = Options(max_rejects=MostRejects(100, percent=True))


def read(content: bytes, options: Options = LENIENT, name: str = "a.csv") -> tuple[list[list[str]], Report, Vocabulary]:
    """Return what would be staged."""
    report, vocabulary = Report(), Vocabulary()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / name
        path.write_bytes(content)
        lines = staged_lines([path], options, vocabulary, report, "USD", tell=lambda _: None)
        staged = b"".join(lines).decode().splitlines()
    return [line.split("\t") for line in staged], report, vocabulary


def named(rows: list[list[str]], vocabulary: Vocabulary) -> Counter[tuple[Any, ...]]:
    """Return how often each record was staged, with its day and labels instead of their numbers."""
    labels = [list(vocabulary.labels[name]) for name in RECORD[1:7]]
    return Counter(
        (
            vocabulary.days[int(row[1])],
            *(known[int(number)] for known, number in zip(labels, row[2:8], strict=True)),
            *map(Decimal, row[8:]),
        )
        for row in rows
    )
