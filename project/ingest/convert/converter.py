"""Convert: raw rows to the lines that are staged, a column at a time; what cannot be read is rejected with its reason.

A file has many rows and few texts: each different text of a column is read once, and the rest is done by Arrow, to
which a column is its different texts and which of them each row has.
"""

import re
from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from project.catalog import DIMENSIONS, LABELLED_DIMENSIONS, MEASURES
from project.errors import LoadRefused
from project.ingest.convert.cells import LABEL_READERS, Ambiguous, Unreadable, label_or_not_applicable, number_reader
from project.ingest.convert.date_formats import Dates
from project.ingest.convert.dictionary import Dictionary
from project.ingest.mapping.columns import ColumnMap
from project.ingest.mapping.presets import RECORD
from project.ingest.options import Options
from project.ingest.read.table import Block, Table
from project.ingest.report import Reject, Report

MOST_REMEMBERED = 50_000
"""How many texts a column remembers: the dates and labels of any file, and some megabytes of its numbers."""


_KEYS = len(DIMENSIONS)


class Converter:
    """Converts the rows of one file, and counts into the report what became of each."""

    def __init__(
        self,
        columns: ColumnMap,
        table: Table,
        options: Options,
        dictionary: Dictionary,
        report: Report,
        file: str,
        currency: str,
    ) -> None:
        """Raise LoadRefused where a value given for the whole load cannot be read."""
        self._columns = columns
        self._vocabulary = dictionary
        self._width = len(columns.header)
        self._report = report
        self._file = file
        self._currency = currency
        self._dates = Dates(dictionary, options.date_format, file)
        readers = dict(_readers(columns, table, options, dictionary, self._dates, currency))
        self._constants = {name: self._constant(name, readers[name]) for name in columns.constants}
        self._cells = {name: _Column(readers[name]) for name in columns.positions}
        self._footers: list[tuple[int, Sequence[str]]] = []

    def convert(self, block: Block) -> bytes:
        """Return a line for each row that could be read: a hash of the row, then the record, as COPY takes them."""
        self._set_apart(block)
        count = len(block.lines)
        if not count:
            return b""
        self._check_currency(block)
        read = {name: self._values(name, block) for name in RECORD}
        staged = pa.table(
            {"row": _hashes(block.columns)} | {name: column.dictionary_decode() for name, column in read.items()}
        )
        keys = _hashes([read[name] for name in RECORD[:_KEYS]])
        good = self._good(block, staged)
        if good is not None:
            staged, keys = staged.filter(good), keys.filter(good)
        self._vocabulary.note_keys(keys)
        self._report.rows_read += staged.num_rows
        written = pa.BufferOutputStream()
        arrow_csv.write_csv(staged, written, _AS_COPY_READS)
        return bytes(written.getvalue())

    def finish(self) -> None:
        """Say what the last lines were, and settle the dates. Raises LoadRefused."""
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
        """Return a field's values, null where a cell cannot be read; each different text is read once."""
        if name in self._constants:
            values = pa.array([self._constants[name]], pa.string())
            return pa.DictionaryArray.from_arrays(pa.array([0] * len(block.lines), pa.int32()), values)
        column = block.columns[self._columns.positions[name]]
        texts = column.dictionary.to_pylist()
        values = pa.array(map(self._cells[name].__getitem__, texts), pa.string())
        return pa.DictionaryArray.from_arrays(column.indices, values)

    def _set_apart(self, block: Block) -> None:
        """Leave out totals and footers, and reject rows that have too many or too few cells."""
        for line, row in block.ragged:
            if _says_total(row):
                self._report.leave_out(self._file, line, "totals", row)
            elif sum(1 for cell in row if cell.strip()) <= 1 and not _only_numbers(row):
                self._footers.append((line, row))
            else:
                self._reject(line, row)
        last = block.lines[-1] if block.lines else 0
        for line, row in self._footers:
            if line < last:
                # What was taken for the end of the file was none.
                self._reject(line, row)
        self._footers = [(line, row) for line, row in self._footers if line > last]

    def _reject(self, line: int, row: Sequence[str]) -> None:
        reason = f"the row has {len(row)} cells, the header {self._width}"
        self._report.reject(Reject(self._file, line, "", ",".join(row)[:200], reason, tuple(row)))

    def _check_currency(self, block: Block) -> None:
        place = self._columns.currency
        if place is None:
            return
        codes = (code.strip() for code in block.columns[place].dictionary.to_pylist())
        others = [code for code in codes if re.fullmatch("[A-Za-z]{3}", code) and code.upper() != self._currency]
        if others:
            raise LoadRefused(
                f"{self._file} has amounts in {' and '.join(others[:3])} ({self._columns.header[place]}); this "
                f"database is in {self._currency}."
            )

    def _good(self, block: Block, staged: pa.Table) -> pa.Array | None:
        """Tell of each row whether it could be read, None where all could; those that could not are reported."""
        good = [True] * len(block.lines)
        for place in sorted(self._unread(staged) | self._spanning(block)):
            line, row = block.lines[place], [column[place].as_py() for column in block.columns]
            bad = [name for name in RECORD if not staged[name][place].is_valid]
            good[place] = False
            if bad:
                fault = self._fault(line, row, bad)
            else:
                first, last = row[self._columns.positions["date"]], row[self._columns.last_day or 0]
                reason = f"spans days up to {last}, and facts are daily; export it with a breakdown by day"
                fault = Reject(self._file, line, self._columns.column("date"), first, reason, tuple(row))
            if fault:
                self._report.reject(fault)
        return None if all(good) else pa.array(good)

    def _unread(self, staged: pa.Table) -> set[int]:
        """Return the places of the rows that have a cell which cannot be read."""
        return {
            place
            for name in self._cells
            if staged[name].null_count
            for place in pc.indices_nonzero(pc.is_null(staged[name])).to_pylist()
        }

    def _spanning(self, block: Block) -> set[int]:
        """Return the places of the rows that are of more days than one."""
        if self._columns.last_day is None:
            return set()
        first, last = block.columns[self._columns.positions["date"]], block.columns[self._columns.last_day]
        return set(pc.indices_nonzero(pc.not_equal(first.dictionary_decode(), last.dictionary_decode())).to_pylist())

    def _fault(self, line: int, row: Sequence[str], bad: Sequence[str]) -> Reject | None:
        """Return why a row is rejected, None where it is a line of totals, which is left out."""
        name = bad[0]
        text = row[self._columns.positions[name]]
        if name == "date" and (_says_total(row) or (not text.strip() and _only_numbers(row))):
            self._report.leave_out(self._file, line, "totals" if any(map(str.strip, row)) else "a blank line", row)
            return None
        return Reject(self._file, line, self._columns.column(name), text, self._cells[name].why(text), tuple(row))


