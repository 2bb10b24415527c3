"""CSV and its kin: the encoding, the delimiter and the header line are found out."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from project.errors import LoadRefused
from project.ingest.formats.table import ROWS, Rows, Table
from project.ingest.mapping import recognised
from project.ingest.options import Options

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SAMPLE = 65_536
_LONGEST_PREAMBLE = 30
_BREAK = re.compile("\r\n|\r|\n")
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def table(content: io.BufferedReader, name: str, options: Options) -> Table:
    """Read a delimited text. Raises LoadRefused and UnicodeError.

    A row may span lines, inside quotes; its number is that of its first line. Blank lines are no rows.
    """
    text = io.TextIOWrapper(content, encoding=options.encoding or _encoding(content), newline="")
    sample = text.read(_SAMPLE) + text.readline()
    if not sample.strip():
        raise LoadRefused(f"{name} is empty.")
    delimiter = max(_DELIMITERS, key=lambda one: _header_among(sample, one, options)[1:])
    place = _header_among(sample, delimiter, options)[0]
    reader = csv.reader(chain(io.StringIO(sample, newline=""), text), delimiter=delimiter, strict=True)
    top = _next_rows(reader, place + 1, name)
    above = [(line, delimiter.join(row)) for line, row in zip(top.lines[:-1], top.cells[:-1], strict=True)]
    header = top.cells[-1]
    return Table(
        f"text separated by {_DELIMITERS[delimiter]}",
        [cell.strip() for cell in header],
        _chunks(reader, name),
        above,
        decimal_comma_likely=delimiter == ";",
    )


def _encoding(content: io.BufferedReader) -> str:
    head = content.peek(4)
    return next((encoding for bom, encoding in _BOMS.items() if head.startswith(bom)), "utf-8")


def _header_among(sample: str, delimiter: str, options: Options) -> tuple[int, int, int]:
    """Return the place among the rows of the one that is most like a header, how many names it has, and its cells."""
    best = (0, -1, 0)
    rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        for place, row in enumerate(filter(None, islice(rows, _LONGEST_PREAMBLE))):
            like = (recognised(row, options), len(row))
            # Of rows without known names, the first: what is above a header is known by the header only.
            if like[0] > best[1]:
                best = (place, *like)
    except csv.Error:
        """Told when it is read for good."""
    return best


def _chunks(reader: Any, name: str) -> Iterator[Rows]:
    while (rows := _next_rows(reader, ROWS, name)).cells:
        yield rows


def _next_rows(reader: Any, count: int, name: str) -> Rows:
    """Return the next rows that are not blank, fewer at the end, each with the line that it starts on."""
    lines: list[int] = []
    cells: list[list[str]] = []
    while len(cells) < count:
        before = reader.line_num
        try:
            some = list(islice(reader, count - len(cells)))
        except csv.Error as error:
            lines_read = f"lines {before + 1} to {reader.line_num}"
            raise LoadRefused(f"{name}, {lines_read}: not CSV: {error}.") from error
        if not some:
            break
        if reader.line_num - before == len(some) and all(some):
            lines += range(before + 1, before + 1 + len(some))
            cells += some
            continue
        line = before + 1
        for row in some:
            if row:
                lines.append(line)
                cells.append(row)
            line += 1 + sum(len(_BREAK.findall(cell)) for cell in row)
    return Rows(lines, cells)
