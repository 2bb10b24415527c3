"""Files read without a database: what would be staged of them."""

import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from project.ingest.convert.dictionary import Dictionary
from project.ingest.files import staged_lines
from project.ingest.mapping.presets import RECORD
from project.ingest.options import MostRejects, Options
from project.ingest.report import Report

LENIENT = Options(max_rejects=MostRejects(100, percent=True))


def read(content: bytes, options: Options = LENIENT, name: str = "a.csv") -> tuple[list[list[str]], Report, Dictionary]:
    """Return what would be staged."""
    report, dictionary = Report(), Dictionary()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / name
        path.write_bytes(content)
        lines = staged_lines([path], options, dictionary, report, "USD", notify=lambda _: None)
        staged = b"".join(lines).decode().splitlines()
    return [line.split("\t") for line in staged], report, dictionary


def named(rows: list[list[str]], dictionary: Dictionary) -> Counter[tuple[Any, ...]]:
    """Return how often each record was staged, with its day and labels instead of their numbers."""
    labels = [list(dictionary.labels[name]) for name in RECORD[1:7]]
    return Counter(
        (
            dictionary.days[int(row[1])],
            *(known[int(number)] for known, number in zip(labels, row[2:8], strict=True)),
            *map(Decimal, row[8:]),
        )
        for row in rows
    )
