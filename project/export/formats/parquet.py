"""Parquet: typed columns, labels as dictionaries, Zstandard."""

import pyarrow as pa
import pyarrow.parquet as pq

from project.export.formats.encoder import Writable

_ROWS = 32_768
"""Of a row group: fewer compress badly, more take memory (3 MB)."""


class ParquetEncoder:
    """Writes Parquet."""

    def __init__(self, file: Writable, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(pa.PythonFile(file, mode="w"), schema, compression="zstd")
        self._batches: list[pa.RecordBatch] = []
        self._rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows of a batch, when there are enough for a row group."""
        self._batches.append(batch)
        self._rows += batch.num_rows
        if self._rows >= _ROWS:
            self._write_group()

    def close(self) -> None:
        """Write what is left, and the footer."""
        if self._rows:
            self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._batches), row_group_size=self._rows)
        self._batches, self._rows = [], 0
