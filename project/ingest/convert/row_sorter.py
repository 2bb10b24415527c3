"""Rows: which of them are facts; the others are rejected, left out, or held until the end of the file."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from project.catalog import LABELLED_NAMES, MEASURE_NAMES, RECORD
from project.ingest.convert.date_formats import Dates
from project.ingest.convert.totals import (
    MAY_BE_TOTAL,
    HeldRow,
    Sums,
    group_of_total,
    has_labels,
    has_text,
    is_footer,
    is_no_name,
    is_total,
    may_say_total,
    only_numbers,
    says_all,
    says_total,
    totals_among,
)
from project.ingest.mapping.columns import ColumnMap
from project.ingest.read.table import Block
from project.ingest.report import Reject, Report

_LOOKED_AT = 20
"""How many facts of a block are looked at for labels, as long as none had any."""


class Cells(Protocol):
    """The cells of a field."""

    def reason(self, text: str) -> str:
        """Return the reason why a text is unreadable."""


class RowSorter:
    """Sorts the rows of one file, and counts into the report those that are no facts."""

    def __init__(self, columns: ColumnMap, cells: Mapping[str, Cells], dates: Dates, report: Report, file: str) -> None:
        self._columns = columns
        self._cells = cells
        self._dates = dates
        self._report = report
        self._file = file
        self._width = len(columns.header)
        others = {columns.positions.get(name) for name in ("date", *MEASURE_NAMES)}
        others |= {columns.last_day, *columns.currencies}
        self._texts = [index for index in range(self._width) if index not in others]
        self._labels = [columns.positions[name] for name in LABELLED_NAMES if name in columns.positions]
        self._top: HeldRow | None = None
        self._end: HeldRow | None = None
        self._footers: list[Reject] = []
        self._is_first_fact = True
        self._has_labels = self._after_totals = False

    def sort(self, block: Block, staged: pa.Table, keys: pa.Array) -> tuple[pa.Array | None, list[HeldRow]]:
        """Return whether each row of a block is a fact, None where all are, and a row before it that now is one."""
        self._report_ragged(block)
        is_fact = [True] * len(block.lines)
        for index, field in self._suspects(block, staged).items():
            row = _row(block, index)
            is_total_row = self._is_total(row, block)
            if field is None and not is_total_row:
                continue
            is_fact[index] = False
            if is_total_row:
                self._leave_out_totals(block.lines[index], row)
            else:
                self._report_row(block.lines[index], row, field or "")
        if not any(is_fact):
            return pa.array(is_fact, pa.bool_()), []
        facts: Sequence[int] = range(len(is_fact)) if all(is_fact) else [i for i, one in enumerate(is_fact) if one]
        self._reject_early_footers(block.lines[facts[0]], block.lines[facts[-1]])
        released, self._end = [self._end] if self._end else [], None
        if not self._has_labels:
            self._has_labels = any(self._labelled(block, index) for index in facts[:_LOOKED_AT])
        if self._is_first_fact and self._may_be_total(block, facts[0]):
            self._top = self._hold(block, facts[0], staged, keys, is_fact)
        if is_fact[facts[-1]] and self._may_be_total(block, facts[-1]):
            self._end = self._hold(block, facts[-1], staged, keys, is_fact)
        self._is_first_fact = False
        return None if all(is_fact) else pa.array(is_fact), released

    def finish(self, loaded: Sums, measures: Sequence[str]) -> list[HeldRow]:
        """Report the last lines, and return the held rows that are not the totals of what was loaded."""
        for reject in self._footers:
            kind = "totals" if only_numbers(reject.row) else "a footer"
            self._report.leave_out(self._file, reject.line, kind, reject.row)
        held = [one for one in (self._top, self._end) if one]
        # A total of several days has none of them as its own.
        totals = totals_among(held, loaded, measures) if self._dates.count == 1 else []
        for one in totals:
            self._leave_out_totals(one.line, one.row)
        return [one for one in held if not any(one is total for total in totals)]

    def _report_ragged(self, block: Block) -> None:
        for line, row in block.ragged:
            if says_total(row):
                self._leave_out_totals(line, row)
            else:
                reason = f"the row has {len(row)} cells, the header {self._width}"
                self._reject_or_footer(Reject(self._file, line, "", ",".join(row)[:200], reason, tuple(row)))

    def _suspects(self, block: Block, staged: pa.Table) -> dict[int, str | None]:
        """Return the indexes of rows that may be no facts.

        With each is its first unreadable field, `""` where it spans days, None where a text of it begins with total.
        """
        suspects: dict[int, str | None] = dict.fromkeys(self._total_texts(block))
        suspects |= dict.fromkeys(self._spanning_days(block), "")
        for name in reversed([name for name in RECORD if name in self._cells and staged[name].null_count]):
            suspects |= dict.fromkeys(pc.indices_nonzero(pc.is_null(staged[name])).to_pylist(), name)
        return dict(sorted(suspects.items()))

    def _leave_out_totals(self, line: int, row: Sequence[str]) -> None:
        self._after_totals = True
        self._report.leave_out(self._file, line, "totals", row)

    def _reject_or_footer(self, reject: Reject) -> None:
        """Reject a row, unless it may be a footer: that is known when no row follows."""
        if is_footer(reject.row, after_totals=self._after_totals or bool(self._footers)):
            self._footers.append(reject)
        else:
            self._report.reject(reject)

    def _reject_early_footers(self, first: int, last: int) -> None:
        for reject in self._footers:
            if self._is_first_fact and reject.line < first and only_numbers(reject.row):
                self._leave_out_totals(reject.line, reject.row)
            elif reject.line < last:
                self._report.reject(reject)
        self._footers = [reject for reject in self._footers if reject.line >= last]

    def _hold(self, block: Block, index: int, staged: pa.Table, keys: pa.Array, is_fact: list[bool]) -> HeldRow:
        is_fact[index] = False
        return HeldRow(block.lines[index], _row(block, index), staged.slice(index, 1), keys.slice(index, 1))

    def _may_be_total(self, block: Block, index: int) -> bool:
        """Tell whether a row has no labels, though others of the file have, or one that may mean all."""
        return may_say_total(_row(block, index)) or (self._has_labels and not self._labelled(block, index))

    def _labelled(self, block: Block, index: int) -> bool:
        return has_labels(_row(block, index), self._labels, self._texts)

    def _total_texts(self, block: Block) -> set[int]:
        """Return the indexes of the rows that have a text which begins or ends with a word for a total."""
        indexes: set[int] = set()
        for position in self._texts:
            column = block.columns[position]
            matches = pc.match_substring_regex(column.dictionary, MAY_BE_TOTAL, ignore_case=True)
            if pc.any(matches).as_py():
                indexes.update(pc.indices_nonzero(matches.take(column.indices)).to_pylist())
        return indexes

    def _is_total(self, row: Sequence[str], block: Block) -> bool:
        """Tell whether a row with a word for a total is one.

        The word is a label, or stands behind another one of its column, or no text says of what part the row is.
        """
        if any(is_total(row[index]) for index in self._labels) or any(is_no_name(row[index]) for index in self._texts):
            return True
        groups = [(group, index) for index in self._texts if (group := group_of_total(row[index]))]
        if any(group in block.columns[index].dictionary.to_pylist() for group, index in groups):
            return True
        texts = [row[index] for index in self._texts if has_text(row[index])]
        return any(map(is_total, texts)) and all(is_total(text) or says_all(text) for text in texts)

    def _spanning_days(self, block: Block) -> set[int]:
        """Return the indexes of the rows whose last day is not their first."""
        if self._columns.last_day is None:
            return set()
        first, last = block.columns[self._columns.positions["date"]], block.columns[self._columns.last_day]
        differing = pc.indices_nonzero(pc.not_equal(first.dictionary_decode(), last.dictionary_decode())).to_pylist()
        return {index for index in differing if not self._dates.is_one_day(first[index].as_py(), last[index].as_py())}

    def _report_row(self, line: int, row: Sequence[str], field: str) -> None:
        """Reject a row for its first unreadable field, `""` where it spans days; leave out totals and blank lines."""
        if not any(map(str.strip, row)):
            self._report.leave_out(self._file, line, "a blank line", row)
            return
        text = row[self._columns.positions[field or "date"]]
        if field == "date" and says_total(row):
            self._leave_out_totals(line, row)
            return
        if not field:
            last = row[self._columns.last_day or 0]
            reason = f"spans days up to {last}, and facts are daily; export it with a breakdown by day"
        else:
            reason = self._cells[field].reason(text)
        reject = Reject(self._file, line, self._columns.column(field or "date"), text, reason, tuple(row))
        if field == "date" and not text.strip() and only_numbers(row):
            # A total at the top or the end; between facts, a cell that a spreadsheet has merged.
            self._footers.append(reject)
        else:
            self._reject_or_footer(reject)


def _row(block: Block, index: int) -> list[str]:
    return [column[index].as_py() for column in block.columns]
