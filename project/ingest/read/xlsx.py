"""Excel workbooks: the sheet that has rows, or the one that `sheet` names."""

from collections.abc import Sequence
from typing import IO, Any

from python_calamine import CalamineError, CalamineWorkbook

from project.errors import LoadRefused
from project.ingest.mapping.columns import count_known
from project.ingest.options import Options
from project.ingest.read.table import Table, blocks_of, text_of

_LONGEST_PREAMBLE = 30


def table(content: IO[bytes], name: str, options: Options) -> Table:
    """Read one sheet of a workbook; its rows are numbered as Excel does. Raises LoadRefused."""
    try:
        book = CalamineWorkbook.from_filelike(content)
        sheets = {title: book.get_sheet_by_name(title).to_python(skip_empty_area=False) for title in book.sheet_names}
    except (CalamineError, OSError, ValueError) as error:
        raise LoadRefused(f"{name} is no Excel workbook that can be read: {error}.") from error
    title = _title(sheets, name, options)
    rows = [
        (number, [text_of(_integral(value), decimal_comma=options.decimal_comma) for value in row])
        for number, row in enumerate(sheets[title], 1)
    ]
    rows = [(number, row) for number, row in rows if any(row)]
    index = _header(rows, options)
    above = [(number, " ".join(filter(None, row))) for number, row in rows[:index]]
    header = [cell.strip() for cell in rows[index][1]]
    return Table(f"sheet {title!r}", header, blocks_of(iter(rows[index + 1 :]), len(header)), above)


def _title(sheets: dict[str, list[list[Any]]], name: str, options: Options) -> str:
    if options.sheet is not None:
        if options.sheet not in sheets:
            raise LoadRefused(f"{name} has no sheet {options.sheet!r}; it has {', '.join(map(repr, sheets))}.")
        return options.sheet
    filled = [title for title, rows in sheets.items() if any(any(map(str, row)) for row in rows)]
    if not filled:
        raise LoadRefused(f"{name} is empty.")
    if len(filled) > 1:
        raise LoadRefused(f"{name} has several sheets, {', '.join(map(repr, filled))}; choose one with --sheet.")
    return filled[0]


def _header(rows: Sequence[tuple[int, list[str]]], options: Options) -> int:
    counts = [count_known(row, options) for _, row in rows[:_LONGEST_PREAMBLE]]
    return counts.index(max(counts))


def _integral(value: Any) -> Any:
    # Excel has no integers.
    return int(value) if isinstance(value, float) and value.is_integer() else value
