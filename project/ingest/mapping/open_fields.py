"""Open fields: the questions about a file that lacks fields of the record, in the order to think about them."""

from collections.abc import Sequence

from project.catalog import DATE, LABELLED_NAMES, MEASURE_NAMES, NOT_SET
from project.ingest.mapping.meaning import candidates
from project.ingest.mapping.names import starts_range
from project.ingest.mapping.presets import CANONICAL, PRESETS, Preset, count_marks
from project.ingest.mapping.questions import PLACEHOLDER, Choice, Question, Unanswered
from project.ingest.options import Options
from project.suggestions import nearest

_ORDER = ("platform", DATE.name, *MEASURE_NAMES, *LABELLED_NAMES)
_OFTEN_UNREPORTED = ("conversions", "likes")
"""Measures of which many exports have none; of the others, an export without them is a surprise."""


def open_fields(
    missing: Sequence[str],
    others: Sequence[Question],
    free: Sequence[str],
    columns: Sequence[str],
    options: Options,
    file: str,
    preset: Preset,
) -> Unanswered:
    """Return the refusal of a file that lacks fields, with its other questions; `free` columns are no field's."""
    questions = [*(_question(field, free, columns, options, preset) for field in missing), *others]
    questions.sort(key=lambda question: _ORDER.index(question.field))
    text = f"{file}, read as {preset.name}, "
    text += f"lacks {len(missing)} of the record's fields" if missing else "leaves something open"
    # A column may end with a point: `Conv.`.
    text += f". Its columns are: {', '.join(columns).removesuffix('.')}."
    if any(question.default == _MISSING for question in questions):
        text += (
            " Exports of one account by different breakdowns overlap: a file by age and gender counts the same"
            " impressions as one by region. Load one of them."
        )
    return Unanswered(text, questions, options, [file])


def open_range(column: str) -> list[Question]:
    """Return the question about a date that begins a range which no column ends."""
    if not starts_range(column):
        return []
    choice = Choice("map", f"date={column}")
    text = f"date: {column!r} is the first day of a row, and no column is the last; where they are the same, {choice}."
    return [Question(DATE.name, text, (choice,), asks=Choice("map", f"date={PLACEHOLDER}"))]


_MISSING = Choice("missing", NOT_SET)


def _question(field: str, free: Sequence[str], columns: Sequence[str], options: Options, preset: Preset) -> Question:
    plain, related, nearest_column = candidates(field, free)
    maps = tuple(Choice("map", f"{field}={column}") for column in (*plain, *related))
    best = maps[0] if nearest_column else None
    start = f"{field}:"
    if (mapped := options.columns.get(field)) is not None:
        close = nearest(mapped, columns, 1)
        start = f"{field}: there is no column {mapped!r}" + (f"; did you mean {close[0]!r}?" if close else ".")
    elif related and not plain:
        start = f"{field}: {related[0]!r} counts something else; if that is what you want,"
    if field == "platform" and not plain:
        likely = tuple(Choice("preset", name) for name in _likely(columns, preset))
        asks = Choice("set", f"platform={PLACEHOLDER}")
        if preset.name == "meta":
            asks = Choice("set", "platform=meta")
            text = f"platform: no column says which of Meta's platforms it is; {asks} says that it is Meta's."
            return Question(field, text, (asks, *maps), asks)
        hint = "".join(f"; {choice}, if it is theirs" for choice in likely)
        text = f"platform: nothing says whose export it is; {asks} says it{hint}{_or(maps)}."
        return Question(field, text, (*likely, *maps), None, asks)
    if field == DATE.name:
        asks = Choice("set", f"date={PLACEHOLDER}")
        column = _list(maps) or "give its column, --map date=COLUMN"
        text = f"{start} {column}, or one date for all rows, --set date=YYYY-MM-DD."
        return Question(field, text, maps, best, asks)
    if field in MEASURE_NAMES:
        none = Choice("set", f"{field}=0")
        asks = Choice("map", f"{field}={PLACEHOLDER}")
        default = best or (none if field in _OFTEN_UNREPORTED and not related and mapped is None else None)
        text = f"{start} {_list(maps) or f'give its column, --map {field}=COLUMN'}, or say that there is none, {none}."
        return Question(field, text, (*maps, none), default, asks)
    label = Choice("set", f"{field}={NOT_SET}")
    column = _list(maps) or f"give its column, --map {field}=COLUMN"
    text = f"{start} {column}, or one label for all rows, --set {field}=LABEL."
    default = best or (None if plain else _MISSING if mapped is None and options.missing is None else label)
    return Question(field, text, (*maps, label), default, Choice("set", f"{field}={PLACEHOLDER}"))


def _likely(columns: Sequence[str], tried: Preset) -> list[str]:
    """Return the preset that alone has one of the columns, where no other has."""
    marked = [name for name in PRESETS if count_marks(name, columns)]
    return marked if len(marked) == 1 and tried is CANONICAL else []


def _list(choices: Sequence[Choice]) -> str:
    return " or ".join(map(str, choices[:3]))


def _or(choices: Sequence[Choice]) -> str:
    return f"; or {_list(choices)}" if choices else ""
