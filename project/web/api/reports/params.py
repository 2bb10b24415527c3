"""The parameters of `GET /v1/reports`."""

from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from project.catalog import MEASURE_NAMES, METRICS
from project.charts.renderer import PICTURES
from project.export.formats import FORMATS
from project.query.periods import COMPARISONS
from project.query.reports.limits import LARGEST_GROUPS
from project.query.reports.question import ReportQuestion
from project.web.request.filter_params import FilterParameters, NameList, PageParameters, bounded, sort_keys
from project.web.request.openapi import choice, sort_choice
from project.web.request.validators import (
    GROUPABLE,
    comparable,
    fillable,
    flat_files,
    one_grain,
    one_of,
    sort_key,
    sortable,
)

_SORTABLE = (*GROUPABLE, *METRICS, *(f"{of}.{name}" for of in ("change", "change_ratio") for name in METRICS))
_FORMATS = ("json", *FORMATS, *PICTURES)

if TYPE_CHECKING:
    _Bounded = FilterParameters
else:
    _Bounded = bounded("_Bounded", METRICS.values())


class ReportParameters(PageParameters, _Bounded):
    """What `GET /v1/reports` takes."""

    group_by: Annotated[
        NameList[Annotated[str, AfterValidator(partial(one_of, GROUPABLE)), choice(GROUPABLE)]],
        AfterValidator(one_grain),
    ] = Field(
        default_factory=list,
        description="Dimensions, and at most one of `date week month quarter year`; without any, one total.",
        examples=[["date", "platform"]],
    )
    metrics: NameList[Annotated[str, AfterValidator(partial(one_of, tuple(METRICS))), choice(METRICS)]] = Field(
        default_factory=lambda: list(MEASURE_NAMES),
        description="Measures, and formulas over their sums; by default the measures.",
        examples=[["cost", "ctr"]],
    )
    compare_to: Annotated[str, AfterValidator(comparable)] | None = Field(
        None,
        description="Also give each metric of the previous period (as many days just before, or the same dates a year "
        "earlier), and the change since then.",
        json_schema_extra={"enum": list(COMPARISONS)},
        examples=["previous_period"],
    )
    fill: Annotated[bool, AfterValidator(fillable)] = Field(
        False,
        description="Show every date of the range for every group, also those without facts, marked `filled`.",
        examples=[False],
    )
    totals: bool = Field(
        False, description="Also sum all groups of all pages, and give each group's share.", examples=[True]
    )
    sort: Annotated[
        NameList[Annotated[str, AfterValidator(partial(sort_key, _SORTABLE)), sort_choice(_SORTABLE)]],
        AfterValidator(sortable),
    ] = Field(
        default_factory=list,
        description="What is grouped by, and metrics, most important first; `-` is descending. With compare_to also "
        "`change.METRIC` and `change_ratio.METRIC`. Groups without a value come last; ties have the groups' order.",
        examples=[["-cost"]],
    )
    format: Annotated[str, AfterValidator(partial(one_of, _FORMATS)), AfterValidator(flat_files)] | None = Field(
        None, description="`json` is a page; all others are files or charts. It wins over `Accept`."
    )

    def question(self, today: date) -> ReportQuestion:
        """Return the question; raises InvalidRequest where the cursor belongs to another one."""
        # A file without a limit has all groups, and a chart sums those that it does not name.
        all_groups = self.format in PICTURES or (self.format in FORMATS and self.given_limit is None)
        question = ReportQuestion(
            self.filters(today),
            tuple(self.group_by),
            tuple(self.metrics),
            sort_keys(self.sort),
            self.compare_to,
            self.fill,
            self.totals,
            LARGEST_GROUPS if all_groups else self.limit,
            today=today,
        )
        return question.after_cursor(self.cursor) if self.cursor else question
