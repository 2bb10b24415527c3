"""Convert: rows of text to the numbers that are staged, a column at a time; unreadable rows are rejected with a reason.

A file has many rows and few texts: each distinct text of a column is read once, and Arrow does the remaining work on
the indexes of these texts.
"""

import re
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from project.catalog import DIMENSION_NAMES, LABELLED_NAMES, MEASURES, RECORD
from project.errors import LoadRefused
from project.ingest.convert.cells import LABEL_READERS, NumberReader, Unreadable, label_or_not_applicable
from project.ingest.convert.date_formats import Dates
from project.ingest.convert.dictionary import Dictionary
from project.ingest.convert.doubts import check_numbers
from project.ingest.convert.kinds import check_kind
from project.ingest.convert.row_sorter import RowSorter
from project.ingest.convert.totals import HeldRow, Sums, compared, has_text
from project.ingest.mapping.columns import ColumnMap
from project.ingest.mapping.names import SYMBOLS, amounts_in_currency
from project.ingest.options import Options
from project.ingest.read.source import Source
from project.ingest.read.table import Block
from project.ingest.report import Report

CACHED_TEXTS = 50_000
"""How many texts of a column are cached: the dates and labels of any file, and some megabytes of its numbers."""


MEASURE_TYPES = {m.name: pa.decimal128(18, m.decimals) if m.decimals else pa.int64() for m in MEASURES}
STAGED_TYPES = {"row_hash": pa.int64(), "day": pa.int32()} | dict.fromkeys(LABELLED_NAMES, pa.int32()) | MEASURE_TYPES
"""The columns of staged records. Days and labels are numbers of the dictionary."""


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
        self._options = options
        self._dictionary = dictionary
        self._report = report
        self._file = source.name
        self._currency = currency
        self._dates = Dates(dictionary, options, source.name)
        self._numbers = {
            measure.name: NumberReader(
                measure,
                currency,
                decimal_comma=options.decimal_comma,
                open_to_both=options.decimal_comma is None and source.table.decimal_comma_likely,
                shift=columns.shifts.get(measure.name, 0),
                blank=options.blanks.get(measure.name),
                rounded=measure.name in options.round,
            )
            for measure in MEASURES
        }
        readers: dict[str, Callable[[str], str]] = {"date": self._dates.read, **self._numbers}
        readers |= {name: self._label_reader(name, dictionary) for name in LABELLED_NAMES}
        self._constants = {name: self._constant(name, readers[name]) for name in columns.constants}
        self._cells = {name: _Column(readers[name]) for name in columns.positions}
        self._compared = compared(columns.positions)
        # Rows that are equal but for their measures' texts are compared by the measures.
        measures = {columns.positions.get(name) for name in MEASURE_TYPES}
        self._hashed = [index for index in range(len(columns.header)) if index not in measures]
        self._sums = Sums()
        self._sorter = RowSorter(columns, self._cells, self._dates, report, source.name)

    def convert(self, block: Block) -> pa.Table:
        """Return the readable rows: a hash of the row, which leaves out its measures, then the record."""
        values = {name: self._values(name, block) for name in RECORD}
        row_hash = _hashes([block.columns[index] for index in self._hashed], len(block.lines))
        staged = pa.table({"row_hash": row_hash} | {name: one.dictionary_decode() for name, one in values.items()})
        keys = _hashes([values[name] for name in DIMENSION_NAMES], len(block.lines))
        facts, released = self._sorter.sort(block, staged, keys)
        self._check_currencies(block, facts)
        if facts is not None:
            staged, keys = staged.filter(facts), keys.filter(facts)
        return pa.concat_tables([*self._held(released), self._facts(staged, keys)])

    def finish(self) -> pa.Table | None:
        """Report the last lines, settle the dates, and return rows that turned out to be facts, None where none did.

        Raises Unanswered where the file is ambiguous.
        """
        check_numbers(self._file, self._columns, self._numbers, self._sums, self._options, self._currency)
        self._dates.settle()
        held = self._held(self._sorter.finish(self._sums, self._compared))
        return pa.concat_tables(held) if held else None

    def _facts(self, staged: pa.Table, keys: pa.Array) -> pa.Table:
        self._sums.add(staged, self._compared)
        self._dictionary.note_keys(keys)
        self._report.rows_read += staged.num_rows
        return staged.rename_columns(list(STAGED_TYPES))

    def _constant(self, name: str, read: Callable[[str], str]) -> str:
        try:
            return read(self._columns.constants[name])
        except Unreadable as error:
            raise LoadRefused(f"--set {name}={self._columns.constants[name]}: {error}.") from error

    def _label_reader(self, dimension: str, dictionary: Dictionary) -> Callable[[str], str]:
        read = LABEL_READERS.get(dimension, label_or_not_applicable)
        if dimension not in self._columns.guessed:
            return lambda text: str(dictionary.label(dimension, read(text)))

        def checked(text: str) -> str:
            label = read(text)
            check_kind(dimension, label, self._columns, self._options, self._file)
            return str(dictionary.label(dimension, label))

        return checked

    def _values(self, name: str, block: Block) -> pa.DictionaryArray:
        """Return a field's values, null where a cell is unreadable."""
        type_ = MEASURE_TYPES.get(name, pa.int32())
        if name in self._constants:
            values = pa.array([self._constants[name]], pa.string()).cast(type_)
            return pa.DictionaryArray.from_arrays(pa.array([0] * len(block.lines), pa.int32()), values)
        column = block.columns[self._columns.positions[name]]
        texts = column.dictionary.to_pylist()
        values = pa.array(map(self._cells[name].__getitem__, texts), pa.string()).cast(type_)
        return pa.DictionaryArray.from_arrays(column.indices, values)

    def _check_currencies(self, block: Block, facts: pa.Array | None) -> None:
        for index in self._columns.currencies:
            column = block.columns[index]
            if all(self._is_currency(index, text) for text in column.dictionary.to_pylist()):
                continue
            cells = column if facts is None else column.filter(facts)
            self._check_currency(index, pc.unique(cells.dictionary_decode()).to_pylist())

    def _check_currency(self, index: int, texts: Sequence[str]) -> None:
        if others := [text for text in texts if not self._is_currency(index, text)]:
            hint = "" if any(map(_CODE.fullmatch, others)) else f"; where that is the same, --currency {self._currency}"
            raise LoadRefused(
                f"{self._file} has amounts in {' and '.join(others[:3])} ({self._columns.header[index]}); this "
                f"database is in {self._currency}{hint}."
            )

    def _held(self, rows: Sequence[HeldRow]) -> list[pa.Table]:
        for held in rows:
            for index in self._columns.currencies:
                self._check_currency(index, [held.row[index]])
        return [self._facts(held.staged, held.keys) for held in rows]

    def _is_currency(self, index: int, text: str) -> bool:
        """Tell whether a cell of a column of currencies is the database's, or none at all."""
        text = text.strip()
        if _CODE.fullmatch(text):
            return text.upper() == self._currency
        if text in SYMBOLS:
            return self._currency in SYMBOLS[text]
        is_name = has_text(text) and not any(map(str.isdigit, text)) and text.casefold() not in ("n/a", "null", "none")
        return not is_name or bool(self._options.currency) or amounts_in_currency(self._columns.header[index])


class _Column(dict[str, str]):
    """The value of each text of a column; None where it is unreadable, which is not cached."""

    def __init__(self, read: Callable[[str], str]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> str | None:
        try:
            value = self._read(text)
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


def _hashes(columns: Sequence[pa.DictionaryArray], rows: int) -> pa.Array:
    """Return a hash of each row: the sum of the hashes of its cells, each with the index of its column."""
    total = pa.array([0] * rows, pa.int64())
    for index, column in enumerate(columns):
        # Of one text, not of a tuple: the hashes of (0, a) and (1, b) add up to those of (0, b) and (1, a).
        of_texts = pa.array([hash(f"{index} {text}") for text in column.dictionary.to_pylist()], pa.int64())
        of_rows = of_texts.take(column.indices)
        total = pc.add(total, of_rows)
    return total


_CODE = re.compile("[A-Za-z]{3}")
