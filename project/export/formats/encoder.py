"""What an encoder is, and how those of text formats write rows."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc


class Writable(Protocol):
    """The part of a binary file that an encoder needs; pyarrow's also ask `closed` and call `flush`."""

    def write(self, data: Any, /) -> int:
        """Take bytes."""


class Encoder(Protocol):
    """Writes batches of one schema to a file that it was made with; none of it awaits."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows of a batch."""

    def close(self) -> None:
        """Write what ends the file."""


class TextEncoder:
    """Writes rows as text: each value after its text in `before`, and `end` after the last one.

    `spell` returns how the format writes a label or a date; it is called once for each value of a new dictionary.
    """

    def __init__(self, file: Writable, before: Sequence[str], end: str, spell: Callable[[str], str], null: str) -> None:
        self._file = file
        self._before = before
        self._end = end
        self._spell = spell
        self._null = null
        self._spelled: dict[int, tuple[pa.Array, pa.Array]] = {}

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows of a batch."""
        parts: list[pa.Array | str] = []
        for index, column in enumerate(batch.columns):
            parts += [self._before[index], self._texts(index, column).fill_null(self._null)]
        rows = pc.binary_join_element_wise(*parts, self._end, "")
        # Without rows the buffer holds anything.
        self._file.write(memoryview(rows.buffers()[2]) if len(rows) else b"")

    def close(self) -> None:
        """Write nothing: the file ends with its last row."""

    def _texts(self, index: int, column: pa.Array) -> pa.Array:
        if pa.types.is_date(column.type):
            column = column.dictionary_encode()
        if not isinstance(column, pa.DictionaryArray):
            return _digits(column)
        values, texts = self._spelled.get(index, (None, None))
        if values is None or not values.equals(column.dictionary):
            values = column.dictionary
            texts = pa.array([self._spell(str(value)) for value in values.to_pylist()], pa.string())
            self._spelled[index] = values, texts
        return pc.take(texts, column.indices)


def _digits(numbers: pa.Array) -> pa.Array:
    """Return numbers as text with exactly their digits: decimals without zeros at the end."""
    text = numbers.cast(pa.string())
    if not pa.types.is_decimal(numbers.type) or not numbers.type.scale:
        return text
    return pc.utf8_rtrim(pc.utf8_rtrim(text, "0"), ".")
