"""Map: a file's header to the canonical record, with what the caller said of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from project.catalog import DIMENSIONS, MEASURES
from project.errors import LoadRefused
from project.store.labels import nearest

RECORD = (*(dimension.name for dimension in DIMENSIONS), *(measure.name for measure in MEASURES))
"""The fields of the canonical record, in order."""

_MEASURES = frozenset(measure.name for measure in MEASURES)
_MONEY = frozenset(measure.name for measure in MEASURES if measure.unit == "currency")


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller says of the files: `columns` is field → header (`--map`), `constants` field → value (`--set`)."""

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    date_format: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Where each field of the record comes from: `positions` in the row, or `constants` for the whole load."""

    positions: Mapping[str, int]
    constants: Mapping[str, str]
    header: Sequence[str]

    def column(self, name: str) -> str:
        """Return what the file calls a field."""
        return self.header[self.positions[name]] if name in self.positions else f"--set {name}"


def check_options(options: Options) -> None:
    """Raise LoadRefused where an option names no field of the record, or one twice, or cannot be."""
    for flag, named in (("--map", options.columns), ("--set", options.constants)):
        for name in named:
            if name not in RECORD:
                raise LoadRefused(f"{flag} {name}=…: no field is called {name!r}; {_one_of(name)}.")
    if both := sorted(options.columns.keys() & options.constants.keys()):
        raise LoadRefused(f"{both[0]} is given by --map and by --set; give one.")
    if options.date_format is not None and not _says_the_day(options.date_format):
        raise LoadRefused(
            f"--date-format {options.date_format} does not say year, month and day; expected such as %m/%d/%Y."
        )


def mapped(header: Sequence[str], options: Options, file: str, currency: str) -> ColumnMap:
    """Find every field of the record in the header or the options.

    Raises LoadRefused, naming all that is missing, and where a column of money is in another currency.
    """
    positions, missing = {}, []
    for name in RECORD:
        if name in options.constants:
            continue
        column = options.columns.get(name, name)
        found = [index for index, cell in enumerate(header) if cell == column or column == f"#{index + 1}"]
        if not found and name not in options.columns:
            found = [index for index, cell in enumerate(header) if cell.casefold() == column]
        if len(found) > 1:
            raise LoadRefused(
                f"{file} has {len(found)} columns {column!r}; name the one meant by its number: "
                + " or ".join(f"--map {name}=#{index + 1}" for index in found)
            )
        if found:
            positions[name] = found[0]
            said = re.search(r"\(([A-Z]{3})\)", header[found[0]])
            if said and name in _MONEY and said[1] != currency:
                raise LoadRefused(f"{file}: {header[found[0]]!r} is in {said[1]}, this database in {currency}.")
        else:
            missing.append(name)
    if missing:
        raise LoadRefused(_missing(missing, header, options, file))
    return ColumnMap(positions, dict(options.constants), header)


def _says_the_day(date_format: str) -> bool:
    day = datetime(2023, 11, 28)  # noqa: DTZ001 - a day has no zone
    try:
        return datetime.strptime(day.strftime(date_format), date_format) == day  # noqa: DTZ007
    except (ValueError, re.error):
        return False


def _missing(missing: Sequence[str], header: Sequence[str], options: Options, file: str) -> str:
    lines = [f"{file} lacks {len(missing)} of the record's fields. Its columns are: {', '.join(header)}."]
    for name in missing:
        if name in options.columns:
            lines.append(
                f"  {name}: there is no column {options.columns[name]!r}{_meant(options.columns[name], header)}."
            )
        elif name in _MEASURES:
            lines.append(f"  {name}: give its column, --map {name}=COLUMN, or say that there is none, --set {name}=0.")
        elif name == "date":
            lines.append(
                f"  {name}: give its column, --map {name}=COLUMN, or one date for all rows, --set {name}=YYYY-MM-DD."
            )
        else:
            lines.append(
                f"  {name}: give its column, --map {name}=COLUMN, or one label for all rows, --set {name}=LABEL."
            )
    if any(name not in _MEASURES and name != "date" and name not in options.columns for name in missing):
        lines.append(
            "  Exports of one account by different breakdowns overlap: a file by age and gender counts the same"
            ' impressions as one by region. Load one of them, with --set region="(not set)" for what it lacks.'
        )
    return "\n".join(lines)


def _meant(column: str, header: Sequence[str]) -> str:
    close = nearest(column, header, 1)
    return f"; did you mean {close[0]!r}" if close else ""


def _one_of(name: str) -> str:
    close = nearest(name, RECORD, 1)
    return f"did you mean {close[0]!r}" if close else f"expected one of {', '.join(RECORD)}"
