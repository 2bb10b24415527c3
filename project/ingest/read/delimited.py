"""CSV and other delimited text; the encoding, the delimiter and the header line are detected.

Arrow splits lines without quotes, a megabyte at a time. Lines with quotes, or of an unusual form, go through Python's
reader, which takes five times as long, is strict and knows the lines.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv

from project.errors import LoadRefused
from project.ingest.mapping.columns import count_known
from project.ingest.options import Options
from project.ingest.read.table import ROWS, Block, Row, Table

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_QUOTE = b'"'
_SAMPLE = 65_536
_BLOCK = 1 << 20
_LONGEST_LINE = 1 << 24
_LONGEST_PREAMBLE = 30
_BREAK = re.compile("\r\n|\r|\n")
_UTF_8 = ("utf-8", "utf8", "utf-8-sig")
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def table(content: io.BufferedReader, name: str, options: Options) -> Table:
    """Read a delimited text. Raises LoadRefused and UnicodeError.

    A row may span lines, inside quotes; its number is that of its first line. Blank lines are not rows.
    """
    encoding = options.encoding or _encoding(content)
    if encoding.lower().replace("_", "-") in _UTF_8:
        top = _top((content.read(_SAMPLE) + content.readline(_LONGEST_LINE)).decode("utf-8-sig"), name, options)
        return top.table(_blocks_of_bytes(top, content, name))
    text = io.TextIOWrapper(content, encoding=encoding, newline="")
    top = _top(text.read(_SAMPLE) + text.readline(), name, options)
    lines = chain(io.StringIO(top.remaining, newline=""), text)
    return top.table(_blocks(_Reader(lines, top.delimiter, name, top.lines), top.width))


@dataclass(frozen=True, slots=True)
class _Top:
    """The first lines of a file, up to the header. `remaining` is the text that was read behind it."""

    delimiter: str
    above: Sequence[Row]
    header: Sequence[str]
    lines: int
    remaining: str

    @property
    def width(self) -> int:
        return len(self.header)

    def table(self, blocks: Iterator[Block]) -> Table:
        return Table(
            f"text separated by {_DELIMITERS[self.delimiter]}",
            [cell.strip() for cell in self.header],
            blocks,
            [(line, self.delimiter.join(cells)) for line, cells in self.above],
            decimal_comma_likely=self.delimiter == ";",
        )


def _top(sample: str, name: str, options: Options) -> _Top:
    if not sample.strip():
        raise LoadRefused(f"{name} is empty.")
    delimiter = max(_DELIMITERS, key=lambda one: _header_among(sample, one, options)[1:])
    index = _header_among(sample, delimiter, options)[0]
    reader = _Reader(io.StringIO(sample, newline=""), delimiter, name)
    *above, (_, header) = reader.rows(index + 1)
    length = sum(map(len, islice(io.StringIO(sample, newline=""), reader.lines)))
    return _Top(delimiter, above, header, reader.lines, sample[length:])


class _Reader:
    """Python's reader, with the line that each row starts on."""

    def __init__(self, text: Iterable[str], delimiter: str, name: str, lines: int = 0) -> None:
        self._reader: Any = csv.reader(text, delimiter=delimiter, strict=True)
        self._name = name
        self._lines_before = lines

    @property
    def lines(self) -> int:
        """How many lines have been read."""
        return self._lines_before + int(self._reader.line_num)

    def rows(self, count: int) -> list[Row]:
        """Return the next rows that are not blank, fewer at the end. Raises LoadRefused."""
        rows: list[Row] = []
        while len(rows) < count:
            before = self.lines
            try:
                chunk = list(islice(self._reader, count - len(rows)))
            except csv.Error as error:
                raise LoadRefused(f"{self._name}, lines {before + 1} to {self.lines}: not CSV: {error}.") from error
            if not chunk:
                break
            line = before + 1
            spans = self.lines - before != len(chunk)
            for cells in chunk:
                if cells:
                    rows.append((line, cells))
                line += 1
                if spans:
                    line += sum(len(_BREAK.findall(cell)) for cell in cells)
        return rows


def _blocks(reader: _Reader, width: int) -> Iterator[Block]:
    while rows := reader.rows(ROWS):
        yield Block.of(rows, width)


def _blocks_of_bytes(top: _Top, content: io.BufferedReader, name: str) -> Iterator[Block]:
    """Yield the blocks of UTF-8; Arrow splits them up to the first quote."""
    line, start = top.lines, top.remaining.encode()
    while lines := start + content.read(_BLOCK) + content.readline(_LONGEST_LINE):
        start = b""
        if _QUOTE in lines or not lines.endswith(b"\n"):
            # A quoted cell may continue behind these lines.
            text = io.TextIOWrapper(io.BufferedReader(_Chained(lines, content)), encoding="utf-8", newline="")
            yield from _blocks(_Reader(text, top.delimiter, name, line), top.width)
            return
        split = _split(lines, top.delimiter, top.width)
        if split is None:
            reader = _Reader(io.StringIO(lines.decode(), newline=""), top.delimiter, name, line)
            yield from _blocks(reader, top.width)
            line = reader.lines
        else:
            yield Block(range(line + 1, line + 1 + split.num_rows), [column.chunk(0) for column in split.columns])
            line += split.num_rows


class _Chained(io.RawIOBase):
    """Some bytes, then those of a stream."""

    def __init__(self, first: bytes, then: io.BufferedReader) -> None:
        self._parts = (io.BytesIO(first), then)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return next((count for part in self._parts if (count := part.readinto(buffer))), 0)


def _split(lines: bytes, delimiter: str, width: int) -> Any:
    """Return lines without quotes as a table; None where a line is not a row of `width` cells."""
    names = [str(index) for index in range(width)]
    try:
        split = arrow_csv.read_csv(
            pa.BufferReader(lines),
            read_options=arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(lines) + 1),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, quote_char=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.dictionary(pa.int32(), pa.string())), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None
    returns = lines.count(b"\r")
    plain = (not returns or returns == lines.count(b"\r\n")) and split.num_rows == lines.count(b"\n")
    return split if plain and all(column.num_chunks == 1 for column in split.columns) else None


def _encoding(content: io.BufferedReader) -> str:
    head = content.peek(4)
    return next((encoding for bom, encoding in _BOMS.items() if head.startswith(bom)), "utf-8")


def _header_among(sample: str, delimiter: str, options: Options) -> tuple[int, int, int]:
    """Return the index of the row that is most like a header, how many known names it has, and how many cells."""
    best = (0, -1, 0)
    rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        for index, row in enumerate(filter(None, islice(rows, _LONGEST_PREAMBLE))):
            known = count_known(row, options)
            # Of rows without known names, the first: only a header tells that there are lines above it.
            if known > best[1]:
                best = (index, known, len(row))
    except csv.Error:
        pass  # The reader raises it with its lines.
    return best
