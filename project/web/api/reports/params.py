"""The parameters of `GET /v1/reports`."""

from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from project.catalog import MEASURE_NAMES, METRICS
from project.catalog.comparisons import COMPARISONS
from project.charts.chart import USUAL_WIDTH
from project.charts.kinds import KINDS
from project.charts.renderer import PICTURES
from project.export.formats import FORMATS
from project.query.moments import Moment
from project.query.reports.limits import LARGEST_GROUPS
from project.query.reports.question import ReportQuestion
from project.web.request.comparison_validators import averageable, comparable, matchable, rollable
from project.web.request.filter_params import (
    SORTABLE_CHANGES,
    FilterParameters,
    NameList,
    PageParameters,
    bounded,
    sort_keys,
)
from project.web.request.openapi import choice, sort_choice
from project.web.request.validators import (
    GROUPABLE,
    fillable,
    flat_files,
    in_ledger,
    in_pictures,
    moment,
    one_grain,
    one_of,
    sort_key,
    sortable,
    whole_number,
)

_SORTABLE = (*GROUPABLE, *METRICS, *SORTABLE_CHANGES)
_Days = Annotated[int, Field(ge=2, le=366), BeforeValidator(whole_number), AfterValidator(rollable)]
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
        description="Dimensions, `weekday`, and at most one of `date week month quarter year`; without any, one total.",
        examples=[["date", "platform"]],
    )
    metrics: NameList[Annotated[str, AfterValidator(partial(one_of, tuple(METRICS))), choice(METRICS)]] = Field(
        default_factory=lambda: list(MEASURE_NAMES),
        description="Measures, and formulas over their sums; by default the measures.",
        examples=[["cost", "ctr"]],
    )
    compare_to: Annotated[str, AfterValidator(comparable)] | None = Field(
        None,
        description="Also give each metric of other days, and the change since then. `previous_period` is as many "
        "whole months, quarters or years just before; for `this_…` the same days of the one before; else as many days "
        "just before. The others are the same days one unit earlier, or any: `2026-09-01/2026-09-30`. Days that are "
        "not loaded yet are left out of both sides; `meta.compare` has the days.",
        json_schema_extra={"pattern": rf"^({'|'.join(COMPARISONS)}|\d{{4}}-\d{{2}}-\d{{2}}/\d{{4}}-\d{{2}}-\d{{2}})$"},
        examples=["previous_period"],
    )
    match_weekdays: Annotated[bool, AfterValidator(matchable)] = Field(
        False,
        description="Move the other days of compare_to back to the next multiple of seven days (a year to 364), so "
        "that Mondays are compared with Mondays.",
        examples=[False],
    )
    rolling: _Days | None = Field(
        None,
        description="With `group_by=date`, make each date the sums of so many days that end there, also of days before "
        "the first. Bounds apply to these sums; totals are those of the range.",
        examples=[7],
    )
    fill: Annotated[bool, AfterValidator(fillable)] = Field(
        False,
        description="Show every date, or else weekday, of the range for every group, also those without facts, marked "
        "`filled`.",
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
        "`change.METRIC`, `absolute_change.METRIC` (the biggest movers: rises and falls by size), "
        "`change_ratio.METRIC` and `contribution.MEASURE`. Groups without a value come last; ties have the groups' "
        "order.",
        examples=[["-cost"]],
    )
    as_of: Annotated[Moment, BeforeValidator(moment), AfterValidator(in_ledger)] | None = Field(
        None,
        description="A data version, or an RFC 3339 time: answer as it was known then. The ledger has days and"
        " platforms; `GET /v1/changes` says what came later.",
        examples=["1"],
        json_schema_extra={"anyOf": [{"type": "string"}]},
    )
    format: Annotated[str, AfterValidator(partial(one_of, _FORMATS)), AfterValidator(flat_files)] | None = Field(
        None, description="`json` is a page; all others are files or charts. It wins over `Accept`."
    )
    chart: (
        Annotated[
            str,
            AfterValidator(partial(one_of, tuple(KINDS))),
            AfterValidator(partial(in_pictures, tuple(PICTURES))),
            choice(KINDS),
        ]
        | None
    ) = Field(
        None,
        description="Of a chart, its kind; by default lines over dates, and bars. `area` stacks measures over dates, "
        "`heatmap` needs two dimensions.",
        examples=["line"],
    )
    width: Annotated[
        int,
        Field(ge=240, le=2400),
        BeforeValidator(whole_number),
        AfterValidator(partial(in_pictures, tuple(PICTURES))),
    ] = Field(
        USUAL_WIDTH, description="Of a chart, how wide it is, in pixels; a PNG has twice as many.", examples=[760]
    )
    caption: Annotated[bool, AfterValidator(partial(in_pictures, tuple(PICTURES)))] = Field(
        True, description="Of a chart, whether it has a title and says what it is of.", examples=[True]
    )

    average: Annotated[bool, AfterValidator(partial(in_pictures, tuple(PICTURES))), AfterValidator(averageable)] = (
        Field(
            False,
            description="Of a chart with `rolling`, whether measures are means a day rather than sums.",
            examples=[False],
        )
    )

    @property
    def chart_options(self) -> dict[str, Any]:
        """The options of `charts.chart.chart_of`."""
        picture = PICTURES.get(self.format or "")
        return {
            "kind": self.chart,
            "limit": self.given_limit,
            "width": self.width,
            "caption": self.caption,
            "average": self.average,
            "interactive": bool(picture and picture.is_definition),
        }

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
            preset=self.date_preset,
            match_weekdays=self.match_weekdays,
            rolling=self.rolling,
            as_of=self.as_of,
        )
        return question.after_cursor(self.cursor) if self.cursor else question