class _Column(dict[str, str]):
    """What each text of a column reads as; None where it cannot be read, which is not remembered."""

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
        if len(self) < MOST_REMEMBERED:
            self[text] = value
        return value

    def why(self, text: str) -> str:
        """Return the reason why a text cannot be read."""
        try:
            self._read(text)
        except Unreadable as error:
            return str(error)
        raise AssertionError(text)


def _readers(
    columns: ColumnMap, table: Table, options: Options, dictionary: Dictionary, dates: Dates, currency: str
) -> Iterator[tuple[str, Callable[[str], str]]]:
    yield "date", dates.read
    for dimension in LABELLED_DIMENSIONS:
        yield dimension.name, _label_reader(dimension.name, dictionary)
    for measure in MEASURES:
        yield (
            measure.name,
            number_reader(
                measure,
                currency,
                decimal_comma=options.decimal_comma,
                open_to_both=options.decimal_comma is None and table.decimal_comma_likely,
                shift=columns.shifts.get(measure.name, 0),
                blank=options.blanks.get(measure.name),
                rounded=measure.name in options.rounded,
            ),
        )


def _label_reader(dimension: str, dictionary: Dictionary) -> Callable[[str], str]:
    read = LABEL_READERS.get(dimension, label_or_not_applicable)
    return lambda text: str(dictionary.label(dimension, read(text)))


def _hashes(columns: Sequence[pa.DictionaryArray]) -> pa.Array:
    """Return a hash of each row: the sum of those of its cells, which differ from column to column."""
    total = None
    for place, column in enumerate(columns):
        # Of one text, not of a tuple: the hashes of (0, a) and (1, b) add up to those of (0, b) and (1, a).
        different = pa.array([hash(f"{place} {text}") for text in column.dictionary.to_pylist()], pa.int64())
        of_rows = different.take(column.indices)
        total = of_rows if total is None else pc.add(total, of_rows)
    return total


_AS_COPY_READS = arrow_csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
_TOTAL = re.compile(
    r"(grand |sub)?totals?\b|totale?\b|gesamt|summe\b|итого|合計|总计|总和|toplam\b|razem\b", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]")


def _says_total(row: Sequence[str]) -> bool:
    """Tell whether the first thing that a row says is that it is a total."""
    return bool(_TOTAL.match(next((cell.strip() for cell in row if cell.strip()), "")))


def _only_numbers(row: Sequence[str]) -> bool:
    return not any(_WORD.search(cell) for cell in row)
