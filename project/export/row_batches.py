"""Batches of rows: typed columns, made from what the database copies out."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from project.catalog import DATE, LABELLED_NAMES, MEASURES, date_of
from project.query.rows import COLUMNS, FIELDS
from project.store.warehouse.labels import Labels

LABEL = pa.dictionary(pa.int32(), pa.string())
"""The type of labels."""

_MEASURES = {measure.name: pa.decimal128(18, 6) if measure.decimals else pa.int64() for measure in MEASURES}
_TYPES = {"id": pa.int64(), DATE.name: pa.date32(), **dict.fromkeys(LABELLED_NAMES, LABEL), **_MEASURES}
_CONVERSION = csv.ConvertOptions(
    column_types={column: pa.int32() for column in COLUMNS} | {"id": pa.int64()} | _MEASURES
)


class RowsTable:
    """Makes batches from blocks of CSV with all COLUMNS; shows the fields asked for, or all."""

    def __init__(self, fields: Sequence[str], labels: Labels, metadata: Mapping[str, str]) -> None:
        shown = [name for name in FIELDS if not fields or name in fields]
        self.schema = pa.schema([pa.field(name, _TYPES[name], nullable=False) for name in shown], dict(metadata))
        labelled = [name for name in shown if name in LABELLED_NAMES]
        self._ids = {name: pa.array(list(labels[name].labels), pa.int32()) for name in labelled}
        self._labels = {name: pa.array(labels[name].labels.values(), pa.string()) for name in labelled}

    def batch(self, block: bytes) -> pa.RecordBatch:
        """Return the rows of a block."""
        options = csv.ReadOptions(column_names=list(COLUMNS), use_threads=False, block_size=len(block) + 1)
        table = csv.read_csv(pa.BufferReader(block), options, convert_options=_CONVERSION)
        columns = dict(zip(FIELDS, table.combine_chunks().columns, strict=True))
        return pa.RecordBatch.from_arrays(
            [self._column(name, columns[name].chunk(0)) for name in self.schema.names], schema=self.schema
        )

    def _column(self, name: str, values: pa.Array) -> Any:
        if name == DATE.name:
            days = values.dictionary_encode()
            return pa.array(map(date_of, days.dictionary.to_pylist()), pa.date32()).take(days.indices)
        if name in self._ids:
            return pa.DictionaryArray.from_arrays(pc.index_in(values, self._ids[name]), self._labels[name])
        return values
