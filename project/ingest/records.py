"""Convert: raw rows to canonical records, or to rejects that say why."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from project.catalog import DIMENSIONS, LABELLED_DIMENSIONS, MEASURES, NOT_SET, Measure
from project.errors import LoadRefused
from project.ingest.mapping import ColumnMap
from project.store.labels import normal_label

EARLIEST, LATEST = date(1990, 1, 1), date(2100, 12, 31)
"""The days that a fact can be of: one out of them is a misread year, and would get a partition of its own."""

_LARGEST_COUNT = 2**63 - 1
_WHOLE_DIGITS = 12  # of numeric(18, 6)
_NUMBER = re.compile(r"\d+(\.\d*)?|\.\d+", re.ASCII)
_LONGEST_LABEL = 1000
_LONGEST_NUMBER = 100


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be read: the line it starts on, the column and value at fault, and why."""

    file: str
    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """One canonical record: the day, the six labels and the five measures in the catalogue's order."""

    line: int
    day: date
    labels: tuple[str, ...]
    measures: tuple[int | Decimal, ...]


class _Unreadable(ValueError):
    pass


def converter(
    columns: ColumnMap, date_format: str | None, file: str
) -> Callable[[int, Sequence[str]], Record | Reject]:
    """Return the function that converts the rows of one file.

    Raises LoadRefused where a value given for the whole load cannot be read.
    """
    cells = [
        _Cell(name, columns.positions.get(name), columns.constants.get(name), read)
        for name, read in _readers(date_format)
    ]
    for cell in cells:
        if cell.constant is not None:
            try:
                cell.read(cell.constant)
            except _Unreadable as error:
                raise LoadRefused(f"--set {cell.name}={cell.constant}: {error}.") from error
    width = len(columns.header)

    def convert(line: int, row: Sequence[str]) -> Record | Reject:
        if len(row) != width:
            reason = f"the row has {len(row)} cells, the header {width}"
            return Reject(file, line, "", ",".join(row)[:200], reason)
        values: list[Any] = []
        for cell in cells:
            text = row[cell.position] if cell.position is not None else cell.constant or ""
            try:
                values.append(cell.read(text))
            except _Unreadable as error:
                return Reject(file, line, columns.column(cell.name), text, str(error))
        count = len(LABELLED_DIMENSIONS)
        return Record(line, values[0], tuple(values[1 : 1 + count]), tuple(values[1 + count :]))

    return convert


@dataclass(frozen=True, slots=True)
class _Cell:
    name: str
    position: int | None
    constant: str | None
    read: Callable[[str], "date | str | int | Decimal"]


def _readers(date_format: str | None) -> Iterator[tuple[str, Callable[[str], "date | str | int | Decimal"]]]:
    for dimension in DIMENSIONS:
        yield dimension.name, _day_reader(date_format) if dimension.name == "date" else _label
    for measure in MEASURES:
        yield measure.name, _measure_reader(measure)


def _day_reader(date_format: str | None) -> Callable[[str], date]:
    wanted = date_format or "YYYY-MM-DD"
    advice = "" if date_format else "; say how dates are written, such as --date-format %m/%d/%Y"

    def read(text: str) -> date:
        text = text.strip()
        try:
            if date_format:
                day = datetime.strptime(text, date_format).date()  # noqa: DTZ007 - a day has no zone
            else:
                day = date.fromisoformat(text if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) else "")
        except ValueError as error:
            raise _Unreadable(f"not a date as {wanted}{advice}") from error
        if not EARLIEST <= day <= LATEST:
            raise _Unreadable(f"not a day between {EARLIEST} and {LATEST}")
        return day

    # A file has few dates and many rows.
    cache: dict[str, date] = {}

    def cached(text: str) -> date:
        day = cache.get(text)
        if day is None:
            day = cache[text] = read(text)
        return day

    return cached


def _label(text: str) -> str:
    label = normal_label(text)
    if not label:
        return NOT_SET
    if "\x00" in label:
        raise _Unreadable("a label cannot hold the character NUL")
    if len(label) > _LONGEST_LABEL:
        raise _Unreadable(f"a label cannot be longer than {_LONGEST_LABEL} characters")
    return label


def _measure_reader(measure: Measure) -> Callable[[str], int | Decimal]:
    def count(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER:
            number = int(text)
        else:
            exact = _number(text)
            number = int(exact)
            if number != exact:
                raise _Unreadable("not a whole number, and nothing is rounded")
        if number > _LARGEST_COUNT:
            raise _Unreadable(f"larger than {_LARGEST_COUNT}")
        return number

    def amount(text: str) -> Decimal:
        exact = _number(text)
        if exact >= 10**_WHOLE_DIGITS:
            raise _Unreadable(f"has more than {_WHOLE_DIGITS} digits before the point")
        if exact != round(exact, measure.decimals):
            raise _Unreadable(f"has more than {measure.decimals} decimals, and nothing is rounded")
        return exact

    return amount if measure.decimals else count


def _number(text: str) -> Decimal:
    text = text.strip()
    if not text:
        raise _Unreadable("blank; a measure that is not there is not a 0")
    if text.startswith("-") and _NUMBER.fullmatch(text[1:]):
        raise _Unreadable("negative")
    if not _NUMBER.fullmatch(text) or len(text) > _LONGEST_NUMBER:
        raise _Unreadable("not a number such as 1234.56")
    return Decimal(text)
