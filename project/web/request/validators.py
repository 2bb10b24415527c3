"""The validators of single parameters. Each raises what Pydantic collects; a fault says the nearest thing that works.

The context of a validation is the labels of one data version (`web.request.query_string`).
"""

import csv
import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, cast

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from project.catalog import DATE_PRESETS, GRAINS, LABELLED_NAMES
from project.catalog.natural_order import WEEKDAY, WEEKDAYS
from project.errors import Fault
from project.query import cursors
from project.query.filters import unknown_label
from project.store.warehouse.labels import Labels
from project.store.warehouse.ledger import LEDGER_NAMES
from project.suggestions import nearest

GROUPABLE = (*GRAINS, WEEKDAY, *LABELLED_NAMES)
"""What a report can group by."""

MOST_VALUES = 1000
"""The limit of values in a list."""


def refused(fault: Fault) -> PydanticCustomError:
    """Return a fault as an error that Pydantic collects; `web.request.validation_errors` returns the fault."""
    return PydanticCustomError(cast("Any", fault.code), "{detail}", {"detail": fault.detail, "fault": fault})


def iso_date(text: str, info: ValidationInfo) -> date:
    """Parse a date written as YYYY-MM-DD; refuse numbers and times."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        with suppress(ValueError):
            return date.fromisoformat(text)
    detail = f"{text!r} is not a date; expected YYYY-MM-DD."
    raise refused(Fault(str(info.field_name), "invalid_date", detail, text, tuple(_possible_dates(text))))


def moment(text: str, info: ValidationInfo) -> int | datetime:
    """Parse a data version, or an RFC 3339 time."""
    if re.fullmatch(r"\d{1,18}", text, re.ASCII):
        return int(text)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([Zz]|[+-]\d{2}:\d{2})", text, re.ASCII):
        with suppress(ValueError, OverflowError):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    detail = f"{text!r} is neither a data version such as 12 nor a time such as 2024-03-01T06:00:00Z, with its offset."
    suggestions = tuple(f"{day}T00:00:00Z" for day in _possible_dates(text.replace(" ", "T")))
    raise refused(Fault(str(info.field_name), "invalid_value", detail, text, suggestions))


def in_ledger(known_at: int | datetime, info: ValidationInfo) -> int | datetime:
    """Refuse for `as_of` a dimension that the ledger has not."""
    for name in LABELLED_NAMES:
        parameters = [name, f"exclude_{name}"]
        used = [f"group_by={name}"] if name in (info.data.get("group_by") or ()) else []
        used += [f"split={name}"] if name == info.data.get("split") else []
        used += [parameter for parameter in parameters if info.data.get(parameter)]
        if used and name not in LEDGER_NAMES:
            detail = (
                f"What was known before is recorded by day and platform, not by {name.replace('_', ' ')}: as_of"
                f" and {used[0]} exclude each other."
            )
            raise refused(Fault("as_of", "conflicting_parameters", detail, str(known_at), ("group_by=date,platform",)))
    return known_at


def not_before_start(day: date, info: ValidationInfo) -> date:
    """Refuse a `date_to` before `date_from`."""
    start = info.data.get("date_from")
    if start and day < start:
        detail = f"date_to {day} is before date_from {start}; both are inclusive."
        raise refused(Fault("date_to", "empty_range", detail, day.isoformat(), (start.isoformat(),)))
    return day


def known_preset(preset: str, info: ValidationInfo) -> str:
    """Refuse an unknown preset, and a preset beside a date."""
    one_of(tuple(DATE_PRESETS), preset, info)
    if info.data.get("date_from") or info.data.get("date_to"):
        detail = "date_preset replaces date_from and date_to; give one or the other."
        raise refused(Fault("date_preset", "conflicting_parameters", detail, preset))
    return preset


def split_list(texts: Sequence[str], info: ValidationInfo) -> list[str]:
    """Split values at commas; a comma inside quotes belongs to its label: `"Paris, Texas"`."""
    return _not_too_many([part for text in texts for part in _split(text)], info)


def split_labels(dimension: str, texts: Sequence[str], info: ValidationInfo) -> list[str]:
    """Split labels at commas, unless a label with commas is given alone."""
    known = cast("Labels", info.context)[dimension]
    parts = [part for text in texts for part in ([text] if known.id(text) else _split(text))]
    return _not_too_many(parts, info)


def whole_number(text: str, info: ValidationInfo) -> str:
    """Refuse what Python parses as a number and people do not: 1_0, ٣, 1.0."""
    if not re.fullmatch(r"-?\d+", text, re.ASCII):
        raise refused(Fault(str(info.field_name), "invalid_value", f"{text!r} is not a whole number.", text))
    return text


def decimal_number(text: str, info: ValidationInfo) -> str:
    """Refuse what Python parses as a decimal number and people do not: 1e3, NaN, ٣."""
    if not re.fullmatch(r"-?\d+(\.\d+)?", text, re.ASCII):
        detail = f"{text!r} is not a decimal number such as 12.5."
        raise refused(Fault(str(info.field_name), "invalid_value", detail, text))
    return text


def known_label(dimension: str, label: str, info: ValidationInfo) -> str:
    """Return the label as it is stored; refuse one that no fact ever had."""
    labels = cast("Labels", info.context)
    id_ = labels[dimension].id(label)
    if id_ is None:
        raise refused(unknown_label(str(info.field_name), dimension, label, labels))
    return labels[dimension].labels[id_]


def something_left(excluded: list[str], info: ValidationInfo) -> list[str]:
    """Refuse exclusions that leave nothing of what is included."""
    name = str(info.field_name).removeprefix("exclude_")
    included = info.data.get(name) or (WEEKDAYS if name == WEEKDAY else ())
    if included and set(included) <= set(excluded):
        label = name.replace("_", " ")
        detail = f"{info.field_name} excludes every {label} that is included; nothing could match."
        raise refused(Fault(str(info.field_name), "contradictory_filters", detail, ", ".join(excluded)))
    return sorted(set(excluded))


def not_below_minimum(number: Any, info: ValidationInfo) -> Any:
    """Refuse a maximum below its minimum."""
    name = str(info.field_name).removeprefix("max_")
    minimum = info.data.get(f"min_{name}")
    if minimum is not None and number < minimum:
        detail = f"max_{name} {number} is less than min_{name} {minimum}; nothing could match."
        raise refused(Fault(f"max_{name}", "empty_range", detail, str(number), (str(minimum),)))
    return number


def one_of(allowed: Sequence[str], value: str, info: ValidationInfo) -> str:
    """Refuse a name that is not allowed."""
    if value not in allowed:
        detail = f"{value!r} is invalid; {info.field_name} must be one of: {', '.join(allowed)}."
        raise refused(Fault(str(info.field_name), "invalid_value", detail, value, nearest(value, allowed)))
    return value


def sort_key(allowed: Sequence[str], value: str, info: ValidationInfo) -> str:
    """Refuse a name that cannot sort; it may begin with `-`."""
    one_of(allowed, value.removeprefix("-"), info)
    return value


def named_once(values: list[str], info: ValidationInfo) -> list[str]:
    """Refuse a list with a repeated name."""
    names: set[str] = set()
    for value in values:
        name = value.removeprefix("-")
        if name in names:
            raise refused(Fault(str(info.field_name), "repeated_value", f"{name!r} is repeated.", value))
        names.add(name)
    return values


def one_grain(names: list[str], info: ValidationInfo) -> list[str]:
    """Refuse to group by two date grains."""
    grains = [name for name in names if name in GRAINS]
    if len(grains) > 1:
        detail = f"One date grain at a time, not {' and '.join(grains)}."
        alternatives = tuple(
            ",".join(name for name in names if name == grain or name not in GRAINS) for grain in grains
        )
        raise refused(Fault(str(info.field_name), "conflicting_parameters", detail, ",".join(names), alternatives))
    return names


def sortable(keys: list[str], info: ValidationInfo) -> list[str]:
    """Refuse to sort by a dimension that the report is not grouped by, or by a change without a comparison."""
    grouped, compared = info.data.get("group_by"), info.data.get("compare_to")
    for key in keys:
        name = key.removeprefix("-")
        if name.startswith("contribution.") and info.data.get("rolling"):
            detail = f"Rolling sums have each day several times, so no group has a {name}."
            raise refused(
                Fault("sort", "conflicting_parameters", detail, key, (key.replace("contribution", "change"),))
            )
        if "." in name and "compare_to" in info.data and not compared:
            detail = f"Sorting by {name} needs compare_to."
            raise refused(Fault("sort", "missing_parameter", detail, key, ("compare_to=previous_period",)))
        if name in GROUPABLE and grouped is not None and name not in grouped:
            detail = f"The report is not grouped by {name}, so it cannot sort by it."
            # A report has one grain at most.
            others = [other for other in grouped if not (name in GRAINS and other in GRAINS)]
            raise refused(
                Fault("sort", "conflicting_parameters", detail, key, (f"group_by={','.join([*others, name])}",))
            )
    return keys


def flat_files(name: str, info: ValidationInfo) -> str:
    """Refuse for a file or a picture what only JSON has: pages, and nested objects."""
    if name != "json" and info.data.get("cursor"):
        detail = f"A file has no pages: {name} holds everything, or the first `limit`."
    elif name != "json" and info.data.get("expand"):
        detail = f"expand nests objects, which {name} has no place for."
    else:
        return name
    raise refused(Fault("format", "conflicting_parameters", detail, name, ("format=json",)))


def in_pictures(formats: Sequence[str], value: Any, info: ValidationInfo) -> Any:
    """Refuse what says how a chart looks, for an answer that is none."""
    if info.data.get("format", formats[0]) not in formats:
        name = str(info.field_name)
        detail = f"{name} says how a chart looks, and the answer is {info.data['format'] or 'json'}."
        suggestions = tuple(f"format={format_}" for format_ in formats)
        raise refused(Fault(name, "conflicting_parameters", detail, value, suggestions))
    return value


def fillable(fill: bool, info: ValidationInfo) -> bool:
    """Refuse to fill the dates of a report that is not grouped by a date grain."""
    grouped = info.data.get("group_by")
    if fill and grouped is not None and not any(name in GRAINS or name == WEEKDAY for name in grouped):
        detail = "fill adds the dates without facts, and needs a date grain or weekday in group_by."
        raise refused(Fault("fill", "missing_parameter", detail, True, (f"group_by={','.join(['date', *grouped])}",)))
    return fill


def filters_are_counted(counts: bool, info: ValidationInfo) -> bool:
    """Refuse filters without counts, which would change nothing."""
    for name, value in info.data.items():
        if not counts and name not in ("search", "min_version") and value not in (None, []):
            detail = f"{name} filters what counts=true counts; without it, it does nothing."
            raise refused(Fault("counts", "missing_parameter", detail, suggestions=("counts=true",)))
    return counts


def expanded_are_shown(expand: list[str], info: ValidationInfo) -> list[str]:
    """Refuse to expand a dimension that `fields` leaves out."""
    shown = info.data.get("fields")
    for name in expand:
        if shown and name not in shown:
            detail = f"expand names {name!r}, which fields leaves out."
            raise refused(
                Fault("expand", "conflicting_parameters", detail, name, (f"fields={','.join([*shown, name])}",))
            )
    return expand


def readable_cursor(text: str) -> str:
    """Refuse a text that is not a cursor."""
    try:
        cursors.decode(text)
    except cursors.MalformedCursor as error:
        raise refused(cursors.MALFORMED) from error
    return text


def _possible_dates(text: str) -> Iterable[str]:
    """Yield the ISO dates that the text may mean."""
    if parts := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text, re.ASCII):
        year, month, day = map(int, parts.groups())
        if year and 1 <= month <= 12:
            yield date(year, month, max(1, min(day, monthrange(year, month)[1]))).isoformat()
    dates = set()
    for spelling in ("%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m"):
        with suppress(ValueError):
            dates.add(datetime.strptime(text.removesuffix("Z"), spelling).date().isoformat())  # noqa: DTZ007 - a day
    yield from sorted(dates)


def _not_too_many(values: list[str], info: ValidationInfo) -> list[str]:
    if len(values) > MOST_VALUES:
        detail = f"{len(values):,} values are too many for {info.field_name}; it takes {MOST_VALUES:,}."
        raise refused(Fault(str(info.field_name), "too_many_values", detail))
    return values


def _split(value: str) -> list[str]:
    if "," not in value:
        return [value]
    try:
        [row] = csv.reader([value], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        return value.split(",")
    return row
