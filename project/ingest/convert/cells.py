"""Cells: the text of one cell to its exact staged value, or the reason why it is unreadable."""

import re
import unicodedata
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from project.catalog import NOT_SET, Measure
from project.ingest.mapping.names import SYMBOLS
from project.ingest.read.table import LIST, MISSING
from project.store.warehouse.labels import normal_label


class Unreadable(ValueError):
    """The text is not a value of the column; the message says why, and what would help."""


class Ambiguous(Unreadable):
    """The text has two readings, and the file does not tell which."""


def label(text: str) -> str:
    """Return a label as it is stored. A blank cell, `-` and `--` are `(not set)`."""
    if text in _BLANK_LABELS:
        return NOT_SET
    if text.startswith(LIST):
        raise Unreadable("a list, and a dimension has one label")
    stored = normal_label(text)
    if stored in _BLANK_LABELS:
        return NOT_SET
    if "\x00" in stored:
        if text == MISSING:
            raise Unreadable("the record has no such field, though others have: is it of another breakdown?")
        raise Unreadable("a label cannot hold the character NUL")
    if _SPREADSHEET_ERROR.fullmatch(stored):
        raise Unreadable("a spreadsheet's error; export it again, and do not save it with a spreadsheet")
    if len(stored) > _LONGEST_LABEL:
        raise Unreadable(f"a label cannot be longer than {_LONGEST_LABEL} characters")
    return stored


def is_blank_label(text: str) -> bool:
    """Tell whether a cell has no label."""
    return text.strip() in _BLANK_LABELS


def age_range(text: str) -> str:
    """Return an age range as Meta writes it: `AGE_25_34` and `25 to 34` are `25-34`, `65 or more` is `65+`.

    One that Meta does not have (`AGE_55_100`) stays as it is.
    """
    stored = label_or_not_applicable(text)
    if _SPREADSHEET_DATE.fullmatch(stored):
        raise Unreadable("a spreadsheet has made a date of an age range such as 10-17; export it again")
    bare = re.sub(r"^age(_range)?[_ ]", "", unicodedata.normalize("NFKC", stored).casefold().strip())
    if bare in _UNKNOWN:
        return "unknown"
    parts = re.fullmatch(r"(\d{2})\s*(?:-|–|_|to)\s*(\d{2})", bare)
    if parts and (spelled := "-".join(parts.groups())) in _META_AGES:
        return spelled
    if re.fullmatch(r"65\s*(\+|_up|_plus| or more| and over|_or_more)", bare):
        return "65+"
    return stored


def gender(text: str) -> str:
    """Return a gender as Meta writes it: `FEMALE` and `GENDER_FEMALE` are `female`."""
    stored = label_or_not_applicable(text)
    bare = re.sub(r"^gender[_ ]", "", stored.casefold())
    if bare in _UNKNOWN:
        return "unknown"
    return bare if bare in ("female", "male") else stored


def label_or_not_applicable(text: str) -> str:
    """Return a label. `NA` and `N/A` are `(not set)`; a region has another reader, since NA is Namibia."""
    stored = label(text)
    return NOT_SET if stored.casefold() in _NOT_APPLICABLE else stored


LABEL_READERS: dict[str, Callable[[str], str]] = {"region": label, "age_range": age_range, "gender": gender}
"""The readers of labels by dimension; the others have `label_or_not_applicable`."""


