"""Convert: rows of text to the lines that are staged, a column at a time; unreadable rows are rejected with a reason.

A file has many rows and few texts: each distinct text of a column is read once, and Arrow does the remaining work on
the indexes of these texts.
"""

import re
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from project.catalog import DIMENSION_NAMES, LABELLED_NAMES, MEASURES, RECORD
from project.errors import LoadRefused
from project.ingest.convert.cells import LABEL_READERS, Ambiguous, Unreadable, label_or_not_applicable, number_reader
from project.ingest.convert.date_formats import Dates
from project.ingest.convert.dictionary import Dictionary
from project.ingest.mapping.columns import ColumnMap
from project.ingest.options import Options
from project.ingest.read.source import Source
from project.ingest.read.table import Block
from project.ingest.report import Reject, Report

CACHED_TEXTS = 50_000
"""How many texts of a column are cached: the dates and labels of any file, and some megabytes of its numbers."""


class Converter:
    """Converts the rows of one file, and counts into the report what became of each."""

    def __init__(
        self,
        source: Source,
        columns: ColumnMap,
        options: Options,
        dictionary: Dictionary,
        report: Report,
        currency: str,
    ) -> None:
        """Raise LoadRefused where a constant is unreadable."""
        self._columns = columns
        self._dictionary = dictionary
        self._width = len(columns.header)
        self._report = report
        self._file = source.name
        self._currency = currency
        self._dates = Dates(dictionary, options.date_format, source.name)
        readers = {"date": self._dates.read} | {name: _label_reader(name, dictionary) for name in LABELLED_NAMES}
        for measure in MEASURES:
            readers[measure.name] = number_reader(
                measure,
                currency,
                decimal_comma=options.decimal_comma,
                open_to_both=options.decimal_comma is None and source.table.decimal_comma_likely,
                shift=columns.shifts.get(measure.name, 0),
                blank=options.blanks.get(measure.name),
                rounded=measure.name in options.round,
            )
        self._constants = {name: self._constant(name, readers[name]) for name in columns.constants}
        self._cells = {name: _Column(readers[name]) for name in columns.positions}
        self._footers: list[tuple[int, Sequence[str]]] = []

    def convert(self, block: Block) -> bytes:
        """Return a line for each readable row: a hash of the row, then the record, as COPY takes them."""
        self._report_ragged(block)
        count = len(block.lines)
        if not count:
            return b""
        self._check_currency(block)
        values = {name: self._values(name, block) for name in RECORD}
        staged = pa.table(
            {"row": _hashes(block.columns)} | {name: column.dictionary_decode() for name, column in values.items()}
        )
        keys = _hashes([values[name] for name in DIMENSION_NAMES])
        readable = self._readable(block, staged)
        if readable is not None:
            staged, keys = staged.filter(readable), keys.filter(readable)
        self._dictionary.note_keys(keys)
        self._report.rows_read += staged.num_rows
        lines = pa.BufferOutputStream()
        arrow_csv.write_csv(staged, lines, _COPY_TEXT)
        return bytes(lines.getvalue())

    def finish(self) -> None:
        """Report the last lines, and settle the dates. Raises LoadRefused where the file is ambiguous."""
        for line, cells in self._footers:
            self._report.leave_out(self._file, line, "a footer", cells)
        ambiguous = [(name, column.ambiguous) for name, column in self._cells.items() if column.ambiguous]
        for name, texts in ambiguous:
            raise LoadRefused(
                f"{self._file}: {self._columns.column(name)} has {' and '.join(map(repr, texts))}, which can be "
                "thousands or have decimals; say --decimal-comma or --decimal-point."
            )
        self._dates.settle()

    def _constant(self, name: str, read: Callable[[str], str]) -> str:
        try:
            return read(self._columns.constants[name])
        except Unreadable as error:
            raise LoadRefused(f"--set {name}={self._columns.constants[name]}: {error}.") from error

    def _values(self, name: str, block: Block) -> pa.DictionaryArray:
        """Return a field's values, null where a cell is unreadable."""
        if name in self._constants:
            values = pa.array([self._constants[name]], pa.string())
            return pa.DictionaryArray.from_arrays(pa.array([0] * len(block.lines), pa.int32()), values)
        column = block.columns[self._columns.positions[name]]
        texts = column.dictionary.to_pylist()
        values = pa.array(map(self._cells[name].__getitem__, texts), pa.string())
        return pa.DictionaryArray.from_arrays(column.indices, values)

    def _report_ragged(self, block: Block) -> None:
        """Leave out totals and footers, and reject rows with too many or too few cells."""
        for line, row in block.ragged:
            if _says_total(row):
                self._report.leave_out(self._file, line, "totals", row)
            elif sum(1 for cell in row if cell.strip()) <= 1 and not _only_numbers(row):
                self._footers.append((line, row))
            else:
                self._reject_ragged(line, row)
        last = block.lines[-1] if block.lines else 0
        for line, row in self._footers:
            if line < last:
                # Rows follow, so it is not a footer.
                self._reject_ragged(line, row)
        self._footers = [(line, row) for line, row in self._footers if line > last]

    def _reject_ragged(self, line: int, row: Sequence[str]) -> None:
        reason = f"the row has {len(row)} cells, the header {self._width}"
        self._report.reject(Reject(self._file, line, "", ",".join(row)[:200], reason, tuple(row)))

    def _check_currency(self, block: Block) -> None:
        for index in self._columns.currencies:
            self._check_codes(block, index)

    def _check_codes(self, block: Block, index: int) -> None:
        codes = (code.strip() for code in block.columns[index].dictionary.to_pylist())
        others = [code for code in codes if re.fullmatch("[A-Za-z]{3}", code) and code.upper() != self._currency]
        if others:
            raise LoadRefused(
                f"{self._file} has amounts in {' and '.join(others[:3])} ({self._columns.header[index]}); this "
                f"database is in {self._currency}."
            )

    def _readable(self, block: Block, staged: pa.Table) -> pa.Array | None:
        """Return whether each row is readable, None where all are; the others are rejected or left out."""
        readable = [True] * len(block.lines)
        for index in sorted(self._unreadable(staged) | self._spanning_days(block)):
            readable[index] = False
            row = [column[index].as_py() for column in block.columns]
            field = next((name for name in RECORD if not staged[name][index].is_valid), None)
            self._report_row(block.lines[index], row, field)
        return None if all(readable) else pa.array(readable)

    def _unreadable(self, staged: pa.Table) -> set[int]:
        """Return the indexes of the rows with an unreadable cell."""
        return {
            index
            for name in self._cells
            if staged[name].null_count
            for index in pc.indices_nonzero(pc.is_null(staged[name])).to_pylist()
        }

    def _spanning_days(self, block: Block) -> set[int]:
        """Return the indexes of the rows whose last day is not their first."""
        if self._columns.last_day is None:
            return set()
        first, last = block.columns[self._columns.positions["date"]], block.columns[self._columns.last_day]
        return set(pc.indices_nonzero(pc.not_equal(first.dictionary_decode(), last.dictionary_decode())).to_pylist())

    def _report_row(self, line: int, row: Sequence[str], field: str | None) -> None:
        """Reject a row for its first unreadable field, None where it spans days; leave out totals and blank lines."""
        text = row[self._columns.positions[field or "date"]]
        if field == "date" and (_says_total(row) or (not text.strip() and _only_numbers(row))):
            self._report.leave_out(self._file, line, "totals" if any(map(str.strip, row)) else "a blank line", row)
            return
        if field is None:
            last = row[self._columns.last_day or 0]
            reason = f"spans days up to {last}, and facts are daily; export it with a breakdown by day"
        else:
            reason = self._cells[field].reason(text)
        self._report.reject(Reject(self._file, line, self._columns.column(field or "date"), text, reason, tuple(row)))


