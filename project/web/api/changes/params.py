"""The parameters of `GET /v1/changes`."""

from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BeforeValidator, Field, create_model

from project.export.formats import FORMATS
from project.query.changes import BY_DAY, BY_LOAD, ChangesQuestion
from project.query.moments import Moment
from project.web.request.filter_params import DateParameters, NameList, PageParameters, label_fields
from project.web.request.openapi import choice
from project.web.request.validators import flat_files, moment, one_of

if TYPE_CHECKING:
    _PlatformParameters = DateParameters
else:
    _PlatformParameters = create_model("_PlatformParameters", __base__=DateParameters, **label_fields(["platform"]))


def _grouping(names: list[str]) -> list[str]:
    return list(BY_LOAD if "load" in names else BY_DAY)


class DayChangesParameters(PageParameters, _PlatformParameters):
    """Which changes of days and platforms: the ledger has no other dimension."""

    since: Annotated[Moment, BeforeValidator(moment)] = Field(
        description="A data version, or an RFC 3339 time: what was known then is compared with what is known now.",
        examples=["1"],
        json_schema_extra={"anyOf": [{"type": "string"}]},
    )

    def question(self, today: date) -> ChangesQuestion:
        """Return the question. Raises InvalidRequest where the cursor belongs to another one."""
        question = ChangesQuestion(self.since, self.filters(today), *self._shape)
        return question.after_cursor(self.cursor) if self.cursor else question

    @property
    def _shape(self) -> tuple[tuple[str, ...], int | None]:
        return BY_DAY, self.limit


class ChangesParameters(DayChangesParameters):
    """What `GET /v1/changes` takes."""

    group_by: Annotated[
        NameList[Annotated[str, AfterValidator(partial(one_of, (*BY_DAY, *BY_LOAD))), choice((*BY_DAY, *BY_LOAD))]],
        AfterValidator(_grouping),
    ] = Field(
        default_factory=lambda: list(BY_DAY),
        description="`date,platform`: an entry for each day and platform that differs. `load`: one for each load.",
        examples=[["load"]],
    )
    format: Annotated[str, AfterValidator(partial(one_of, ("json", *FORMATS))), AfterValidator(flat_files)] | None = (
        Field(None, description="`json` is a page; all others are files. It wins over `Accept`.")
    )

    @property
    def _shape(self) -> tuple[tuple[str, ...], int | None]:
        """The grouping and the limit; a file without a limit has all entries."""
        return tuple(self.group_by), self.given_limit if self.format in FORMATS else self.limit
