"""Excel: numbers, percentages and dates as Excel has them, names for people, and the question on a second sheet."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pyarrow as pa
import xlsxwriter
from xlsxwriter.format import Format as CellFormat

from project.catalog import METRICS
from project.catalog.display import capitalised, display_label, display_name
from project.export.formats.encoder import Writable

MOST_ROWS = 100_000
"""Python writes 100,000 cells a second, and other requests of the process wait for it now and then."""

_DIGITS = 15
"""Excel keeps so many of a number; a number of more is written as text, with all of them."""

_DATE, _NUMBER, _COUNT, _AMOUNT, _RATIO = "yyyy-mm-dd", "0", "#,##0", "#,##0.00", "0.00%"
_MEMBERS = {
    "value": "before", "change": "change", "change_ratio": "change in %", "contribution": "contribution",
}  # fmt: skip
_SAME_EVERY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_WIDEST = 40


class XlsxEncoder:
    """Writes a workbook; its bytes come at the end."""

    def __init__(self, file: Writable, schema: pa.Schema) -> None:
        self._book = xlsxwriter.Workbook(file, {"constant_memory": True})
        self._book.set_properties({"created": _SAME_EVERY_TIME})
        self._sheet = self._book.add_worksheet("Data")
        self._question = [(name.decode(), text.decode()) for name, text in (schema.metadata or {}).items()]
        self._bold = self._book.add_format({"bold": True})
        titles = [_title(name) for name in schema.names]
        for column, title in enumerate(titles):
            self._sheet.write_string(0, column, title, self._bold)
        self._sheet.freeze_panes(1, 0)
        self._widths = [len(title) + 2 for title in titles]
        formats = {
            code: self._book.add_format({"num_format": code}) for code in (_DATE, _NUMBER, _COUNT, _AMOUNT, _RATIO)
        }
        self._formats: list[CellFormat] = [formats[_number_format(field)] for field in schema]
        self._rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows of a batch."""
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            self._rows += 1
            for column, value in enumerate(row):
                self._write_cell(column, value)

    def close(self) -> None:
        """Write the second sheet, and everything to the file."""
        for column, width in enumerate(self._widths):
            self._sheet.set_column(column, column, min(width, _WIDEST))
        self._sheet.autofilter(0, 0, max(self._rows, 1), len(self._widths) - 1)
        self._write_question()
        self._book.close()

    def _write_cell(self, column: int, value: Any) -> None:
        match value:
            case None:
                return
            case bool():
                self._sheet.write_boolean(self._rows, column, value)
                return
            case date():
                self._sheet.write_datetime(self._rows, column, value, self._formats[column])
                text = "2024-01-31"
            case str():
                text = display_label(value)
                self._sheet.write_string(self._rows, column, text)
            case _:
                text = str(value)
                if _is_exact(value):
                    self._sheet.write_number(self._rows, column, float(value), self._formats[column])
                else:
                    self._sheet.write_string(self._rows, column, text)
        self._widths[column] = max(self._widths[column], len(text) + 3)

    def _write_question(self) -> None:
        """Write what was asked, and of which data, a parameter a row."""
        sheet = self._book.add_worksheet("Question")
        sheet.set_column(0, 0, 20)
        sheet.set_column(1, 1, 80)
        lines: list[tuple[str, str]] = []
        for name, text in self._question:
            lines += parse_qsl(text, keep_blank_values=True) if name == "question" else [(name, text)]
        for row, (name, text) in enumerate(lines):
            sheet.write_string(row, 0, name, self._bold)
            sheet.write_string(row, 1, text)


def _title(name: str) -> str:
    """Return the title of a column: `compare.cost.change_ratio` is "Cost, change in %"."""
    match name.split("."):
        case ["compare", metric, member]:
            return f"{capitalised(display_name(metric))}, {_MEMBERS[member]}"
        case ["share", metric]:
            return f"{capitalised(display_name(metric))}, share"
        case _:
            return capitalised(display_name(name.replace(".", " ")))


def _number_format(field: pa.Field) -> str:
    parts = field.name.split(".")
    metric = METRICS.get(parts[1] if parts[0] in ("compare", "share") else parts[0])
    if pa.types.is_date(field.type):
        return _DATE
    if parts[0] == "share" or parts[-1] in ("change_ratio", "contribution") or (metric and metric.unit == "ratio"):
        return _RATIO
    if parts[0] == "id":
        return _NUMBER
    return _AMOUNT if metric and metric.unit == "currency" else _COUNT


def _is_exact(value: float | Decimal) -> bool:
    return isinstance(value, float) or len(Decimal(value).normalize().as_tuple().digits) <= _DIGITS
