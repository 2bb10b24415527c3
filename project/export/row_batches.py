"""Tables: rows as typed columns, batch by batch, for files of any length."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from project.catalog import DATE, DIMENSIONS, MEASURES, date_of
from project.query.rows import COLUMNS, FIELDS, RowsPlan, every_row_statement
from project.store.warehouse.labels import Labels
from project.store.warehouse.snapshot import Snapshot

_COST = pa.decimal128(18, 6)
_MEASURES = {measure.name: _COST if measure.decimals else pa.int64() for measure in MEASURES}
_DIMENSIONS = {dimension.name: dimension for dimension in DIMENSIONS}

LABEL = pa.dictionary(pa.int32(), pa.string())
"""The type of labels."""


def rows_schema(fields: Sequence[str], metadata: Mapping[str, str]) -> pa.Schema:
    """Return the columns of a table of rows: dates, labels as dictionaries, exact numbers."""
    types = {"id": pa.int64(), DATE.name: pa.date32(), **_MEASURES}
    shown = [name for name in FIELDS if not fields or name in fields]
    return pa.schema([pa.field(name, types.get(name, LABEL), nullable=False) for name in shown], dict(metadata))


class RowsTable:
    """Makes batches of a schema from what the database copies out."""

    def __init__(self, schema: pa.Schema, labels: Labels) -> None:
        self.schema = schema
        self._numbers = {name: pa.array(list(labels[name].names), pa.int32()) for name in _labelled(schema)}
        self._labels = {name: pa.array(labels[name].names.values(), pa.string()) for name in _labelled(schema)}

    def batch(self, block: bytes) -> pa.RecordBatch:
        """Return the rows of one block."""
        table = csv.read_csv(pa.BufferReader(block), _reading(len(block)), convert_options=_CONVERTING)
        columns = dict(zip(FIELDS, table.combine_chunks().columns, strict=True))
        return pa.RecordBatch.from_arrays(
            [self._column(name, columns[name].chunk(0)) for name in self.schema.names], schema=self.schema
        )

    def _column(self, name: str, values: pa.Array) -> pa.Array:
        if name == DATE.name:
            days = values.dictionary_encode()
            return pa.array(map(date_of, days.dictionary.to_pylist()), pa.date32()).take(days.indices)
        if name in self._numbers:
            return pa.DictionaryArray.from_arrays(pc.index_in(values, self._numbers[name]), self._labels[name])
        return values


def blocks_of(plan: RowsPlan, limit: int | None, snapshot: Snapshot) -> AsyncGenerator[bytes, None]:
    """Yield all rows of a plan, or the first so many, as RowsTable takes them."""
    return snapshot.copied(every_row_statement(plan, limit))


def _labelled(schema: pa.Schema) -> list[str]:
    return [name for name in schema.names if name in _DIMENSIONS and name != DATE.name]


def _reading(size: int) -> Any:
    return csv.ReadOptions(column_names=list(COLUMNS), use_threads=False, block_size=size + 1)


_CONVERTING = csv.ConvertOptions(
    column_types={column: pa.int32() for column in COLUMNS} | {"id": pa.int64()} | _MEASURES
)