class _Column(dict[str, str]):
    """The value of each text of a column; None where it is unreadable, which is not cached."""

    def __init__(self, read: Callable[[str], str]) -> None:
        super().__init__()
        self._read = read
        self.ambiguous: list[str] = []

    def __missing__(self, text: str) -> str | None:
        try:
            value = self._read(text)
        except Ambiguous:
            if text not in self.ambiguous and len(self.ambiguous) < 2:
                self.ambiguous.append(text)
            return None
        except Unreadable:
            return None
        if len(self) < CACHED_TEXTS:
            self[text] = value
        return value

    def reason(self, text: str) -> str:
        """Return the reason why a text is unreadable."""
        try:
            self._read(text)
        except Unreadable as error:
            return str(error)
        raise AssertionError(text)


def _label_reader(dimension: str, dictionary: Dictionary) -> Callable[[str], str]:
    read = LABEL_READERS.get(dimension, label_or_not_applicable)
    return lambda text: str(dictionary.label(dimension, read(text)))


def _hashes(columns: Sequence[pa.DictionaryArray]) -> pa.Array:
    """Return a hash of each row: the sum of the hashes of its cells, each with the index of its column."""
    total = None
    for index, column in enumerate(columns):
        # Of one text, not of a tuple: the hashes of (0, a) and (1, b) add up to those of (0, b) and (1, a).
        of_texts = pa.array([hash(f"{index} {text}") for text in column.dictionary.to_pylist()], pa.int64())
        of_rows = of_texts.take(column.indices)
        total = of_rows if total is None else pc.add(total, of_rows)
    return total


_COPY_TEXT = arrow_csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
_TOTAL = re.compile(
    r"(grand |sub)?totals?\b|totale?\b|gesamt|summe\b|итого|合計|总计|总和|toplam\b|razem\b", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]")


def _says_total(row: Sequence[str]) -> bool:
    """Tell whether the first cell with text is a word for a total."""
    return bool(_TOTAL.match(next((cell.strip() for cell in row if cell.strip()), "")))


def _only_numbers(row: Sequence[str]) -> bool:
    return not any(_WORD.search(cell) for cell in row)
