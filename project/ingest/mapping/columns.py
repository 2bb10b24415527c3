"""Map: a file's header to the canonical record, by a preset and by what the caller said."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from project.catalog import MEASURES, NOT_SET
from project.errors import LoadRefused
from project.ingest.mapping.presets import (
    CANONICAL,
    CURRENCY_CODES,
    LOOK_ALIKES,
    PRESETS,
    RANGE_ENDS,
    RECORD,
    Preset,
    is_called,
    normal_name,
    telling,
)
from project.ingest.options import Options
from project.suggestions import nearest

_MEASURES = frozenset(measure.name for measure in MEASURES)
_MONEY = frozenset(measure.name for measure in MEASURES if measure.unit == "currency")
_MICROS = 6


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Where each field of the record comes from: `positions` in the row, or `constants` for the whole file.

    `last_day` is the column that must equal the date, `currency` the one that names the row's; `shifts` says how many
    places a measure's point moves to the left.
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


def mapped(header: Sequence[str], options: Options, file: str, currency: str) -> ColumnMap:
    """Find every field of the record in the header, the options or the preset, which is guessed where it is not said.

    Raises LoadRefused, naming all that is missing, and where a column of money is in another currency.
    """
    names = [normal_name(cell) for cell in header]
    preset = PRESETS[options.preset] if options.preset else _guessed(names)
    positions: dict[str, int] = {}
    constants = dict(options.constants)
    missing = []
    for name in RECORD:
        if name in constants:
            continue
        if name not in options.columns and name in preset.constants:
            constants[name] = preset.constants[name]
            continue
        found = _found(name, header, names, options, preset)
        if len(found) > 1:
            raise LoadRefused(
                f"{file} has {len(found)} columns {header[found[0]]!r}; name the one meant by its number: "
                + " or ".join(f"--map {name}=#{index + 1}" for index in found)
            )
        if found:
            positions[name] = found[0]
        elif name in preset.unreported and name not in options.columns:
            constants[name] = "0"
        else:
            missing.append(name)
    if missing:
        raise LoadRefused(_missing(missing, header, names, options, preset, file))
    _check_currency(header, positions, options, file, currency)
    return ColumnMap(
        preset,
        header,
        positions,
        constants,
        {name: _MICROS for name, place in positions.items() if names[place].endswith("_micros")},
        _last_day(names, positions, options, file),
        next((place for place, name in enumerate(names) if name.rpartition(".")[2] in CURRENCY_CODES), None),
    )


def recognised(cells: Sequence[str], options: Options) -> int:
    """Return how many cells of a row are names of columns: by that a header is found among other lines."""
    wanted = set(options.columns.values())
    return sum(1 for cell in cells if cell.strip() in wanted or _is_known(normal_name(cell)))


def _is_known(name: str) -> bool:
    return name in _KNOWN or name.rpartition(".")[2] in _KNOWN


_KNOWN = frozenset(name for preset in PRESETS.values() for one in RECORD for name in preset.names(one)) | {
    *RANGE_ENDS.values(),
    *CURRENCY_CODES,
    *(name for names in LOOK_ALIKES.values() for name in names),
}


def _guessed(names: Sequence[str]) -> Preset:
    """Return the preset that most columns tell of, else the canonical one."""
    told = {
        preset.name: sum(1 for known in telling(preset) if any(is_called(name, known) for name in names))
        for preset in PRESETS.values()
        if preset is not CANONICAL
    }
    best = max(told, key=lambda name: told[name])
    alone = told[best] and list(told.values()).count(told[best]) == 1
    return PRESETS[best] if alone else CANONICAL


def _found(field: str, header: Sequence[str], names: Sequence[str], options: Options, preset: Preset) -> Sequence[int]:
    """Return the columns that are called what the field is: those of the best name that any has."""
    if (asked := options.columns.get(field)) is not None:
        if exact := [index for index, cell in enumerate(header) if cell.strip() == asked or asked == f"#{index + 1}"]:
            return exact
        return [index for index, name in enumerate(names) if name == normal_name(asked)]
    for known in preset.names(field):
        for found in (
            [index for index, name in enumerate(names) if name == known],
            [index for index, name in enumerate(names) if is_called(name, known)],
        ):
            if found:
                return found
    return []


def _last_day(names: Sequence[str], positions: Mapping[str, int], options: Options, file: str) -> int | None:
    if "date" not in positions or "date" in options.columns:
        return None
    last = RANGE_ENDS.get(names[positions["date"]])
    if last is None:
        return None
    if last not in names:
        raise LoadRefused(
            f"{file} has the first day of each row but not the last, {last!r}: say that rows are of one day with "
            f"--map date={names[positions['date']]}."
        )
    return names.index(last)


def _check_currency(
    header: Sequence[str], positions: Mapping[str, int], options: Options, file: str, currency: str
) -> None:
    if options.currency and options.currency != currency:
        raise LoadRefused(f"{file} is in {options.currency}, as --currency says; this database is in {currency}.")
    for name in _MONEY & positions.keys():
        said = re.search(r"\(([A-Z]{3})\)", header[positions[name]])
        if said and said[1] != currency:
            raise LoadRefused(f"{file}: {header[positions[name]]!r} is in {said[1]}, this database in {currency}.")


def _missing(
    missing: Sequence[str],
    header: Sequence[str],
    names: Sequence[str],
    options: Options,
    preset: Preset,
    file: str,
) -> str:
    lines = [
        f"{file}, read as {preset.name}, lacks {len(missing)} of the record's fields. "
        f"Its columns are: {', '.join(header)}."
    ]
    lines += [f"  {name}: {_advice(name, header, names, options)}" for name in missing]
    if not options.preset and (likely := _likely(names, preset)):
        lines.append(f"  Its columns are most like those of {' or '.join(likely)}: try --preset {likely[0]}.")
    lacking = [name for name in missing if name not in _MEASURES and name != "date" and name not in options.columns]
    if lacking:
        settings = " ".join(f'--set {name}="{NOT_SET}"' for name in lacking)
        lines.append(
            "  Exports of one account by different breakdowns overlap: a file by age and gender counts the same"
            f" impressions as one by region. Load one of them, with {settings} for what it lacks."
        )
    return "\n".join(lines)


def _advice(field: str, header: Sequence[str], names: Sequence[str], options: Options) -> str:
    if field in options.columns:
        close = nearest(options.columns[field], header, 1)
        meant = f"; did you mean {close[0]!r}" if close else ""
        return f"there is no column {options.columns[field]!r}{meant}."
    alike = [header[place] for place, name in enumerate(names) if name in LOOK_ALIKES.get(field, ())]
    if alike:
        return f"{alike[0]!r} counts something else; if that is what you want, --map {field}={_quoted(alike[0])}."
    elsewhere = {name for preset in PRESETS.values() for name in preset.names(field)}
    others = [header[place] for place, name in enumerate(names) if name in elsewhere]
    column = _quoted(others[0]) if others else "COLUMN"
    if field in _MEASURES:
        return f"give its column, --map {field}={column}, or say that there is none, --set {field}=0."
    if field == "date":
        return f"give its column, --map {field}={column}, or one date for all rows, --set {field}=YYYY-MM-DD."
    return f"give its column, --map {field}={column}, or one label for all rows, --set {field}=LABEL."


def _likely(names: Sequence[str], tried: Preset) -> list[str]:
    found = {
        preset.name: sum(
            1 for field in RECORD if any(is_called(name, known) for name in names for known in preset.names(field))
        )
        for preset in PRESETS.values()
    }
    most = max(found.values())
    return [name for name, count in found.items() if count == most] if most > found[tried.name] else []


def _quoted(column: str) -> str:
    return f'"{column}"' if re.search(r"[^\w.\[\]/-]", column) else column
