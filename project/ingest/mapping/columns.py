"""Map: the columns of a file to the fields of the record, by a preset and by the caller's options."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from project.catalog import LABELLED_NAMES, MEASURE_NAMES, MEASURES, NOT_SET, RECORD
from project.errors import LoadRefused
from project.ingest.mapping.presets import (
    CANONICAL,
    CURRENCY_CODES,
    LOOK_ALIKES,
    PRESETS,
    RANGE_ENDS,
    Preset,
    distinctive_names,
    is_called,
    normal_name,
)
from project.ingest.options import Options
from project.suggestions import nearest

_MONEY = frozenset(measure.name for measure in MEASURES if measure.unit == "currency")
_MICROS = 6


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Where each field of the record comes from: `positions` in the row, or `constants` for all rows.

    `last_day` is the column that must equal the date, `currency` the one that names the row's. `shifts` says how many
    digits a measure's point moves to the left.
    """

    preset: Preset
    header: Sequence[str]
    positions: Mapping[str, int]
    constants: Mapping[str, str]
    shifts: Mapping[str, int]
    last_day: int | None = None
    currency: int | None = None

    def column(self, name: str) -> str:
        """Return what the file calls a field."""
        return self.header[self.positions[name]] if name in self.positions else f"--set {name}"


@dataclass(frozen=True, slots=True)
class _Header:
    """The header of a file, as it is and as normal names, and the options for it."""

    file: str
    columns: Sequence[str]
    names: Sequence[str]
    options: Options


def map_columns(columns: Sequence[str], options: Options, file: str, currency: str) -> ColumnMap:
    """Find every field of the record in the header, the options or the preset; without `preset`, guess the preset.

    Raises LoadRefused, which names all missing fields, and where a column of money is in another currency.
    """
    header = _Header(file, columns, [normal_name(column) for column in columns], options)
    preset = PRESETS[options.preset] if options.preset else _guess(header.names)
    positions: dict[str, int] = {}
    constants = dict(options.constants)
    missing = []
    for field in RECORD:
        if field in constants:
            continue
        if field not in options.columns and field in preset.constants:
            constants[field] = preset.constants[field]
            continue
        indexes = _find(field, header, preset)
        if len(indexes) > 1:
            raise LoadRefused(
                f"{file} has {len(indexes)} columns {columns[indexes[0]]!r}; name the one meant by its number: "
                + " or ".join(f"--map {field}=#{index + 1}" for index in indexes)
            )
        if indexes:
            positions[field] = indexes[0]
        elif field in preset.unreported and field not in options.columns:
            constants[field] = "0"
        else:
            missing.append(field)
    if missing:
        raise LoadRefused(_missing_text(missing, header, preset))
    _check_currency(header, positions, currency)
    return ColumnMap(
        preset,
        columns,
        positions,
        constants,
        {field: _MICROS for field, index in positions.items() if header.names[index].endswith("_micros")},
        _last_day(header, positions),
        next((index for index, name in enumerate(header.names) if name.rpartition(".")[2] in CURRENCY_CODES), None),
    )


def count_known(cells: Sequence[str], options: Options) -> int:
    """Return how many cells of a row are names of columns: the row with most is the header."""
    mapped = set(options.columns.values())
    return sum(1 for cell in cells if cell.strip() in mapped or _is_known(normal_name(cell)))


def _is_known(name: str) -> bool:
    return name in _KNOWN or name.rpartition(".")[2] in _KNOWN


_KNOWN = frozenset().union(
    *(preset.all_names for preset in PRESETS.values()), RANGE_ENDS.values(), CURRENCY_CODES, *LOOK_ALIKES.values()
)


def _guess(names: Sequence[str]) -> Preset:
    """Return the preset with most distinctive names among these, else the canonical one."""
    counts = {
        preset.name: sum(1 for known in distinctive_names(preset) if any(is_called(name, known) for name in names))
        for preset in PRESETS.values()
        if preset is not CANONICAL
    }
    best = max(counts, key=lambda name: counts[name])
    is_clear = counts[best] and list(counts.values()).count(counts[best]) == 1
    return PRESETS[best] if is_clear else CANONICAL


