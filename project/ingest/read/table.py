"""What all formats come to: a header, and rows of text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

import pyarrow as pa

from project.catalog import MEASURES

ROWS = 10_000
"""How many rows are handled at a time: some megabytes, and long enough that a step a column is cheap."""

_DECIMALS = max(measure.decimals for measure in MEASURES)
_NOISE = 1e-12
"""How far, relatively, a binary float is from the decimal number that it was."""


Row = tuple[int, Sequence[str]]
"""The line (or row) of the file that a row starts on, and its cells."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows, column by column: of each column its different texts, and which of them each row has.

    `lines` are those that the rows start on. `ragged` are rows that have more or fewer cells than the header.
    """

    lines: Sequence[int]
    columns: Sequence[pa.DictionaryArray]
    ragged: Sequence[Row] = ()

    @classmethod
    def of(cls, rows: Sequence[Row], width: int) -> "Block":
        """Make columns of rows. Cells that are blank and too many are no cells: some end each line with a delimiter."""
        whole: list[Row] = []
        ragged: list[Row] = []
        for line, cells in rows:
            kept = cells if len(cells) <= width or any(cells[width:]) else cells[:width]
            (whole if len(kept) == width else ragged).append((line, kept))
        columns = zip(*(cells for _, cells in whole), strict=True) if whole else ([] for _ in range(width))
        return cls(
            [line for line, _ in whole],
            [pa.array(column, pa.string()).dictionary_encode() for column in columns],
            ragged,
        )


@dataclass(slots=True)
class Table:
    """A file's header and its rows as they come. `preamble` are the lines above the header."""

    kind: str
    header: Sequence[str]
    blocks: Iterator[Block]
    preamble: Sequence[tuple[int, str]] = field(default_factory=list)
    decimal_comma_likely: bool = False


def text_of(value: Any, *, decimal_comma: bool | None) -> str:
    """Return a typed cell as the text that a CSV file would have.

    A float is the shortest decimal that is this float; more decimals than facts keep are rounded away where they are
    what is left of binary arithmetic (0.1 + 0.2), and only there.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        text = _float_text(value)
    elif isinstance(value, Decimal):
        text = format(value, "f")
    elif isinstance(value, datetime):
        return value.isoformat(" ")
    elif isinstance(value, date):
        return value.isoformat()
    elif isinstance(value, bytes):
        return value.decode(errors="replace")
    else:
        return str(value)
    return text.replace(".", ",") if decimal_comma else text


def _float_text(value: float) -> str:
    if not isfinite(value):
        return str(value)
    near = round(value, _DECIMALS)
    return format(Decimal(repr(near if abs(near - value) <= _NOISE * abs(value) else value)), "f")
