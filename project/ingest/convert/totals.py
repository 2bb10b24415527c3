"""Lines that are not facts: totals and footers, by what they say, and totals without a word by their sums."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from project.ingest.convert.cells import is_blank_label

_TOTAL = (
    r"(grand |overall |sub[ -]?)?totals?|totale?|totaal|gesamt(summe|ergebnis)?|summe|suma|somme|итого|всего|toplam"
    r"|razem|合計|总计|总和|總計"
)
MAY_BE_TOTAL = rf"^\s*({_TOTAL})|\s({_TOTAL})\s*$"
"""What the text of a total begins or ends with, for Arrow; `is_total` and `group_of_total` look closer."""

_SAYS_TOTAL = re.compile(rf"({_TOTAL})\b", re.IGNORECASE)
_SAYS_ALL = re.compile(r"(all|alle|tous|toutes|todos|todas|tutti|tutte|results from)\b", re.IGNORECASE)
_IS_TOTAL = re.compile(
    rf"({_TOTAL})( of \d.*| results?| général| general| geral| complessivo)?\s*([:(/–—-].*)?", re.IGNORECASE
)
_NO_NAME = re.compile(r"(grand |overall |sub[ -]?)totals?\s*:?", re.IGNORECASE)
_GROUP_TOTAL = re.compile(rf"(.+?)\s+({_TOTAL})", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST_FOOTER = 3
_COMPARED = ("impressions", "cost", "clicks")
_NEAR = 1e-3
_TELLING = 100


def says_total(row: Sequence[str]) -> bool:
    """Tell whether the first cell with text begins with a word for a total: enough for a row without a day."""
    return bool(_SAYS_TOTAL.match(_first_text(row)))


def is_no_name(label: str) -> bool:
    """Tell whether a label is a word for a total that names nothing else, whatever stands beside it."""
    return bool(_NO_NAME.fullmatch(label.strip()))


def group_of_total(label: str) -> str | None:
    """Return what a spreadsheet's subtotal is of, such as `North` of `North Total`, None where it is none."""
    parts = _GROUP_TOTAL.fullmatch(label.strip())
    return parts[1] if parts else None


def says_all(label: str) -> bool:
    """Tell whether a label is `All`, or all of something."""
    return bool(_SAYS_ALL.match(label.strip()))


def may_say_total(row: Sequence[str]) -> bool:
    """Tell whether the first cell with text may mean all rows, such as `All campaigns`: the sums tell."""
    return is_total(_first_text(row)) or says_all(_first_text(row))


def is_total(label: str) -> bool:
    """Tell whether a label is nothing but a word for a total, and what the total is of."""
    return bool(_IS_TOTAL.fullmatch(label.strip()))


def is_footer(row: Sequence[str], *, after_totals: bool) -> bool:
    """Tell whether a line may be a footer: one cell of text, `Report time:` and what it is, or text behind totals."""
    cells = [cell.strip() for cell in row if cell.strip()]
    if not cells or len(cells) > _LONGEST_FOOTER or only_numbers(row):
        return False
    return len(cells) == 1 or cells[0].endswith(":") or (after_totals and has_text(cells[0]))


def only_numbers(row: Sequence[str]) -> bool:
    """Tell whether no cell has a letter."""
    return not any(map(has_text, row))


def has_text(cell: str) -> bool:
    """Tell whether a cell has a letter."""
    return bool(_LETTER.search(cell))


def has_labels(row: Sequence[str], labels: Sequence[int], others: Sequence[int]) -> bool:
    """Tell whether a row says what it is of: a label in one of the columns of labels, or text in another one."""
    return not all(is_blank_label(row[index]) for index in labels) or any(has_text(row[index]) for index in others)


def _first_text(row: Sequence[str]) -> str:
    return next((cell.strip() for cell in row if has_text(cell)), "")


@dataclass(slots=True)
class HeldRow:
    """A row that may be a total at the top or the end of a file: at the end, its sums tell."""

    line: int
    row: Sequence[str]
    staged: pa.Table
    keys: pa.Array


@dataclass(slots=True)
class Sums:
    """Sums of some measures over the rows of one file, about."""

    rows: int = 0
    values: dict[str, float] = field(default_factory=dict)

    def add(self, staged: pa.Table, measures: Sequence[str]) -> None:
        """Add rows."""
        self.rows += staged.num_rows
        for name in measures:
            value = pc.sum(staged[name].cast(pa.float64(), safe=False)).as_py() or 0.0
            self.values[name] = self.values.get(name, 0.0) + value

    def equal(self, other: "Sums") -> bool:
        """Tell whether two sums are of the same; small ones may be equal by chance."""
        if not (self.rows and other.rows and max(self.values.values(), default=0) >= _TELLING):
            return False
        return all(abs(value - other.values[name]) <= _NEAR * abs(value) for name, value in self.values.items())

    def plus(self, other: "Sums") -> "Sums":
        """Return the sums over both."""
        names = self.values.keys() | other.values.keys()
        values = {name: self.values.get(name, 0.0) + other.values.get(name, 0.0) for name in names}
        return Sums(self.rows + other.rows, values)


def compared(columns: Mapping[str, int]) -> list[str]:
    """Return the measures, of those that a file has, whose sums tell a total."""
    return [name for name in _COMPARED if name in columns]


def totals_among(held: Sequence[HeldRow], loaded: Sums, measures: Sequence[str]) -> list[HeldRow]:
    """Return those of the held rows that are the sum of the rows of the file."""
    each = []
    for one in held:
        sums = Sums()
        sums.add(one.staged, measures)
        each.append(sums)
    return [
        one
        for index, one in enumerate(held)
        if any(
            each[index].equal(rest)
            for rest in (loaded, *(loaded.plus(other) for place, other in enumerate(each) if place != index))
        )
    ]