def _find(field: str, header: _Header, preset: Preset) -> Sequence[int]:
    """Return the indexes of the columns that are called what the field is: those of the best name that any has."""
    names = list(enumerate(header.names))
    if (mapped := header.options.columns.get(field)) is not None:
        columns = enumerate(header.columns)
        exact = [index for index, column in columns if column.strip() == mapped or mapped == f"#{index + 1}"]
        return exact or [index for index, name in names if name == normal_name(mapped)]
    for known in preset.names(field):
        exact = [index for index, name in names if name == known]
        if indexes := exact or [index for index, name in names if is_called(name, known)]:
            return indexes
    return []


def _last_day(header: _Header, positions: Mapping[str, int]) -> int | None:
    if "date" not in positions or "date" in header.options.columns:
        return None
    first = header.names[positions["date"]]
    last = RANGE_ENDS.get(first)
    if last is None:
        return None
    if last not in header.names:
        raise LoadRefused(
            f"{header.file} has the first day of each row but not the last, {last!r}: say that rows are of one day "
            f"with --map date={first}."
        )
    return header.names.index(last)


def _check_currency(header: _Header, positions: Mapping[str, int], currency: str) -> None:
    stated = header.options.currency
    if stated and stated != currency:
        raise LoadRefused(f"{header.file} is in {stated}, as --currency says; this database is in {currency}.")
    for field in _MONEY & positions.keys():
        column = header.columns[positions[field]]
        code = re.search(r"\(([A-Z]{3})\)", column)
        if code and code[1] != currency:
            raise LoadRefused(f"{header.file}: {column!r} is in {code[1]}, this database in {currency}.")


def _missing_text(missing: Sequence[str], header: _Header, preset: Preset) -> str:
    lines = [
        f"{header.file}, read as {preset.name}, lacks {len(missing)} of the record's fields. "
        f"Its columns are: {', '.join(header.columns)}."
    ]
    lines += [f"  {field}: {_advice(field, header)}" for field in missing]
    if not header.options.preset and (likely := _likely_presets(header.names, preset)):
        lines.append(f"  Its columns are most like those of {' or '.join(likely)}: try --preset {likely[0]}.")
    labels = [name for name in missing if name in LABELLED_NAMES and name not in header.options.columns]
    if labels:
        settings = " ".join(f'--set {name}="{NOT_SET}"' for name in labels)
        lines.append(
            "  Exports of one account by different breakdowns overlap: a file by age and gender counts the same"
            f" impressions as one by region. Load one of them, with {settings} for what it lacks."
        )
    return "\n".join(lines)


def _advice(field: str, header: _Header) -> str:
    if (mapped := header.options.columns.get(field)) is not None:
        close = nearest(mapped, header.columns, 1)
        suggestion = f"; did you mean {close[0]!r}" if close else ""
        return f"there is no column {mapped!r}{suggestion}."
    columns = list(zip(header.names, header.columns, strict=True))
    if look_alikes := [column for name, column in columns if name in LOOK_ALIKES.get(field, ())]:
        column = look_alikes[0]
        return f"{column!r} counts something else; if that is what you want, --map {field}={_quoted(column)}."
    known = {name for preset in PRESETS.values() for name in preset.names(field)}
    column = next((_quoted(column) for name, column in columns if name in known), "COLUMN")
    if field in MEASURE_NAMES:
        return f"give its column, --map {field}={column}, or say that there is none, --set {field}=0."
    if field == "date":
        return f"give its column, --map {field}={column}, or one date for all rows, --set {field}=YYYY-MM-DD."
    return f"give its column, --map {field}={column}, or one label for all rows, --set {field}=LABEL."


def _likely_presets(names: Sequence[str], tried: Preset) -> list[str]:
    counts = {
        preset.name: sum(
            1 for field in RECORD if any(is_called(name, known) for name in names for known in preset.names(field))
        )
        for preset in PRESETS.values()
    }
    most = max(counts.values())
    return [name for name, count in counts.items() if count == most] if most > counts[tried.name] else []


def _quoted(column: str) -> str:
    return f'"{column}"' if re.search(r"[^\w.\[\]/-]", column) else column
