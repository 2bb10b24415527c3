"""Parse: the query parameters of all resources as Pydantic models, derived from the catalogue.

A model checks everything, labels included, before any query runs, and finds all faults at once: each check is a
field's own, and one that concerns several fields belongs to the last of them.
"""

import csv
import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    create_model,
)
from pydantic_core import PydanticCustomError

from project.catalog import DATE_PRESETS, DIMENSIONS, LABELLED_DIMENSIONS, MEASURES, Measure
from project.errors import Fault
from project.query import cursor
from project.query.filters import Filters, unknown_label
from project.query.order import SORTABLE, SortKey
from project.query.rows import FIELDS, RowsQuestion
from project.store import labels
from project.store.labels import nearest

LARGEST_LIMIT = 1000
_DIMENSION_NAMES = tuple(dimension.name for dimension in DIMENSIONS)
_LARGEST_COUNT = 2**63 - 1


def refused(fault: Fault) -> PydanticCustomError:
    """Return the fault as an error that Pydantic collects; `web.faults` turns it back."""
    return PydanticCustomError(cast("Any", fault.code), "{detail}", {"detail": fault.detail, "fault": fault})


class NoParameters(BaseModel):
    """A resource without parameters refuses all."""

    model_config = ConfigDict(extra="forbid")


def _iso_date(value: Any, info: ValidationInfo) -> Any:
    if value is None or isinstance(value, date):
        return value
    text = str(value)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        with suppress(ValueError):
            return date.fromisoformat(text)
    detail = f"{text!r} is not a date; expected YYYY-MM-DD."
    raise refused(Fault(str(info.field_name), "invalid_date", detail, text, tuple(_dates_meant(text))))


def _dates_meant(text: str) -> Iterable[str]:
    """Yield the ISO dates that somebody may have meant."""
    if parts := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text, re.ASCII):
        year, month, day = map(int, parts.groups())
        if year and 1 <= month <= 12:
            yield date(year, month, max(1, min(day, monthrange(year, month)[1]))).isoformat()
    meant = set()
    for spelling in ("%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m"):
        with suppress(ValueError):
            meant.add(datetime.strptime(text.removesuffix("Z"), spelling).date().isoformat())  # noqa: DTZ007 - a day
    yield from sorted(meant)


def _not_before_start(day: date | None, info: ValidationInfo) -> date | None:
    start = info.data.get("date_from")
    if day and start and day < start:
        detail = f"date_to {day} is before date_from {start}; both are inclusive."
        raise refused(Fault("date_to", "empty_range", detail, day.isoformat(), (start.isoformat(),)))
    return day


def _known_preset(preset: str | None, info: ValidationInfo) -> str | None:
    if preset is None:
        return None
    if preset not in DATE_PRESETS:
        raise refused(_not_one_of("date_preset", preset, DATE_PRESETS))
    if info.data.get("date_from") or info.data.get("date_to"):
        detail = "date_preset stands instead of date_from and date_to; give one or the other."
        raise refused(Fault("date_preset", "conflicting_parameters", detail, preset))
    return preset


def _not_one_of(parameter: str, value: str, allowed: Iterable[str]) -> Fault:
    allowed = tuple(allowed)
    detail = f"{value!r} is none of: {', '.join(allowed)}."
    return Fault(parameter, "invalid_value", detail, value, nearest(value, allowed))


def _parts(values: Any) -> list[str]:
    """Split values at commas; quotes keep a comma that belongs to a label: `"Paris, Texas"`."""
    given = [values] if isinstance(values, str) else list(values or ())
    return [part for value in given for part in _split(value)]


