"""What every format does with a table."""

from collections.abc import Callable
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


class Spelled:
    """The labels of columns as a format spells them; each is spelled once a file."""

    def __init__(self, spell: Callable[[str], str]) -> None:
        self._spell = spell
        self._known: dict[int, tuple[pa.Array, pa.Array]] = {}

    def texts(self, index: int, column: pa.DictionaryArray) -> pa.Array:
        """Return the texts of the column at this index of the schema; nulls stay null."""
        labels, spelled = self._known.get(index, (None, None))
        if labels is None or not labels.equals(column.dictionary):
            labels, spelled = column.dictionary, pa.array(map(self._spell, column.dictionary.to_pylist()), pa.string())
            self._known[index] = labels, spelled
        return pc.take(spelled, column.indices)


def digits(numbers: pa.Array) -> pa.Array:
    """Return numbers as text with exactly their digits: decimals without zeros at the end."""
    text = numbers.cast(pa.string())
    if not pa.types.is_decimal(numbers.type) or not numbers.type.scale:
        return text
    return pc.utf8_rtrim(pc.utf8_rtrim(text, "0"), ".")


def joined(columns: list[pa.Array | str]) -> memoryview:
    """Return texts joined row by row, all rows after one another. None may be null."""
    rows = pc.binary_join_element_wise(*columns, "")
    # Without rows the buffer holds anything.
    return memoryview(rows.buffers()[2]) if len(rows) else memoryview(b"")
