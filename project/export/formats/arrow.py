"""Arrow: the IPC stream format, which pandas, Polars and DuckDB read without parsing."""

import pyarrow as pa

from project.export.formats.encoder import Writable


class ArrowEncoder:
    """Writes an IPC stream."""

    def __init__(self, file: Writable, schema: pa.Schema) -> None:
        writer = pa.ipc.new_stream(pa.PythonFile(file, mode="w"), schema)
        self.write, self.close = writer.write_batch, writer.close
