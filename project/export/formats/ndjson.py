"""NDJSON: one JSON object a line, the same as in the `data` of a JSON answer."""

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from project.export.formats.encoder import Spelled, Writable, digits, joined


class NdjsonEncoder:
    """Writes NDJSON."""

    def __init__(self, file: Writable, schema: pa.Schema) -> None:
        self._file = file
        self._labels = Spelled(_json)
        names = [_json(name) for name in schema.names]
        self._before = ["{" + names[0] + ":", *("," + name + ":" for name in names[1:])]

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows of a batch."""
        parts: list[pa.Array | str] = []
        for index, column in enumerate(batch.columns):
            parts += [self._before[index], self._texts(index, column)]
        self._file.write(joined([*parts, "}\n"]))

    def close(self) -> None:
        """Write nothing: an NDJSON file ends with its last row."""

    def _texts(self, index: int, column: pa.Array) -> pa.Array:
        if isinstance(column, pa.DictionaryArray):
            text = self._labels.texts(index, column)
        else:
            text = digits(column)
            if pa.types.is_date(column.type):
                text = pc.binary_join_element_wise('"', text, '"', "")
        return text.fill_null("null")


def _json(text: str) -> str:
    return orjson.dumps(text).decode()
