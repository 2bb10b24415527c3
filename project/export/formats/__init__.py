"""Formats: one table, batch by batch, as the bytes of a file. Each is an encoder over the same batches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from project.export.formats import arrow, csv, ndjson, parquet, xlsx
from project.export.formats.encoder import Encoder, Writable


@dataclass(frozen=True, slots=True)
class Format:
    """A format that a file can have. `textual` ones are worth compressing; `most_rows` is its limit of rows."""

    name: str
    media_type: str
    extension: str
    encoder: Callable[[Writable, pa.Schema], Encoder]
    textual: bool = False
    most_rows: int | None = None


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format("csv", "text/csv; charset=utf-8; header=present", "csv", csv.CsvEncoder, textual=True),
        Format("ndjson", "application/x-ndjson", "ndjson", ndjson.NdjsonEncoder, textual=True),
        Format("parquet", "application/vnd.apache.parquet", "parquet", parquet.ParquetEncoder),
        Format("arrow", "application/vnd.apache.arrow.stream", "arrows", arrow.ArrowEncoder),
        Format(
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "xlsx",
            xlsx.XlsxEncoder,
            most_rows=xlsx.MOST_ROWS,
        ),
    )
}