class NumberReader:
    """Takes a cell of a measure to the exact number as text; raises Unreadable.

    `open_to_both` says that the file may have decimal commas (semicolons separate its cells). `shift` moves the point
    to the left, `blank` is the value of a blank cell. `ambiguous` are texts with two readings, as long as no other text
    of the column tells which. `has_points` says that some number had a decimal point, `largest` is the largest
    before the shift.
    """

    def __init__(
        self,
        measure: Measure,
        currency: str,
        *,
        decimal_comma: bool | None,
        open_to_both: bool,
        shift: int = 0,
        blank: str | None = None,
        rounded: bool = False,
    ) -> None:
        self.ambiguous: list[str] = []
        self.has_points = False
        self.largest = Decimal(0)
        self._measure = measure
        self._currency = currency
        self._decimal_comma = decimal_comma
        self._open_to_both = open_to_both
        self._shift = shift
        self._blank = blank
        self._rounded = rounded
        # A point has two readings until a number tells, which most columns' first does.
        self._is_settled = decimal_comma is not None
        self._is_simple = False
        self._settle(is_settled=self._is_settled)

    def __call__(self, text: str) -> str:
        """Return the number of a cell."""
        # Most cells are such.
        if not self._shift and text.isascii() and text.isdigit() and len(text) <= _SHORT:
            return text
        if self._is_simple and _SIMPLE.fullmatch(text):
            self.has_points = True
            return text
        stripped = text.strip()
        if stripped.casefold() in _BLANK_NUMBERS or text == MISSING:
            if self._blank is not None:
                return self._blank
            raise Unreadable(
                f"blank; a measure that is not there is not a 0, unless --blank {self._measure.name}=0 says so"
            )
        is_negative, stripped = _unsigned(stripped)
        if self._measure.unit == "currency":
            is_still_negative, stripped = _unsigned(_without_currency(stripped, self._currency))
            is_negative |= is_still_negative
        number = self._number(stripped)
        self.largest = max(self.largest, number)
        number = number.scaleb(-self._shift)
        fitting = _fitting(self._measure, -number if is_negative else number, rounded=self._rounded)
        if fitting is None:
            how = f": accountants write -{stripped} as {text.strip()}" if "(" in text else ""
            raise Unreadable(f"negative{how}")
        return fitting

    def _number(self, text: str) -> Decimal:
        if len(text) > _LONGEST_NUMBER:
            raise Unreadable("not a number such as 1234.56")
        if not self._is_settled:
            self._note(text)
        self.has_points |= ("," if self._decimal_comma else ".") in text
        return _parsed(text, decimal_comma=bool(self._decimal_comma))

    def _note(self, text: str) -> None:
        """Note whether a text tells what a point means, or has two readings."""
        if self._open_to_both and "," in text and _EITHER.fullmatch(text):
            self._note_ambiguous(text)
            raise Ambiguous("may have a decimal comma or thousands; say --decimal-comma or --decimal-point")
        if _DOTS.fullmatch(text):
            self._note_ambiguous(text)
        elif "." in text and _is_number(text):
            self.ambiguous = [one for one in self.ambiguous if "," in one]
            self._settle(is_settled=not self._open_to_both)

    def _note_ambiguous(self, text: str) -> None:
        if text not in self.ambiguous and len(self.ambiguous) < _SHOWN:
            self.ambiguous.append(text)

    def _settle(self, *, is_settled: bool) -> None:
        self._is_settled = is_settled
        self._is_simple = bool(self._measure.decimals) and is_settled and not (self._shift or self._decimal_comma)


_SHOWN = 2
_SHORT = 12
_LONGEST_LABEL = 1000
_LONGEST_NUMBER = 100
_LARGEST_COUNT = 2**63 - 1
_DIGITS_BEFORE_POINT = 12  # of numeric(18, 6)


_BLANK_LABELS = frozenset({"", "-", "--", "---", "—"})
_NOT_APPLICABLE = frozenset({"na", "n/a"})
_BLANK_NUMBERS = frozenset({"", "-", "--", "---", "—", "na", "n/a", "null", "none", "nan"})
_MONTH = "(jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sept?|oct|okt|nov|dec|dez)[a-z]*\\.?"
_SPREADSHEET_DATE = re.compile(
    rf"{_MONTH}[- ]\d{{1,2}}|\d{{1,2}}\.?[- ]{_MONTH}|\d{{4}}-\d\d-\d\d.*|\d{{1,2}}/\d{{1,2}}/\d{{2,4}}|\d{{5}}",
    re.IGNORECASE,
)
_SPREADSHEET_ERROR = re.compile(r"#(N/A|REF!|NAME\?|VALUE!|DIV/0!|NULL!|NUM!|ERROR!|SPILL!|CALC!)|#{3,}")
_UNKNOWN = frozenset({"unknown", "undetermined"})
_META_AGES = frozenset({"13-17", "18-24", "25-34", "35-44", "45-54", "55-64"})

