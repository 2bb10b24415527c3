"""Names: a column's header as words, and what the words say of its values."""

import re
import unicodedata
from collections.abc import Sequence


def word_set(words: str) -> frozenset[str]:
    """Return words that are written with spaces between them."""
    return frozenset(words.split())


_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PARTS = re.compile(r"[^\W\d_]+|\d+")

_SHIFTS = {"micro": 6, "micros": 6, "microcurrency": 6, "microdollars": 6, "microunits": 6, "cent": 2, "cents": 2}
_STARTS = word_set(
    "start starts started starting begin begins beginning from since first início inicio début debut beginn "
    "anfang anfangs von ab inizio dal desde początek od начало начала 开始 開始"
)
_ENDS = word_set(
    "end ends ended ending until till to thru through stop stops last término termino encerramento fim fin "
    "final ende bis fine hasta até ate eind einde tot slut koniec конец конца окончания finish finishes 结束 終了"
)
_LONG_GRAINS = word_set(
    "week weeks weekly month months monthly quarter quarterly year yearly woche monat quartal jahr semana mes mês "
    "trimestre año ano semaine mois année settimana mese anno maand неделя месяц 月"
)
_DAY_WORDS = word_set("date day time datetime period in utc of the datum tag fecha data jour dia día giorno de")
_COMPOUND = re.compile(
    r"(?<=\w{3})(?:start|beginn|ende)\b|\b(?:start|anfangs|end|eind|slut)(?=(?:datum|dato|tag|dag|zeit))|開始|终了|終了|开始|结束"
)
_CURRENCY = re.compile(r"currenc|\bccy|_ccy\b|währung|devise|moneda|moeda|valuta|waluta|валюта")

CURRENCY_CODES = word_set(
    "AED ARS AUD BDT BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR JPY KRW KWD MXN MYR "
    "NGN NOK NZD PEN PHP PKR PLN QAR RON RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR"
)
"""Codes that stand for a currency wherever they are a word of a header."""

SYMBOLS = {
    "$": {"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "ARS", "CLP", "COP", "TWD"},
    "US$": {"USD"}, "CA$": {"CAD"}, "A$": {"AUD"}, "R$": {"BRL"}, "€": {"EUR"}, "£": {"GBP"}, "¥": {"JPY", "CNY"},
    "₹": {"INR"}, "₩": {"KRW"}, "₽": {"RUB"}, "₺": {"TRY"}, "₪": {"ILS"}, "zł": {"PLN"}, "Kč": {"CZK"}, "Fr.": {"CHF"},
    "kr": {"SEK", "NOK", "DKK", "ISK"}, "kr.": {"DKK", "ISK"}, "฿": {"THB"}, "₫": {"VND"}, "₱": {"PHP"}, "Rp": {"IDR"},
}  # fmt: skip
"""The currencies that write a symbol."""


def normal_name(header: str) -> str:
    """Return a header as presets have it: its words, lower case, joined by `_`, without a currency.

    `Amount spent (USD)` is `amount_spent`, `costMicros` `cost_micros`, `Impr.` `impr`, `purchases7d` `purchases_7_d`.
    """
    text = unicodedata.normalize("NFKC", header).strip("\ufeff \t")
    text = _CAMEL.sub(" ", re.sub(r"\s*\(([A-Z]{3}|[^\w\s]{1,2})\)", "", text))
    return "_".join(_PARTS.findall(text.casefold()))


def normal_names(header: str) -> list[str]:
    """Return the normal names of a header: of all of it, then, of an API's dotted name, of what follows each point."""
    parts = header.split(".") if re.fullmatch(r"\w+(\.\w+)+", header) else [header]
    names = [normal_name(".".join(parts[index:])) for index in range(len(parts))]
    return [*names, *(names[0].removeprefix(prefix) for prefix in ("metrics_", "segments_") if prefix in names[0])]


def words_of(header: str) -> list[str]:
    """Return the words of a header, lower case."""
    return normal_name(header).split("_")


def shift_of(header: str) -> int:
    """Return how many digits the point of a column moves left as its name says it: 6 of micros, 2 of cents."""
    return next((_SHIFTS[word] for word in words_of(header) if word in _SHIFTS), 0)


def names_currency(header: str) -> bool:
    """Tell whether a column's name says currency: its cells that are no numbers are currencies."""
    return bool(_CURRENCY.search(header.casefold()))


def amounts_in_currency(header: str) -> bool:
    """Tell whether a column that says currency has amounts, such as `Budget (account currency)`."""
    in_brackets = re.search(rf"[(\[].*({_CURRENCY.pattern})", header.casefold())
    return bool(in_brackets or re.search(rf"\bin\b.*({_CURRENCY.pattern})", " ".join(words_of(header))))


def currencies_of(header: str) -> set[str]:
    """Return the currencies that the name of an amount allows, none where it names none."""
    if symbol := re.search(r"[(\[]([^\w\s]{1,2}|\w{0,2}\$)[)\]]", header):
        return SYMBOLS.get(symbol[1], set())
    in_brackets = re.findall(r"[(\[]([A-Z]{3})[)\]]", header)
    words = [word.upper() for word in _PARTS.findall(_CAMEL.sub(" ", header))]
    return set(in_brackets or (word for word in words if word in CURRENCY_CODES))


def grain_of(header: str) -> str | None:
    """Return the word of a date column's name that says that its rows are not of one day, such as `week`."""
    words = words_of(header)
    return None if {"day", "days"} & set(words) else next((word for word in words if word in _LONG_GRAINS), None)


def starts_range(header: str) -> bool:
    """Tell whether a column names the first day of something."""
    return bool(_STARTS & _parts_of(header))


def ends_range(header: str) -> bool:
    """Tell whether a column names the last day of something."""
    return bool(_ENDS & _parts_of(header))


def range_end(headers: Sequence[str], start: str) -> int | None:
    """Return the index of the column that names the end of what `start` begins, None where there is none."""
    about = _parts_of(start) - _STARTS
    is_start = starts_range(start)
    if not is_start and (not about <= _DAY_WORDS or any(map(starts_range, headers))):
        return None
    ends = [(index, _parts_of(header) - _ENDS) for index, header in enumerate(headers) if ends_range(header)]
    ends = [(index, words) for index, words in ends if is_start or words]
    alike = [index for index, words in ends if words == about]
    near = [index for index, words in ends if words - _DAY_WORDS == about - _DAY_WORDS]
    return next(iter(alike or near), None)


def _parts_of(header: str) -> set[str]:
    """Return the words of a header, and of what is written as one: `Berichtsende`, `Enddatum`."""
    return set(_COMPOUND.sub(r" \g<0> ", " ".join(words_of(header))).split())


def split_names(names: str) -> tuple[str, ...]:
    """Return normal names, written with spaces between them."""
    return tuple(map(normal_name, names.split()))
