"""Arrow: the IPC stream format, which pandas, Polars and DuckDB read without parsing."""

import pyarrow as pa

from project.export.formats.encoder import Writable


class ArrowEncoder:
    """Writes an IPC stream."""

    def __init__(self, file: Writable, schema: pa.Schema) -> None:
        self._writer = pa.ipc.new_stream(pa.PythonFile(file, mode="w"), schema)

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows of a batch."""
        self._writer.write_batch(batch)

    def close(self) -> None:
        """Write the end of the stream."""
        self._writer.close()
