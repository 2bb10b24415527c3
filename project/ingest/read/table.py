"""The table that every format is read into: a header, and rows of text."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from math import isfinite
from typing import Any

import pyarrow as pa

from project.catalog import MEASURES

ROWS = 10_000
"""How many rows are handled at a time: some megabytes, and long enough that a step a column is cheap."""

MISSING = "\x00no such field\x00"
"""The cell of a record that lacks the field altogether."""

LIST = "\x00list\x00"
"""How the cell of a record begins whose value is a list; no field takes one."""

_DECIMALS = max(measure.decimals for measure in MEASURES)
_NOISE = 1e-12
"""How far, relatively, a binary float is from the decimal number that it stands for."""

Row = tuple[int, Sequence[str]]
"""The line (or row) of the file that a row starts on, and its cells."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows as columns: of each column the distinct texts, and the index of its text for each row.

    `lines` are the lines that the rows start on. `ragged` are rows with more or fewer cells than the header.
    """

    lines: Sequence[int]
    columns: Sequence[pa.DictionaryArray]
    ragged: Sequence[Row] = ()

    @classmethod
    def of(cls, rows: Sequence[Row], width: int) -> "Block":
        """Make columns of rows. Blank cells behind the last column are cut: some lines end with a delimiter."""
        complete: list[Row] = []
        ragged: list[Row] = []
        for line, cells in rows:
            cut = cells if len(cells) <= width or any(cells[width:]) else cells[:width]
            (complete if len(cut) == width else ragged).append((line, cut))
        columns = zip(*(cells for _, cells in complete), strict=True) if complete else ([] for _ in range(width))
        return cls(
            [line for line, _ in complete],
            [pa.array(column, pa.string()).dictionary_encode() for column in columns],
            ragged,
        )


def blocks_of(rows: Iterator[Row], width: int) -> Iterator[Block]:
    """Yield the rows as blocks."""
    while chunk := list(islice(rows, ROWS)):
        yield Block.of(chunk, width)


@dataclass(slots=True)
class Table:
    """A file's header, and its rows as an iterator. `preamble` are the lines above the header."""

    kind: str
    header: Sequence[str]
    blocks: Iterator[Block]
    preamble: Sequence[tuple[int, str]] = field(default_factory=list)
    decimal_comma_likely: bool = False


def text_of(value: Any, *, decimal_comma: bool | None) -> str:
    """Return a typed cell as the text that a CSV file would have.

    A float is the shortest decimal that stands for it. Decimals that facts do not store are rounded away only where
    binary arithmetic made them (0.1 + 0.2).
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
    if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", text):
        text += "0"  # In text, three digits behind a point may be thousands.
    return text.replace(".", ",") if decimal_comma else text


def _float_text(value: float) -> str:
    if not isfinite(value):
        return str(value)
    near = round(value, _DECIMALS)
    return format(Decimal(repr(near if abs(near - value) <= _NOISE * abs(value) else value)), "f")
