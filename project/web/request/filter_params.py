"""The query parameters that several resources take, as Pydantic models derived from the catalogue.

A model validates everything, labels included, before any query runs, and finds all faults at once. A validator that
concerns several fields belongs to the last of them.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model

from project.catalog import (
    DATE_PRESETS,
    LABELLED_DIMENSIONS,
    LABELLED_NAMES,
    MEASURE_NAMES,
    MEASURES,
    METRICS,
    Formula,
    Measure,
)
from project.catalog.natural_order import WEEKDAY, WEEKDAYS
from project.query.filters import Filters
from project.query.keyset import SortKey
from project.web.request.openapi import Int64
from project.web.request.validators import (
    decimal_number,
    iso_date,
    known_label,
    known_preset,
    named_once,
    not_before_start,
    not_below_minimum,
    one_of,
    readable_cursor,
    something_left,
    split_labels,
    split_list,
    whole_number,
)

LARGEST_LIMIT = 1000

FILTERED_NAMES = (*LABELLED_NAMES, WEEKDAY)
"""What filters include and exclude by label."""

SORTABLE_CHANGES = (
    *(f"{of}.{name}" for of in ("change", "absolute_change", "change_ratio") for name in METRICS),
    *(f"contribution.{name}" for name in MEASURE_NAMES),
)
"""What else groups that are compared sort by."""

Item = TypeVar("Item")
NameList = Annotated[list[Item], BeforeValidator(split_list), AfterValidator(named_once)]
"""A list of names, none of them repeated."""


class NoParameters(BaseModel):
    """No parameter; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid")


class DataParameters(NoParameters):
    """Which state of the data."""

    min_version: Annotated[Int64, Field(ge=0, le=10**18 - 1), BeforeValidator(whole_number)] | None = Field(
        None,
        description="Answer from this data version or a newer one: that of a load which the answer must have.",
        examples=[0],
    )


class DateParameters(DataParameters):
    """Which days."""

    date_from: Annotated[date, BeforeValidator(iso_date)] | None = Field(
        None, description="The first day, inclusive; without it, all there is.", examples=["2024-03-01"]
    )
    date_to: Annotated[date, BeforeValidator(iso_date), AfterValidator(not_before_start)] | None = Field(
        None, description="The last day, inclusive; without it, all there is.", examples=["2024-03-31"]
    )
    date_preset: Annotated[str, AfterValidator(known_preset)] | None = Field(
        None,
        description="Instead of the two dates, days relative to today in the service's time zone; `last_…` excludes "
        "today. The dates that it stands for are in `meta`.",
        json_schema_extra={"enum": list(DATE_PRESETS)},
        examples=["last_28d"],
    )

    def filters(self, today: date) -> Filters:
        """Return the filters; a preset is counted from today."""
        date_from, date_to = self.date_from, self.date_to
        if self.date_preset:
            date_from, date_to = DATE_PRESETS[self.date_preset](today)
        return Filters(
            date_from,
            date_to,
            include=tuple((name, tuple(labels)) for name, labels in _given(self, "", FILTERED_NAMES)),
            exclude=tuple((name, tuple(labels)) for name, labels in _given(self, "exclude_", FILTERED_NAMES)),
            minimum=_given(self, "min_", METRICS),
            maximum=_given(self, "max_", METRICS),
        )


def label_fields(names: Iterable[str]) -> dict[str, Any]:
    """Return the fields that include and exclude labels of these dimensions, as `create_model` takes them."""
    fields: dict[str, Any] = {}
    for dimension in (dimension for dimension in LABELLED_DIMENSIONS if dimension.name in names):
        label = Annotated[str, AfterValidator(partial(known_label, dimension.name))]
        split = BeforeValidator(partial(split_labels, dimension.name))
        for name, validator, effect in (
            (dimension.name, lambda labels: sorted(set(labels)), "Include only"),
            (f"exclude_{dimension.name}", something_left, "Exclude"),
        ):
            description = f"{effect} these. {dimension.description}"
            field: Any = Field(default_factory=list, description=description, examples=[[dimension.example]])
            fields[name] = (Annotated[list[label], split, AfterValidator(validator)], field)
    return fields