def _split(value: str) -> list[str]:
    if "," not in value:
        return [value]
    try:
        [row] = csv.reader([value], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        return value.split(",")
    return row


def _label_parts(dimension: str, values: Any) -> list[str]:
    known = labels.current()[dimension]
    given = [values] if isinstance(values, str) else list(values or ())
    # A label that has commas itself may be given as it is, alone.
    return [part for value in given for part in ([value] if known.number(value) else _split(value))]


def _known_label(dimension: str, label: str, info: ValidationInfo) -> str:
    known = labels.current()[dimension]
    number = known.number(label)
    if number is None:
        raise refused(unknown_label(str(info.field_name), dimension, label, labels.current()))
    return known.names[number]


def _something_left(dropped: list[str], info: ValidationInfo) -> list[str]:
    name = str(info.field_name).removeprefix("exclude_")
    kept = info.data.get(name)
    if kept and set(kept) <= set(dropped):
        detail = f"{info.field_name} drops every {name.replace('_', ' ')} that {name} keeps; nothing could match."
        raise refused(Fault(str(info.field_name), "contradictory_filters", detail, ", ".join(dropped)))
    return sorted(set(dropped))


def _not_below_minimum(number: Any, info: ValidationInfo) -> Any:
    name = str(info.field_name).removeprefix("max_")
    minimum = info.data.get(f"min_{name}")
    if number is not None and minimum is not None and number < minimum:
        detail = f"max_{name} {number} is less than min_{name} {minimum}; nothing could match."
        raise refused(Fault(f"max_{name}", "empty_range", detail, str(number), (str(minimum),)))
    return number


class DateParameters(NoParameters):
    """Which days."""

    date_from: Annotated[date | None, BeforeValidator(_iso_date)] = Field(
        None, description="The first day, inclusive; without it, all there is.", examples=["2024-03-01"]
    )
    date_to: Annotated[date | None, BeforeValidator(_iso_date), AfterValidator(_not_before_start)] = Field(
        None, description="The last day, inclusive; without it, all there is.", examples=["2024-03-31"]
    )
    date_preset: Annotated[str | None, AfterValidator(_known_preset)] = Field(
        None,
        description="Instead of the two dates, days relative to today in the service's time zone; `last_…` excludes "
        "today. The dates that it stands for are in `meta`.",
        json_schema_extra={"enum": list(DATE_PRESETS)},
        examples=["last_28d"],
    )


def _filter_fields() -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for dimension in LABELLED_DIMENSIONS:
        label = Annotated[str, AfterValidator(partial(_known_label, dimension.name))]
        split = BeforeValidator(partial(_label_parts, dimension.name))
        fields[dimension.name] = (
            Annotated[list[label], split, AfterValidator(lambda kept: sorted(set(kept)))],
            Field(
                default_factory=list,
                description=f"Keep only these. {dimension.description}",
                examples=[dimension.example],
            ),
        )
        fields[f"exclude_{dimension.name}"] = (
            Annotated[list[label], split, AfterValidator(_something_left)],
            Field(
                default_factory=list, description=f"Drop these. {dimension.description}", examples=[dimension.example]
            ),
        )
    for measure in MEASURES:
        kind = _number_kind(measure)
        fields[f"min_{measure.name}"] = (
            kind | None,
            Field(None, description=f"At least so much, inclusive. {measure.description}", examples=[1]),
        )
        fields[f"max_{measure.name}"] = (
            Annotated[kind | None, AfterValidator(_not_below_minimum)],
            Field(None, description=f"At most so much, inclusive. {measure.description}", examples=[1000]),
        )
    return fields


def _number_kind(measure: Measure) -> Any:
    if measure.decimals:
        return Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=measure.decimals)]
    return Annotated[int, Field(ge=0, le=_LARGEST_COUNT)]


if TYPE_CHECKING:
    _Filterable = DateParameters
else:
    _Filterable = create_model("_Filterable", __base__=DateParameters, **_filter_fields())


class FilterParameters(_Filterable):
    """The common filters: days, labels kept and dropped, bounds of measures."""

    def filters(self, today: date) -> Filters:
        """Return the filters; a preset is counted from today."""
        given = self.model_dump(exclude_defaults=True)
        date_from, date_to = self.date_from, self.date_to
        if self.date_preset:
            date_from, date_to = DATE_PRESETS[self.date_preset](today)
        return Filters(
            date_from,
            date_to,
            keep=_pairs(given, (dimension.name for dimension in LABELLED_DIMENSIONS), "", tuple),
            drop=_pairs(given, (dimension.name for dimension in LABELLED_DIMENSIONS), "exclude_", tuple),
            at_least=_pairs(given, (measure.name for measure in MEASURES), "min_"),
            at_most=_pairs(given, (measure.name for measure in MEASURES), "max_"),
        )


