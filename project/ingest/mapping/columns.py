"""Map: the columns of a file to the fields of the record, by the caller's options, the file's own names and a preset.

A preset reads names and never overrules the file: a column that is mapped or has a field's own name wins over what a
preset calls it, and over a preset's constant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from project.catalog import DATE, LABELLED_NAMES, MEASURE_NAMES, MEASURES, RECORD
from project.errors import LoadRefused
from project.ingest.mapping.meaning import candidates
from project.ingest.mapping.names import (
    currencies_of,
    grain_of,
    names_currency,
    normal_name,
    normal_names,
    range_end,
    shift_of,
)
from project.ingest.mapping.open_fields import open_fields, open_range
from project.ingest.mapping.presets import CANONICAL, PRESETS, Preset, count_marks, known_names
from project.ingest.mapping.questions import PLACEHOLDER, Choice, FieldSource, Question, Unanswered
from project.ingest.options import Options

_MONEY = frozenset(measure.name for measure in MEASURES if measure.unit == "currency")
_SURE = 2
"""How many columns that only one platform has tell that an export is that platform's."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Where each field of the record comes from: `positions` in the row, or `constants` for all rows.

    `sources` has it in words, by field. `shifts` says how many digits a measure's point moves to the left. `last_day`
    is the column that must be the date's day, `currencies` are those that name the currency of a row. `guessed` are the
    dimensions whose column no option names.
    """

    preset: Preset
    header: Sequence[str]
    positions: Mapping[str, int]
    constants: Mapping[str, str]
    shifts: Mapping[str, int]
    sources: Mapping[str, FieldSource]
    last_day: int | None = None
    currencies: Sequence[int] = ()
    guessed: frozenset[str] = frozenset()

    def column(self, name: str) -> str:
        """Return what the file calls a field."""
        return self.header[self.positions[name]] if name in self.positions else f"--set {name}"


def map_columns(columns: Sequence[str], options: Options, file: str, currency: str) -> ColumnMap:
    """Find every field of the record in the header, the options or the preset; without `preset`, guess the preset.

    Raises Unanswered, which has all that is missing, and LoadRefused where two columns claim one field, or where a
    column of money is in another currency.
    """
    for flag, value in (*options.constants.items(), ("--missing", options.missing)):
        if value == PLACEHOLDER:
            raise LoadRefused(f"{flag}={PLACEHOLDER}: put the value in the place of {PLACEHOLDER}.")
    preset = _preset(columns, options)
    finder = _Finder(file, columns, options, preset, currency)
    positions: dict[str, int] = {}
    questions: list[Question] = []
    for field in RECORD:
        try:
            if (index := finder.find(field)) is not None:
                positions[field] = index
        except Unanswered as claim:
            questions += claim.questions
    claims = {question.field for question in questions}
    constants = {
        field: finder.constant(field, positions) for field in RECORD if field not in positions and field not in claims
    }
    claimed = {columns[index] for index in positions.values()}
    free = [column for column in columns if column not in claimed]
    # A dimension that the file has under a plain name is not missing.
    missing = [
        field
        for field, constant in constants.items()
        if constant is None or (constant[1] == "--missing" and candidates(field, free).plain)
    ]
    last_day = _last_day(file, columns, positions)
    if last_day is None and DATE.name in positions and DATE.name not in options.columns:
        questions += open_range(columns[positions[DATE.name]])
    if missing or questions:
        raise open_fields(missing, questions, free, columns, options, file, preset)
    _check_currency(file, columns, positions, options, currency)
    sources = {
        field: FieldSource(field, columns[positions[field]], finder.shift(field, positions))
        if field in positions
        else FieldSource(field, None, 0, *(constants[field] or ("", "")))
        for field in RECORD
    }
    return ColumnMap(
        preset,
        columns,
        positions,
        {field: constant[0] for field, constant in constants.items() if constant},
        {field: source.shift for field, source in sources.items() if source.shift},
        sources,
        last_day,
        [
            index
            for index, column in enumerate(columns)
            if names_currency(column) and not any(positions.get(name) == index for name in MEASURE_NAMES)
        ],
        frozenset(LABELLED_NAMES) & positions.keys() - options.columns.keys(),
    )


def count_known(cells: Sequence[str], options: Options) -> int:
    """Return how many cells of a row are names of columns: the row with most is the header."""
    mapped = set(options.columns.values())
    known = known_names()
    return sum(1 for cell in cells if cell.strip() in mapped or not known.isdisjoint(normal_names(cell)))


def _preset(columns: Sequence[str], options: Options) -> Preset:
    """Return the preset that the options name, else the one whose columns the file has, else that of `set platform`."""
    if options.preset:
        return PRESETS[options.preset]
    counts = {name: count_marks(name, columns) for name in PRESETS}
    marked = [name for name, count in counts.items() if count]
    if len(marked) == 1 and counts[marked[0]] >= _SURE:
        return PRESETS[marked[0]]
    return PRESETS.get(options.constants.get("platform", ""), CANONICAL)


class _Finder:
    """Finds the fields of one file."""

    def __init__(self, file: str, columns: Sequence[str], options: Options, preset: Preset, currency: str) -> None:
        self._file = file
        self._columns = columns
        self._options = options
        self._preset = preset
        self._currency = currency
        self._names = [normal_names(column) for column in columns]
        self._mapped = {index for name in options.columns for index in self._named(options.columns[name])}

    def find(self, field: str) -> int | None:
        """Return the index of a field's column, None where there is none. Raises LoadRefused where several claim it."""
        options = self._options
        if field in options.columns:
            return self._only(field, self._named(options.columns[field]))
        if field in options.constants:
            return None
        is_own = field not in self._preset.renamed or self._called(self._preset.renamed[field])
        names = (*([field] if is_own else []), *self._preset.names.get(field, ()))
        found = [indexes for name in names if (indexes := self._called((name,)))]
        if field in MEASURE_NAMES:
            every = dict.fromkeys(index for indexes in found for index in indexes)
            return self._only(field, self._in_currency(list(every)))
        # Of labels and days the best name counts: a region rather than its country.
        return self._only(field, found[0]) if found else None

    def constant(self, field: str, positions: Mapping[str, int]) -> tuple[str, str] | None:
        """Return the value of a field that has no column, and who says so; None where nobody does."""
        options, preset = self._options, self._preset
        if field in options.columns:
            return None
        if field in options.constants:
            return options.constants[field], "--set"
        if field in preset.constants:
            return preset.constants[field], f"preset {preset.name}"
        # A file with a column of platforms may have others than the preset's.
        if field in preset.unreported and (options.preset or "platform" not in positions):
            return "0", f"preset {preset.name}"
        if field in LABELLED_NAMES and options.missing is not None:
            return options.missing, "--missing"
        return None

    def shift(self, field: str, positions: Mapping[str, int]) -> int:
        """Return how many digits a measure's point moves left: as the options say, else its name, else the preset."""
        if field not in MEASURE_NAMES:
            return 0
        column = self._columns[positions[field]]
        # A preset that only `set platform` names knows what is called so, not whether it is in micros.
        is_sure = self._options.preset or count_marks(self._preset.name, self._columns)
        by_name = shift_of(column) or (6 if is_sure and normal_name(column) in self._preset.micros else 0)
        return self._options.shifts.get(field, by_name)

    def _named(self, mapped: str) -> list[int]:
        """Return the columns that an option names: exactly, by number, else by normal name."""
        columns = enumerate(self._columns)
        exact = [index for index, column in columns if column.strip() == mapped or mapped == f"#{index + 1}"]
        normal = normal_name(mapped)
        return exact or [index for index, names in enumerate(self._names) if normal and names[0] == normal]

    def _called(self, names: Sequence[str]) -> list[int]:
        """Return the unmapped columns of the first of these names that any has, in full, else behind a point."""
        for name in names:
            free = [(index, own) for index, own in enumerate(self._names) if index not in self._mapped]
            if indexes := [index for index, own in free if own[0] == name] or [i for i, own in free if name in own]:
                return indexes
        return []

    def _in_currency(self, indexes: list[int]) -> list[int]:
        """Return those of several columns that are in the database's currency, where a name says so."""
        stated = [index for index in indexes if self._currency in currencies_of(self._columns[index])]
        return stated if len(indexes) > 1 and stated else indexes

    def _only(self, field: str, indexes: Sequence[int]) -> int | None:
        if len(indexes) < 2:
            return next(iter(indexes), None)
        names = [self._columns[index] for index in indexes]
        same = len(set(names)) == 1
        choices = [
            Choice("map", f"{field}=#{index + 1}" if same else f"{field}={name}")
            for index, name in zip(indexes, names, strict=True)
        ]
        text = f"columns {names[0]!r}; name the one meant by its number" if same else f"columns that may be {field}"
        text = f"{field}: there are {len(names)} {text}: {' or '.join(map(str, choices))}."
        asks = Choice("map", f"{field}={PLACEHOLDER}")
        raise Unanswered(text, [Question(field, text, tuple(choices), asks=asks)], self._options, [self._file])


def _last_day(file: str, columns: Sequence[str], positions: Mapping[str, int]) -> int | None:
    """Return the column of the last day of what the date's column begins. Raises LoadRefused for longer rows."""
    if DATE.name not in positions:
        return None
    column = columns[positions[DATE.name]]
    if grain := grain_of(column):
        raise LoadRefused(f"{file}: a row of {column!r} is of a {grain}, and facts are daily; export it by day.")
    return range_end(columns, column)


def _check_currency(
    file: str, columns: Sequence[str], positions: Mapping[str, int], options: Options, currency: str
) -> None:
    if options.currency and options.currency != currency:
        raise LoadRefused(f"{file} is in {options.currency}, as --currency says; this database is in {currency}.")
    for field in _MONEY & positions.keys():
        column = columns[positions[field]]
        codes = currencies_of(column)
        if codes and currency not in codes:
            raise LoadRefused(f"{file}: {column!r} is in {' or '.join(sorted(codes))}, this database in {currency}.")
