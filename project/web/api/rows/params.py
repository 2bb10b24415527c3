"""The parameters of `GET /v1/ad-metrics`."""

from datetime import date
from functools import partial
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from project.catalog import DIMENSIONS
from project.export.formats import FORMATS
from project.query.keyset import SORTABLE
from project.query.rows import FIELDS, RowsQuestion
from project.web.request.filter_params import PageParameters, RowFilterParameters, sort_keys
from project.web.request.validators import (
    expanded_are_shown,
    flat_files,
    known_format,
    named_once,
    one_of,
    sort_key,
    split_list,
    without_pages,
)

_DIMENSION_NAMES = tuple(dimension.name for dimension in DIMENSIONS)


class RowsParameters(PageParameters, RowFilterParameters):
    """What `GET /v1/ad-metrics` takes."""

    sort: Annotated[
        list[Annotated[str, AfterValidator(partial(sort_key, SORTABLE))]],
        BeforeValidator(split_list),
        AfterValidator(named_once),
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
    format: Annotated[
        str | None,
        BeforeValidator(partial(known_format, ("json", *FORMATS))),
        AfterValidator(without_pages),
        AfterValidator(flat_files),
    ] = Field(
        None,
        description="`json` is a page; `csv`, `ndjson`, `parquet` and `arrow` are files of all rows, or of the first "
        "`limit`. It wins over `Accept`.",
        json_schema_extra={"enum": ["json", *FORMATS]},
        examples=["csv"],
    )
    count: bool = Field(False, description="Also count all rows that match, in `page.count`.", examples=["true"])

    def question(self, today: date) -> RowsQuestion:
        """Return the question; raises InvalidRequest where the cursor belongs to another one."""
        question = RowsQuestion(
            self.filters(today), sort_keys(self.sort), self.limit, None, tuple(self.expand), self.count
        )
        return question.at(self.cursor) if self.cursor else question
