"""Records that are known to be valid, as blocks to stage, without a file."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

import pyarrow as pa

from project.catalog import LABELLED_NAMES, MEASURE_NAMES, NOT_SET
from project.ingest.convert.converter import STAGED_TYPES
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


def convert_records(records: Iterable[Record], dictionary: Dictionary) -> Iterator[pa.Table]:
    """Yield blocks of records as `ingest.write.staging` takes them; the hash of a record is its index."""
    rows = _rows(records, dictionary)
    while block := list(islice(rows, ROWS)):
        columns = zip(STAGED_TYPES.items(), zip(*block, strict=True), strict=True)
        yield pa.table({name: pa.array(values, type_) for (name, type_), values in columns})


def _rows(records: Iterable[Record], dictionary: Dictionary) -> Iterator[tuple[Any, ...]]:
    days: dict[date, int] = {}
    for index, record in enumerate(records):
        if record.day not in days:
            days[record.day] = dictionary.new_day(record.day)
        labels = map(dictionary.label, LABELLED_NAMES, record.ordered_labels)
        yield index, days[record.day], *labels, *record.ordered_measures
