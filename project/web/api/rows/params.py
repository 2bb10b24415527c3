"""The parameters of `GET /v1/ad-metrics`."""

from datetime import date
from functools import partial
from typing import Annotated

from pydantic import AfterValidator, Field

from project.catalog import DIMENSION_NAMES
from project.export.formats import FORMATS
from project.query.keyset import SORTABLE
from project.query.rows import FIELDS, RowsQuestion
from project.web.request.filter_params import NameList, PageParameters, RowFilterParameters, sort_keys
from project.web.request.openapi import choice, sort_choice
from project.web.request.validators import expanded_are_shown, flat_files, one_of, sort_key


class RowsParameters(PageParameters, RowFilterParameters):
    """What `GET /v1/ad-metrics` takes."""

    sort: NameList[Annotated[str, AfterValidator(partial(sort_key, SORTABLE)), sort_choice(SORTABLE)]] = Field(
        default_factory=list,
        description="Names to sort by, most important first; `-` is descending. Ties end in the natural key.",
        examples=[["-cost", "date"]],
    )
    fields: NameList[Annotated[str, AfterValidator(partial(one_of, FIELDS)), choice(FIELDS)]] = Field(
        default_factory=list, description="Show only these fields.", examples=[["date", "platform", "cost"]]
    )
    expand: Annotated[
        NameList[Annotated[str, AfterValidator(partial(one_of, DIMENSION_NAMES)), choice(DIMENSION_NAMES)]],
        AfterValidator(expanded_are_shown),
    ] = Field(
        default_factory=list,
        description="Show these dimensions as objects with their ids.",
        examples=[["region", "platform"]],
    )
    format: Annotated[str, AfterValidator(partial(one_of, ("json", *FORMATS))), AfterValidator(flat_files)] | None = (
        Field(None, description="`json` is a page; all others are files. It wins over `Accept`.")
    )
    count: bool = Field(False, description="Also count all rows that match, in `page.count`.", examples=[True])

    def question(self, today: date) -> RowsQuestion:
        """Return the question; a file without a limit has all rows.

        Raises InvalidRequest where the cursor belongs to another question.
        """
        question = RowsQuestion(
            self.filters(today),
            sort_keys(self.sort),
            self.given_limit if self.format in FORMATS else self.limit,
            fields=tuple(self.fields),
            expand=tuple(self.expand),
            count=self.count,
        )
        return question.after_cursor(self.cursor) if self.cursor else question
