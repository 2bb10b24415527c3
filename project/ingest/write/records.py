"""Records that are known to be valid, as lines to stage, without a file."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from project.catalog import LABELLED_NAMES, MEASURE_NAMES, NOT_SET
from project.ingest.convert.dictionary import Dictionary
from project.ingest.read.table import ROWS


class Record(NamedTuple):
    """One canonical record, with labels and measures by name; a missing label is `(not set)`, a missing measure 0."""

    day: date
    labels: dict[str, str]
    measures: dict[str, int | Decimal]

    @property
    def ordered_labels(self) -> tuple[str, ...]:
        """The labels in the catalogue's order."""
        return tuple(self.labels.get(name, NOT_SET) for name in LABELLED_NAMES)

    @property
    def ordered_measures(self) -> tuple[int | Decimal, ...]:
        """The measures in the catalogue's order."""
        return tuple(self.measures.get(name, 0) for name in MEASURE_NAMES)


def convert_records(records: Iterable[Record], dictionary: Dictionary) -> Iterator[bytes]:
    """Yield blocks of lines as `ingest.write.staging` copies them; the hash of a record is its index."""
    lines = _lines(records, dictionary)
    while block := "".join(islice(lines, ROWS)):
        yield block.encode()


def _lines(records: Iterable[Record], dictionary: Dictionary) -> Iterator[str]:
    days: dict[date, int] = {}
    for index, record in enumerate(records):
        if record.day not in days:
            days[record.day] = dictionary.new_day(record.day)
        labels = map(dictionary.label, LABELLED_NAMES, record.ordered_labels)
        yield "\t".join(map(str, (index, days[record.day], *labels, *record.ordered_measures))) + "\n"
