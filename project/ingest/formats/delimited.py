"""CSV and its kin: the encoding, the delimiter and the header line are found out."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from project.errors import LoadRefused
from project.ingest.formats.table import ROWS, Rows, Table
from project.ingest.mapping import recognised
from project.ingest.options import Options

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SAMPLE = 65_536
_LONGEST_PREAMBLE = 30
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
    rows = _rows(chain(io.StringIO(sample, newline=""), text), delimiter, name)
    above = [(line, delimiter.join(row)) for line, row in islice(rows, place)]
    _, header = next(rows)
    return Table(
        f"text separated by {_DELIMITERS[delimiter]}",
        [cell.strip() for cell in header],
        _chunks(rows),
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


def _rows(lines: Iterable[str], delimiter: str, name: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise LoadRefused(f"{name}, line {line}: not CSV: {error}.") from error


def _chunks(rows: Iterator[tuple[int, Sequence[str]]]) -> Iterator[Rows]:
    while some := list(islice(rows, ROWS)):
        lines, cells = zip(*some, strict=True)
        yield Rows(lines, cells)
