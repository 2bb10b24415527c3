"""CSV as RFC 4180 has it, in UTF-8, with a header; nulls are empty cells.

A label that a spreadsheet would run as a formula (OWASP: CSV injection) has an apostrophe before it.
"""

import pyarrow as pa

from project.export.formats.encoder import Spelled, Writable, digits, joined

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CsvEncoder:
    """Writes CSV."""

    def __init__(self, file: Writable, schema: pa.Schema) -> None:
        self._file = file
        self._labels = Spelled(cell)
        file.write((",".join(map(cell, schema.names)) + "\r\n").encode())

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows of a batch."""
        parts: list[pa.Array | str] = []
        for index, column in enumerate(batch.columns):
            parts += [self._texts(index, column), "," if index + 1 < batch.num_columns else "\r\n"]
        self._file.write(joined(parts))

    def close(self) -> None:
        """Write nothing: a CSV file ends with its last row."""

    def _texts(self, index: int, column: pa.Array) -> pa.Array:
        labelled = isinstance(column, pa.DictionaryArray)
        return (self._labels.texts(index, column) if labelled else digits(column)).fill_null("")


def cell(label: str) -> str:
    """Return a text as a cell: quoted where it must be, and never a formula."""
    if label.startswith(_FORMULA):
        label = "'" + label
    if any(character in label for character in ',"\r\n') or label != label.strip():
        return '"' + label.replace('"', '""') + '"'
    return label
