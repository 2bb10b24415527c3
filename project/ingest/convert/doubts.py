"""Doubts: what the numbers of a whole file leave open, asked at its end."""

from collections.abc import Mapping

from project.ingest.convert.cells import NumberReader
from project.ingest.convert.totals import Sums
from project.ingest.mapping.columns import ColumnMap
from project.ingest.mapping.names import normal_name, shift_of
from project.ingest.mapping.questions import Choice, Question, Unanswered
from project.ingest.options import Options

_MICROS = 6
_A_CENT = 10_000
"""In micros; whole amounts that are smaller are amounts."""

_MOST_A_VIEW = 50
"""No impression costs as much, and in micros hardly any less."""

_LARGE_NUMBERS = frozenset({"CLP", "COP", "HUF", "IDR", "JPY", "KRW", "PYG", "UGX", "VND"})


def check_numbers(
    file: str,
    columns: ColumnMap,
    numbers: Mapping[str, NumberReader],
    sums: Sums,
    options: Options,
    currency: str,
) -> None:
    """Raise Unanswered where points may be of thousands or decimals, or where it is open whether amounts are micros."""
    for name in columns.positions.keys() & numbers.keys():
        if texts := numbers[name].ambiguous:
            choices = (Choice("decimal_comma", "true"), Choice("decimal_comma", "false"))
            text = (
                f"{file}: {columns.column(name)} has {' and '.join(map(repr, texts))}, which may be thousands or have "
                f"decimals; say {choices[0]} or {choices[1]}."
            )
            raise Unanswered(text, [Question(name, "", choices)], options, [file])
    if "cost" not in columns.positions or "cost" in options.shifts:
        return
    column, has_points, shift = columns.column("cost"), numbers["cost"].has_points, columns.shifts.get("cost", 0)
    if shift >= _MICROS and (has_points or 0 < numbers["cost"].largest < _A_CENT):
        said = "its name" if shift_of(column) else columns.preset.name
        doubt = f"has amounts that are no micros, though {said} says so"
    elif shift or has_points or not sums.values.get("cost"):
        return
    elif normal_name(column) in columns.preset.micros:
        doubt = f"is in micros where {columns.preset.name}'s API writes it"
    elif _look_like_micros(sums, currency):
        doubt = "has whole amounts as large as micros"
    else:
        return
    choices = (Choice("scale", "cost=micros"), Choice("scale", "cost=1"))
    text = f"{file}: {column} {doubt}; say {choices[0]}, or {choices[1]} to take it as it is."
    raise Unanswered(text, [Question("cost", "", choices)], options, [file])


def _look_like_micros(sums: Sums, currency: str) -> bool:
    cost, impressions = sums.values.get("cost", 0.0), sums.values.get("impressions", 0.0)
    most = _MOST_A_VIEW * (10_000 if currency in _LARGE_NUMBERS else 1)
    return cost >= _A_CENT * sums.rows and cost >= most * impressions > 0