_AMOUNT = re.compile(r"([^\d\s.,+()-]*)\s*(-?[\d.,'’\s]*\d[.,]?)\s*([^\d\s,+()-]*)")

_SIMPLE = re.compile(r"\d{1,12}\.\d{1,6}", re.ASCII)
_PLAIN = re.compile(r"\d+(\.\d*)?|\.\d+", re.ASCII)
_GROUPED = re.compile(
    r"[1-9]\d{0,2}(?P<group>[,'’\u00a0\u202f ])\d{3}((?P=group)\d{3})*(\.\d*)?|[1-9]\d?(,\d{2})*,\d{3}(\.\d*)?",
    re.ASCII,
)
_SCIENTIFIC = re.compile(r"\d+(?:\.\d*)?e([+-]?\d{1,3})", re.ASCII | re.IGNORECASE)
_DOTS = re.compile(r"[1-9]\d{0,2}(\.\d{3})+", re.ASCII)
_EITHER = re.compile(r"[1-9]\d{0,2}([.,]\d{3})+", re.ASCII)
_SWAPPED = str.maketrans(".,", ",.")


def _without_currency(text: str, currency: str) -> str:
    parts = _AMOUNT.fullmatch(text)
    if parts is None:
        return text
    before, number, after = parts.groups()
    for sign in filter(None, (before, after)):
        if currency not in SYMBOLS.get(sign, {sign}):
            raise Unreadable(f"is in {sign}, and this database in {currency}")
    return str(number)


def _unsigned(text: str) -> tuple[bool, str]:
    """Return whether a number is negative, and the number without its sign; accountants write (1.50)."""
    if text.startswith("(") and text.endswith(")"):
        return True, text[1:-1].strip()
    for sign in "-−":
        if text.startswith(sign) or (text.endswith(sign) and len(text) > 1):
            return True, text.strip(f"{sign} ")
    return False, text


def _parsed(text: str, *, decimal_comma: bool) -> Decimal:
    spelled = text.translate(_SWAPPED) if decimal_comma else text
    if _PLAIN.fullmatch(spelled):
        return Decimal(spelled)
    if _GROUPED.fullmatch(spelled):
        return Decimal(re.sub(r"[^\d.]", "", spelled))
    if scientific := _SCIENTIFIC.fullmatch(spelled):
        if scientific[1].startswith("-"):
            return Decimal(spelled)
        raise Unreadable("a spreadsheet has rounded it; export it again, and do not save it with a spreadsheet")
    swapped = text if decimal_comma else text.translate(_SWAPPED)
    if _is_number(swapped):
        sign = "a decimal point; leave out --decimal-comma" if decimal_comma else "a decimal comma; say --decimal-comma"
        raise Unreadable(f"has {sign}, if the whole file is written so")
    if text.startswith(LIST):
        raise Unreadable("a list, and a measure is one number")
    raise Unreadable("not a number such as 1234.56")


def _is_number(text: str) -> bool:
    return bool(_PLAIN.fullmatch(text) or _GROUPED.fullmatch(text))


def _fitting(measure: Measure, number: Decimal, *, rounded: bool) -> str | None:
    """Return a number as it is stored, None where it is negative."""
    unit = Decimal(1).scaleb(-measure.decimals)
    if measure.decimals and number >= 10**_DIGITS_BEFORE_POINT:
        raise Unreadable(f"has more than {_DIGITS_BEFORE_POINT} digits before the point")
    if number > _LARGEST_COUNT:
        raise Unreadable(f"larger than {_LARGEST_COUNT}")
    fitting = number.quantize(unit, ROUND_HALF_UP) if abs(number) < _LARGEST_COUNT else number.to_integral_value()
    if fitting < 0 or (number < 0 and not rounded):
        return None
    if fitting != number and not rounded:
        fault = f"has more than {measure.decimals} decimals," if measure.decimals else "not a whole number,"
        raise Unreadable(f"{fault} and nothing is rounded unless --round {measure.name} says so")
    return format(abs(fitting).normalize() if measure.decimals else abs(fitting), "f")
