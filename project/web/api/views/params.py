"""The query of a view, which is the page's: the common filters, and how to show the facts that match."""

from functools import partial
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from project.catalog import GRAINS, METRICS
from project.web.request.comparison_validators import compared_or_not
from project.web.request.filter_params import FILTERED_NAMES, LARGEST_LIMIT, FilterParameters
from project.web.request.validators import one_of, sort_key, whole_number


class ViewParameters(FilterParameters):
    """What the page takes, and so what a saved view may have."""

    metric: Annotated[str, AfterValidator(partial(one_of, tuple(METRICS)))] = "cost"
    compare_to: Annotated[str, AfterValidator(compared_or_not)] = "previous_period"
    match_weekdays: bool = False
    grain: Annotated[str, AfterValidator(partial(one_of, tuple(GRAINS)))] | None = None
    group_by: Annotated[str, AfterValidator(partial(one_of, FILTERED_NAMES))] = "platform"
    sort: Annotated[str, AfterValidator(partial(sort_key, (*FILTERED_NAMES, *METRICS)))] | None = None
    limit: Annotated[int, BeforeValidator(whole_number)] = Field(15, ge=1, le=LARGEST_LIMIT)
