"""Records that are known to be right, staged without a file."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import chain, islice
from typing import NamedTuple

from project.catalog import LABELLED_DIMENSIONS
from project.ingest.convert.dictionary import Dictionary
from project.ingest.read.table import ROWS


class Record(NamedTuple):
    """One canonical record: the day, its labels and its measures in the catalogue's order."""

    day: date
    labels: tuple[str, ...]
    measures: tuple[int | Decimal, ...]


def staged(records: Iterable[Record], dictionary: Dictionary) -> Iterator[bytes]:
    """Yield blocks of lines as `ingest.write.staging` copies them; a record's place stands for its hash."""
    lines = _lines(records, dictionary)
    while block := "".join(islice(lines, ROWS)):
        yield block.encode()


def _lines(records: Iterable[Record], dictionary: Dictionary) -> Iterator[str]:
    days: dict[date, int] = {}
    names = [dimension.name for dimension in LABELLED_DIMENSIONS]
    for place, record in enumerate(records):
        if record.day not in days:
            days[record.day] = dictionary.new_day(record.day)
        numbers = (dictionary.label(name, label) for name, label in zip(names, record.labels, strict=True))
        yield "\t".join(map(str, chain((place, days[record.day]), numbers, record.measures))) + "\n"