def _weekday_fields() -> dict[str, Any]:
    fields: dict[str, Any] = {}
    weekday: Any = Annotated[str, BeforeValidator(str.lower), AfterValidator(partial(one_of, WEEKDAYS))]
    for name, checked, effect in ((WEEKDAY, list, "Include only"), (f"exclude_{WEEKDAY}", something_left, "Exclude")):
        weekdays: Any = Annotated[
            list[weekday], BeforeValidator(split_list), AfterValidator(checked), AfterValidator(_in_order)
        ]
        description = f"{effect} these days of the week: `{' '.join(WEEKDAYS)}`."
        items: Any = {"items": {"type": "string", "enum": list(WEEKDAYS)}}
        field: Any = Field(
            default_factory=list, description=description, json_schema_extra=items, examples=[["sat", "sun"]]
        )
        fields[name] = (weekdays, field)
    return fields


def _in_order(weekdays: list[str]) -> list[str]:
    return sorted(set(weekdays), key=WEEKDAYS.index)


if TYPE_CHECKING:
    _Filterable = DateParameters
else:
    _Filterable = create_model(
        "_Filterable", __base__=DateParameters, **label_fields(LABELLED_NAMES), **_weekday_fields()
    )


class FilterParameters(_Filterable):
    """The common filters: days, and labels to include and exclude; models derived from it bound measures or metrics."""


def sort_keys(names: Iterable[str]) -> tuple[SortKey, ...]:
    """Return the keys that a validated `sort` names."""
    return tuple(SortKey(name.removeprefix("-"), name.startswith("-")) for name in names)


def _given(params: BaseModel, prefix: str, names: Iterable[str]) -> tuple[tuple[str, Any], ...]:
    """Return the dimensions or metrics that are given with this prefix, and their values."""
    given = params.model_fields_set
    return tuple((name, getattr(params, prefix + name)) for name in names if prefix + name in given)


def bounded(name: str, metrics: Iterable[Measure | Formula]) -> Any:
    """Return the common filters as a model that also takes bounds of these metrics."""
    fields: dict[str, Any] = {}
    for metric in metrics:
        number = _number_kind(metric)
        minimum = Field(None, description=f"At least so much, inclusive. {metric.description}", examples=[0])
        maximum = Field(None, description=f"At most so much, inclusive. {metric.description}", examples=[1000])
        fields[f"min_{metric.name}"] = (number | None, minimum)
        fields[f"max_{metric.name}"] = (Annotated[number, AfterValidator(not_below_minimum)] | None, maximum)
    return create_model(name, __base__=FilterParameters, **fields)


def _number_kind(metric: Measure | Formula) -> Any:
    if isinstance(metric, Formula):
        schema = WithJsonSchema({"type": "number", "minimum": 0})
        return Annotated[Decimal, Field(ge=0, max_digits=40), BeforeValidator(decimal_number), schema]
    if metric.decimals:
        digits = Field(ge=0, max_digits=18, decimal_places=metric.decimals)
        schema = WithJsonSchema({"type": "number", "minimum": 0, "exclusiveMaximum": metric.bound})
        return Annotated[Decimal, digits, BeforeValidator(decimal_number), schema]
    return Annotated[Int64, Field(ge=0, le=metric.bound - 1), BeforeValidator(whole_number)]


if TYPE_CHECKING:
    RowFilterParameters = FilterParameters
else:
    RowFilterParameters = bounded("RowFilterParameters", MEASURES)


class PageParameters(DataParameters):
    """Which page of an answer."""

    limit: Annotated[int, Field(ge=1, le=LARGEST_LIMIT), BeforeValidator(whole_number)] = Field(
        100, description="Rows a page, by default 100; of a file only the first, by default all.", examples=[100]
    )
    cursor: Annotated[str, AfterValidator(readable_cursor)] | None = Field(
        None,
        description="`page.next_cursor` of the page before, with the same filters and sort. It goes on "
        "over the data as it is now; `meta.data_version` tells whether that moved.",
    )

    @property
    def given_limit(self) -> int | None:
        """The limit that was given; None where it is the default."""
        return self.limit if "limit" in self.model_fields_set else None
