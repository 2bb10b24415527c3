"""Parquet, a few thousand rows at a time."""

from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from project.errors import LoadRefused
from project.ingest.options import Options
from project.ingest.read.table import ROWS, Block, Table, text_of


def table(content: IO[bytes], name: str, options: Options) -> Table:
    """Read a Parquet file; its rows are numbered from 1. Raises LoadRefused."""
    try:
        file = pq.ParquetFile(content)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise LoadRefused(f"{name} is a damaged Parquet file: {error}.") from error
    return Table("Parquet", file.schema_arrow.names, _chunks(file, name, options))


def _chunks(file: Any, name: str, options: Options) -> Iterator[Block]:
    first = 1
    try:
        for batch in file.iter_batches(batch_size=ROWS):
            columns = [_texts(column, options) for column in batch.columns]
            yield Block(range(first, first + batch.num_rows), columns)
            first += batch.num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        raise LoadRefused(f"{name}, after row {first - 1}: damaged: {error}.") from error


def _texts(column: Any, options: Options) -> Any:
    """Return a column's cells as text, each distinct one made once."""
    try:
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode("encode")
        distinct, indexes = encoded.dictionary.to_pylist(), encoded.indices
    except pa.ArrowNotImplementedError:
        # Lists and structs.
        distinct, indexes = column.to_pylist(), pa.array(range(len(column)), pa.int32())
    if indexes.null_count:
        indexes = indexes.fill_null(len(distinct))
        distinct = [*distinct, None]
    texts = [text_of(value, decimal_comma=options.decimal_comma) for value in distinct]
    return pa.DictionaryArray.from_arrays(indexes, pa.array(texts, pa.string()))
