"""Cells: the text of one cell to its exact staged value, or the reason why it is unreadable."""

import re
import unicodedata
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from project.catalog import NOT_SET, Measure
from project.ingest.mapping.names import SYMBOLS
from project.ingest.read.table import MISSING
from project.store.warehouse.labels import normal_label


class Unreadable(ValueError):
    """The text is not a value of the column; the message says why, and what would help."""


class Ambiguous(Unreadable):
    """The text has two readings, and the file does not tell which."""


def label(text: str) -> str:
    """Return a label as it is stored. A blank cell, `-` and `--` are `(not set)`."""
    if text in _BLANK_LABELS:
        return NOT_SET
    stored = normal_label(text)
    if stored in _BLANK_LABELS:
        return NOT_SET
    if "\x00" in stored:
        if text == MISSING:
            raise Unreadable("the record has no such field, though others have: is it of another breakdown?")
        raise Unreadable("a label cannot hold the character NUL")
    if len(stored) > _LONGEST_LABEL:
        raise Unreadable(f"a label cannot be longer than {_LONGEST_LABEL} characters")
    return stored


def age_range(text: str) -> str:
    """Return an age range as Meta writes it: `AGE_25_34` and `25 to 34` are `25-34`, `65 or more` is `65+`.

    One that Meta does not have (`AGE_55_100`) stays as it is.
    """
    stored = label_or_not_applicable(text)
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


def number_reader(
    measure: Measure,
    currency: str,
    *,
    decimal_comma: bool | None,
    open_to_both: bool,
    shift: int = 0,
    blank: str | None = None,
    rounded: bool = False,
) -> Callable[[str], str]:
    """Return the function that takes a cell to the exact number as text.

    `open_to_both` says that the file may have decimal commas (semicolons separate its cells): a text with two readings
    then raises Ambiguous. `shift` moves the point to the left, `blank` is the value of a blank cell.
    """
    simple = measure.decimals and not (shift or open_to_both or decimal_comma)

    def read(text: str) -> str:
        # Most cells are such.
        if not shift and text.isascii() and text.isdigit() and len(text) <= _SHORT:
            return text
        if simple and _SIMPLE.fullmatch(text):
            return text
        stripped = text.strip()
        if stripped.casefold() in _BLANK_NUMBERS or text == MISSING:
            if blank is not None:
                return blank
            raise Unreadable(f"blank; a measure that is not there is not a 0, unless --blank {measure.name}=0 says so")
        if measure.unit == "currency":
            stripped = _without_currency(stripped, currency)
        number = _number(stripped, decimal_comma=decimal_comma, open_to_both=open_to_both).scaleb(-shift)
        return _fitting(measure, number, rounded=rounded)

    return read


_SHORT = 12
_LONGEST_LABEL = 1000
_LONGEST_NUMBER = 100
_LARGEST_COUNT = 2**63 - 1
_DIGITS_BEFORE_POINT = 12  # of numeric(18, 6)


_BLANK_LABELS = frozenset({"", "-", "--", "—"})
_NOT_APPLICABLE = frozenset({"na", "n/a"})
_BLANK_NUMBERS = frozenset({"", "-", "--", "—", "na", "n/a", "null", "none", "nan"})
_UNKNOWN = frozenset({"unknown", "undetermined"})
_META_AGES = frozenset({"13-17", "18-24", "25-34", "35-44", "45-54", "55-64"})

_AMOUNT = re.compile(r"([^\d\s.,+-]*)\s*(-?[\d.,'’\s]*\d[.,]?)\s*([^\d\s,+-]*)")

_SIMPLE = re.compile(r"\d{1,12}\.\d{1,6}", re.ASCII)
_PLAIN = re.compile(r"\d+(\.\d*)?|\.\d+", re.ASCII)
_GROUPED = re.compile(
    r"\d{1,3}(?P<group>[,'’\u00a0\u202f ])\d{3}((?P=group)\d{3})*(\.\d*)?|\d{1,2}(,\d{2})*,\d{3}(\.\d*)?", re.ASCII
)
_EITHER = re.compile(r"\d{1,3}([.,]\d{3})+", re.ASCII)
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


def _number(text: str, *, decimal_comma: bool | None, open_to_both: bool) -> Decimal:
    if len(text) > _LONGEST_NUMBER:
        raise Unreadable("not a number such as 1234.56")
    if open_to_both and _EITHER.fullmatch(text):
        raise Ambiguous("may have a decimal comma or thousands; say --decimal-comma or --decimal-point")
    spelled = text.translate(_SWAPPED) if decimal_comma else text
    if _PLAIN.fullmatch(spelled):
        return Decimal(spelled)
    if _GROUPED.fullmatch(spelled):
        return Decimal(re.sub(r"[^\d.]", "", spelled))
    if spelled[:1] in "-−(" and _is_number(spelled.strip("-−()")):
        raise Unreadable("negative")
    swapped = text if decimal_comma else text.translate(_SWAPPED)
    if _is_number(swapped):
        sign = "a decimal point; leave out --decimal-comma" if decimal_comma else "a decimal comma; say --decimal-comma"
        raise Unreadable(f"has {sign}, if the whole file is written so")
    raise Unreadable("not a number such as 1234.56")


def _is_number(text: str) -> bool:
    return bool(_PLAIN.fullmatch(text) or _GROUPED.fullmatch(text))


def _fitting(measure: Measure, number: Decimal, *, rounded: bool) -> str:
    if measure.decimals:
        if number >= 10**_DIGITS_BEFORE_POINT:
            raise Unreadable(f"has more than {_DIGITS_BEFORE_POINT} digits before the point")
        amount = number.quantize(Decimal(1).scaleb(-measure.decimals), ROUND_HALF_UP)
        if amount != number and not rounded:
            fault = f"has more than {measure.decimals} decimals"
            raise Unreadable(f"{fault}, and nothing is rounded unless --round {measure.name} says so")
        return format(amount.normalize(), "f")
    count = number.quantize(Decimal(1), ROUND_HALF_UP) if number < _LARGEST_COUNT else number.to_integral_value()
    if count != number and not rounded:
        raise Unreadable(f"not a whole number, and nothing is rounded unless --round {measure.name} says so")
    if count > _LARGEST_COUNT:
        raise Unreadable(f"larger than {_LARGEST_COUNT}")
    return format(count, "f")