def _pairs(
    given: dict[str, Any], names: Iterable[str], prefix: str, kind: Callable[[Any], Any] = lambda value: value
) -> tuple[tuple[str, Any], ...]:
    return tuple((name, kind(given[prefix + name])) for name in names if prefix + name in given)


def _one_of(allowed: Sequence[str], value: str, info: ValidationInfo) -> str:
    if value not in allowed:
        raise refused(_not_one_of(str(info.field_name), value, allowed))
    return value


def _sort_key(value: str, info: ValidationInfo) -> str:
    _one_of(SORTABLE, value.removeprefix("-"), info)
    return value


def _named_once(values: list[str], info: ValidationInfo) -> list[str]:
    seen: set[str] = set()
    for value in values:
        name = value.removeprefix("-")
        if name in seen:
            raise refused(Fault(str(info.field_name), "repeated_value", f"{name!r} stands twice.", value))
        seen.add(name)
    return values


def _expanded_are_shown(expand: list[str], info: ValidationInfo) -> list[str]:
    shown = info.data.get("fields")
    for name in expand:
        if shown and name not in shown:
            detail = f"expand names {name!r}, which fields leaves out."
            raise refused(
                Fault("expand", "conflicting_parameters", detail, name, (f"fields={','.join([*shown, name])}",))
            )
    return expand


def _whole_cursor(text: str | None) -> str | None:
    if text is not None:
        try:
            cursor.decode(text)
        except cursor.MalformedCursor as error:
            raise refused(cursor.MALFORMED) from error
    return text


class RowsParameters(FilterParameters):
    """What `GET /v1/ad-metrics` takes."""

    sort: Annotated[
        list[Annotated[str, AfterValidator(_sort_key)]], BeforeValidator(_parts), AfterValidator(_named_once)
    ] = Field(
        default_factory=list,
        description="Names to sort by, most important first; `-` is descending. Ties end in the natural key.",
        examples=["-cost,date"],
    )
    fields: Annotated[
        list[Annotated[str, AfterValidator(partial(_one_of, FIELDS))]],
        BeforeValidator(_parts),
        AfterValidator(_named_once),
    ] = Field(default_factory=list, description="Show only these fields.", examples=["date,platform,cost"])
    expand: Annotated[
        list[Annotated[str, AfterValidator(partial(_one_of, _DIMENSION_NAMES))]],
        BeforeValidator(_parts),
        AfterValidator(_named_once),
        AfterValidator(_expanded_are_shown),
    ] = Field(
        default_factory=list,
        description="Show these dimensions as objects with their numbers.",
        examples=["region,platform"],
    )
    count: bool = Field(False, description="Also count all rows that match, in `page.count`.", examples=["true"])
    limit: int = Field(100, ge=1, le=LARGEST_LIMIT, description="Rows a page.", examples=[100])
    cursor: Annotated[str | None, AfterValidator(_whole_cursor)] = Field(
        None, description="`page.next_cursor` of the page before, with the same filters and sort."
    )

    def question(self, today: date) -> RowsQuestion:
        """Return the question; raises InvalidRequest where the cursor belongs to another one."""
        sort = tuple(SortKey(key.removeprefix("-"), key.startswith("-")) for key in self.sort)
        question = RowsQuestion(self.filters(today), sort, self.limit, None, tuple(self.expand), self.count)
        return question.at(self.cursor) if self.cursor else question


class SearchParameters(NoParameters):
    """What `GET /v1/dimensions/{name}` takes."""

    search: str | None = Field(
        None, min_length=1, description="Only labels that contain this text, in any case.", examples=["cal"]
    )
