"""Parquet, a few thousand rows at a time."""

from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from project.errors import LoadRefused
from project.ingest.formats.table import ROWS, Rows, Table, text_of
from project.ingest.options import Options

MAGIC = b"PAR1"


def table(content: IO[bytes], name: str, options: Options) -> Table:
    """Read a Parquet file; its rows are numbered from 1. Raises LoadRefused."""
    try:
        file = pq.ParquetFile(content)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise LoadRefused(f"{name} is a damaged Parquet file: {error}.") from error
    return Table("Parquet", file.schema_arrow.names, _chunks(file, name, options))


def _chunks(file: Any, name: str, options: Options) -> Iterator[Rows]:
    first = 1
    try:
        for batch in file.iter_batches(batch_size=ROWS):
            columns = [
                [text_of(value, decimal_comma=options.decimal_comma) for value in column.to_pylist()]
                for column in batch.columns
            ]
            yield Rows(range(first, first + batch.num_rows), list(zip(*columns, strict=True)))
            first += batch.num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        raise LoadRefused(f"{name}, after row {first - 1}: damaged: {error}.") from error
