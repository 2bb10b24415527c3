"""The query parameters of all resources as Pydantic models, derived from the catalogue.

A model checks everything, labels included, before any query runs, and finds all faults at once: each check is a
field's own, and one that concerns several fields belongs to the last of them.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    create_model,
)

from project.catalog import DATE_PRESETS, DIMENSIONS, LABELLED_DIMENSIONS, MEASURES, Measure
from project.query.filters import Filters
from project.query.order import SortKey
from project.query.rows import FIELDS, RowsQuestion
from project.web.checks import (
    decimal_number,
    expanded_are_shown,
    iso_date,
    known_label,
    known_preset,
    named_once,
    not_before_start,
    not_below_minimum,
    one_of,
    something_left,
    sort_key,
    split_labels,
    split_list,
    whole_cursor,
    whole_number,
)

LARGEST_LIMIT = 1000
_DIMENSION_NAMES = tuple(dimension.name for dimension in DIMENSIONS)
_LARGEST_COUNT = 2**63 - 1


class NoParameters(BaseModel):
    """A resource without parameters refuses all."""

    model_config = ConfigDict(extra="forbid")


class DateParameters(NoParameters):
    """Which days."""

    date_from: Annotated[date | None, BeforeValidator(iso_date)] = Field(
        None, description="The first day, inclusive; without it, all there is.", examples=["2024-03-01"]
    )
    date_to: Annotated[date | None, BeforeValidator(iso_date), AfterValidator(not_before_start)] = Field(
        None, description="The last day, inclusive; without it, all there is.", examples=["2024-03-31"]
    )
    date_preset: Annotated[str | None, AfterValidator(known_preset)] = Field(
        None,
        description="Instead of the two dates, days relative to today in the service's time zone; `last_…` excludes "
        "today. The dates that it stands for are in `meta`.",
        json_schema_extra={"enum": list(DATE_PRESETS)},
        examples=["last_28d"],
    )


def _filter_fields() -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for dimension in LABELLED_DIMENSIONS:
        label = Annotated[str, AfterValidator(partial(known_label, dimension.name))]
        split = BeforeValidator(partial(split_labels, dimension.name))
        fields[dimension.name] = (
            Annotated[list[label], split, AfterValidator(lambda kept: sorted(set(kept)))],
            Field(
                default_factory=list,
                description=f"Keep only these. {dimension.description}",
                examples=[dimension.example],
            ),
        )
        fields[f"exclude_{dimension.name}"] = (
            Annotated[list[label], split, AfterValidator(something_left)],
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
            Annotated[kind | None, AfterValidator(not_below_minimum)],
            Field(None, description=f"At most so much, inclusive. {measure.description}", examples=[1000]),
        )
    return fields


def _number_kind(measure: Measure) -> Any:
    if measure.decimals:
        number = Field(ge=0, max_digits=18, decimal_places=measure.decimals)
        return Annotated[Decimal, BeforeValidator(decimal_number), number]
    return Annotated[int, BeforeValidator(whole_number), Field(ge=0, le=_LARGEST_COUNT)]


if TYPE_CHECKING:
    _Filterable = DateParameters
else:
    _Filterable = create_model("_Filterable", __base__=DateParameters, **_filter_fields())


class FilterParameters(_Filterable):
    """The common filters: days, labels kept and dropped, bounds of measures."""

    def filters(self, today: date) -> Filters:
        """Return the filters; a preset is counted from today."""
        date_from, date_to = self.date_from, self.date_to
        if self.date_preset:
            date_from, date_to = DATE_PRESETS[self.date_preset](today)
        return Filters(
            date_from,
            date_to,
            keep=tuple((name, tuple(labels)) for name, labels in _given(self, _KEPT)),
            drop=tuple((name, tuple(labels)) for name, labels in _given(self, _DROPPED)),
            at_least=_given(self, _AT_LEAST),
            at_most=_given(self, _AT_MOST),
        )


_KEPT = {dimension.name: dimension.name for dimension in LABELLED_DIMENSIONS}
_DROPPED = {f"exclude_{dimension.name}": dimension.name for dimension in LABELLED_DIMENSIONS}
_AT_LEAST = {f"min_{measure.name}": measure.name for measure in MEASURES}
_AT_MOST = {f"max_{measure.name}": measure.name for measure in MEASURES}


def _given(params: BaseModel, names: Mapping[str, str]) -> tuple[tuple[str, Any], ...]:
    """Return what the parameters hold that were given, by what each is about, in the catalogue's order."""
    asked = params.model_fields_set
    return tuple((name, getattr(params, field)) for field, name in names.items() if field in asked)


class RowsParameters(FilterParameters):
    """What `GET /v1/ad-metrics` takes."""

    sort: Annotated[
        list[Annotated[str, AfterValidator(sort_key)]], BeforeValidator(split_list), AfterValidator(named_once)
    ] = Field(
        default_factory=list,
        description="Names to sort by, most important first; `-` is descending. Ties end in the natural key.",
        examples=["-cost,date"],
    )
    fields: Annotated[
        list[Annotated[str, AfterValidator(partial(one_of, FIELDS))]],
        BeforeValidator(split_list),
        AfterValidator(named_once),
    ] = Field(default_factory=list, description="Show only these fields.", examples=["date,platform,cost"])
    expand: Annotated[
        list[Annotated[str, AfterValidator(partial(one_of, _DIMENSION_NAMES))]],
        BeforeValidator(split_list),
        AfterValidator(named_once),
        AfterValidator(expanded_are_shown),
    ] = Field(
        default_factory=list,
        description="Show these dimensions as objects with their numbers.",
        examples=["region,platform"],
    )
    count: bool = Field(False, description="Also count all rows that match, in `page.count`.", examples=["true"])
    limit: Annotated[int, BeforeValidator(whole_number)] = Field(
        100, ge=1, le=LARGEST_LIMIT, description="Rows a page.", examples=[100]
    )
    cursor: Annotated[str | None, AfterValidator(whole_cursor)] = Field(
        None,
        description="`page.next_cursor` of the page before, with the same filters and sort. It goes on "
        "over the data as it is now; `meta.data_version` tells whether that moved.",
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
