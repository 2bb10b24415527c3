"""Convert: raw rows to the lines that are staged, a column at a time; what cannot be read is rejected with its reason.

A file has many rows and few texts: each column remembers what it read, so that most cells cost one look-up.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress, islice, repeat

from project.catalog import DIMENSIONS, LABELLED_DIMENSIONS, MEASURES
from project.errors import LoadRefused
from project.ingest.cells import LABEL_READERS, Ambiguous, Unreadable, label_or_not_applicable, number_reader
from project.ingest.dates import Dates
from project.ingest.formats.table import Rows, Table
from project.ingest.mapping import ColumnMap
from project.ingest.options import Options
from project.ingest.presets import RECORD
from project.ingest.report import Reject, Report
from project.ingest.vocabulary import Vocabulary

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
        vocabulary: Vocabulary,
        report: Report,
        file: str,
        currency: str,
    ) -> None:
        """Raise LoadRefused where a value given for the whole load cannot be read."""
        self._columns = columns
        self._vocabulary = vocabulary
        self._width = len(columns.header)
        self._report = report
        self._file = file
        self._currency = currency
        self._dates = Dates(vocabulary, options.date_format, file)
        readers = dict(_readers(columns, table, options, vocabulary, self._dates, currency))
        self._constants = {name: self._constant(name, readers[name]) for name in columns.constants}
        self._cells = {name: _Column(readers[name]) for name in columns.positions}
        self._footers: list[tuple[int, Sequence[str]]] = []

    def convert(self, rows: Rows) -> str:
        """Return a line for each row that could be read: a hash of the row, then the record, as COPY takes them."""
        rows = self._of_full_width(rows)
        if not rows.cells:
            return ""
        columns = list(zip(*rows.cells, strict=True))
        self._check_currency(columns)
        values = [self._values(name, columns) for name in RECORD]
        good = self._readable(rows, columns, values)
        hashes = map(str, map(hash, map(tuple, rows.cells)))
        keys: Iterator[int] = map(hash, islice(zip(*values[:_KEYS], strict=False), len(rows.cells)))
        lines: Iterator[str] = map("\t".join, zip(hashes, *values, strict=False))
        if good is not None:
            keys, lines = compress(keys, good), compress(lines, good)
        self._vocabulary.note_keys(keys)
        self._report.rows_read += len(rows.cells) if good is None else sum(good)
        return "\n".join([*lines, ""])

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

    def _values(self, name: str, columns: Sequence[Sequence[str]]) -> Iterable[str]:
        if name in self._constants:
            return repeat(self._constants[name])
        column = self._cells[name]
        return list(map(column.__getitem__, columns[self._columns.positions[name]]))

    def _of_full_width(self, rows: Rows) -> Rows:
        """Leave out totals and footers, and reject rows that have too many or too few cells."""
        if set(map(len, rows.cells)) == {self._width} and not self._footers:
            return rows
        kept: list[tuple[int, Sequence[str]]] = []
        for line, row in zip(rows.lines, rows.cells, strict=True):
            if len(row) > self._width and not any(row[self._width :]):
                row = row[: self._width]  # noqa: PLW2901 - a delimiter at the end of each line
            if len(row) == self._width:
                self._reject_footers()
                kept.append((line, row))
            elif _says_total(row):
                self._report.leave_out(self._file, line, "totals", row)
            elif sum(1 for cell in row if cell.strip()) <= 1 and not _only_numbers(row):
                self._footers.append((line, row))
            else:
                self._reject_footers()
                self._reject(line, row)
        return Rows([line for line, _ in kept], [row for _, row in kept])

    def _reject_footers(self) -> None:
        """Reject what was taken for the end of the file, and was none."""
        for line, row in self._footers:
            self._reject(line, row)
        self._footers.clear()

    def _reject(self, line: int, row: Sequence[str]) -> None:
        reason = f"the row has {len(row)} cells, the header {self._width}"
        self._report.reject(Reject(self._file, line, "", ",".join(row)[:200], reason, tuple(row)))

    def _check_currency(self, columns: Sequence[Sequence[str]]) -> None:
        place = self._columns.currency
        if place is None or (len(set(columns[place])) == 1 and columns[place][0] == self._currency):
            return
        others = [code for code in dict.fromkeys(columns[place]) if re.fullmatch("[A-Za-z]{3}", code.strip())]
        others = [code for code in others if code.strip().upper() != self._currency]
        if others:
            raise LoadRefused(
                f"{self._file} has amounts in {' and '.join(others[:3])} ({self._columns.header[place]}); this "
                f"database is in {self._currency}."
            )

    def _readable(
        self, rows: Rows, columns: Sequence[Sequence[str]], values: Sequence[Iterable[str]]
    ) -> list[bool] | None:
        """Tell of each row whether it could be read, None where all could; those that could not are reported."""
        unread = [column.forget_unread() for column in self._cells.values()]
        last_day = self._columns.last_day
        first_day = self._columns.positions.get("date")
        spans = last_day is not None and first_day is not None and columns[first_day] != columns[last_day]
        if not any(unread) and not spans:
            return None
        good = []
        for place, (line, row) in enumerate(zip(rows.lines, rows.cells, strict=True)):
            bad = [
                name
                for name, column in zip(RECORD, values, strict=True)
                if isinstance(column, list) and not column[place]
            ]
            fault = None
            if bad:
                fault = self._fault(line, row, bad)
            elif last_day is not None and first_day is not None and row[first_day] != row[last_day]:
                reason = f"spans days up to {row[last_day]}, and facts are daily; export it with a breakdown by day"
                fault = Reject(self._file, line, self._columns.header[first_day], row[first_day], reason, tuple(row))
            good.append(not bad and fault is None)
            if fault:
                self._report.reject(fault)
        return good

    def _fault(self, line: int, row: Sequence[str], bad: Sequence[str]) -> Reject | None:
        """Return why a row is rejected, None where it is a line of totals, which is left out."""
        name = bad[0]
        text = row[self._columns.positions[name]]
        if name == "date" and (_says_total(row) or (not text.strip() and _only_numbers(row))):
            self._report.leave_out(self._file, line, "totals" if any(map(str.strip, row)) else "a blank line", row)
            return None
        return Reject(self._file, line, self._columns.column(name), text, self._cells[name].why(text), tuple(row))


class _Column(dict[str, str]):
    """What each text of a column reads as; "" where it cannot be read, which is counted and not remembered."""

    def __init__(self, read: Callable[[str], str]) -> None:
        super().__init__()
        self._read = read
        self._unread = 0
        self.ambiguous: list[str] = []

    def __missing__(self, text: str) -> str:
        try:
            value = self._read(text)
        except Ambiguous:
            if text not in self.ambiguous and len(self.ambiguous) < 2:
                self.ambiguous.append(text)
            value = ""
            self._unread += 1
            return value
        except Unreadable:
            self._unread += 1
            return ""
        if len(self) < MOST_REMEMBERED:
            self[text] = value
        return value

    def forget_unread(self) -> int:
        """Return how many cells could not be read since it was asked last."""
        unread, self._unread = self._unread, 0
        return unread

    def why(self, text: str) -> str:
        """Return the reason why a text cannot be read."""
        try:
            self._read(text)
        except Unreadable as error:
            return str(error)
        raise AssertionError(text)


def _readers(
    columns: ColumnMap, table: Table, options: Options, vocabulary: Vocabulary, dates: Dates, currency: str
) -> Iterator[tuple[str, Callable[[str], str]]]:
    yield "date", dates.read
    for dimension in LABELLED_DIMENSIONS:
        yield dimension.name, _label_reader(dimension.name, vocabulary)
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


def _label_reader(dimension: str, vocabulary: Vocabulary) -> Callable[[str], str]:
    read = LABEL_READERS.get(dimension, label_or_not_applicable)
    return lambda text: str(vocabulary.label(dimension, read(text)))


_TOTAL = re.compile(
    r"(grand |sub)?totals?\b|totale?\b|gesamt|summe\b|итого|合計|总计|总和|toplam\b|razem\b", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]")


def _says_total(row: Sequence[str]) -> bool:
    """Tell whether the first thing that a row says is that it is a total."""
    return bool(_TOTAL.match(next((cell.strip() for cell in row if cell.strip()), "")))


def _only_numbers(row: Sequence[str]) -> bool:
    return not any(_WORD.search(cell) for cell in row)
