"""CSV as RFC 4180 has it, in UTF-8, with a header; nulls are empty cells.

A label that a spreadsheet would run as a formula (OWASP: CSV injection) has an apostrophe before it.
"""

import pyarrow as pa
import pyarrow.compute as pc

from project.formats.encoder import Writable, digits, joined

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CsvEncoder:
    """Writes CSV."""

    def __init__(self, file: Writable, schema: pa.Schema) -> None:
        self._file = file
        self._cells: dict[int, pa.Array] = {}
        file.write((",".join(map(cell, schema.names)) + "\r\n").encode())

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows of a batch."""
        parts: list[pa.Array | str] = []
        for place, column in enumerate(batch.columns):
            parts += [self._texts(place, column), "," if place + 1 < batch.num_columns else "\r\n"]
        self._file.write(joined(parts))

    def close(self) -> None:
        """Write nothing: a CSV file ends with its last row."""

    def _texts(self, place: int, column: pa.Array) -> pa.Array:
        if not isinstance(column, pa.DictionaryArray):
            return digits(column).fill_null("")
        known = self._cells.get(place)
        if known is None or len(known) != len(column.dictionary):
            known = self._cells[place] = pa.array([cell(label) for label in column.dictionary.to_pylist()], pa.string())
        return pc.take(known, column.indices).fill_null("")


def cell(label: str) -> str:
    """Return a text as a cell: quoted where it must be, and never a formula."""
    if label.startswith(_FORMULA):
        label = "'" + label
    if any(character in label for character in ',"\r\n') or label != label.strip():
        return '"' + label.replace('"', '""') + '"'
    return label
