"""The query of a view, which is the page's: the common filters, and how to show the facts that match."""

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qsl, urlencode

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from project.catalog import GRAINS, METRICS
from project.charts.kinds import KINDS
from project.errors import Fault, InvalidRequest
from project.query.moments import Moment
from project.store.views import LONGEST_NAME, LONGEST_QUERY, LONGEST_TITLE, NAME
from project.web.request.comparison_validators import compared_or_not, days_in_a_row
from project.web.request.filter_params import FILTERED_NAMES, LARGEST_LIMIT, SORTABLE_CHANGES, FilterParameters, bounded
from project.web.request.query_string import parse_items
from project.web.request.validators import in_ledger, moment, one_of, refused, sort_key, whole_number

if TYPE_CHECKING:
    _Bounded = FilterParameters
else:
    _Bounded = bounded("_Bounded", METRICS.values())


def _of_days(days: int, info: ValidationInfo) -> int:
    """Refuse rolling sums of weeks and months."""
    grain = info.data.get("grain")
    if grain not in (None, "date"):
        detail = f"rolling makes each date the sums of {days} days, and needs grain=date."
        raise refused(Fault("grain", "conflicting_parameters", detail, grain, ("date",)))
    return days


class ViewParameters(_Bounded):
    """What the page takes, and so what a saved view may have.

    `view` is the saved view that was opened, which says how the page is called. `split` is a second dimension: the
    lines of the chart, and the columns of the table.
    """

    view: str | None = None

    metric: Annotated[str, AfterValidator(partial(one_of, tuple(METRICS)))] = "cost"
    compare_to: Annotated[str, AfterValidator(compared_or_not)] = "previous_period"
    match_weekdays: bool = False
    grain: Annotated[str, AfterValidator(partial(one_of, tuple(GRAINS)))] | None = None
    group_by: Annotated[str, AfterValidator(partial(one_of, FILTERED_NAMES))] = "platform"
    split: Annotated[str, AfterValidator(partial(one_of, FILTERED_NAMES))] | None = None
    chart: Annotated[str, AfterValidator(partial(one_of, tuple(KINDS)))] | None = None
    rolling: (
        Annotated[
            int,
            Field(ge=2, le=366),
            BeforeValidator(whole_number),
            AfterValidator(days_in_a_row),
            AfterValidator(_of_days),
        ]
        | None
    ) = None
    as_of: Annotated[Moment, BeforeValidator(moment), AfterValidator(in_ledger)] | None = None
    sort: Annotated[str, AfterValidator(partial(sort_key, (*FILTERED_NAMES, *METRICS, *SORTABLE_CHANGES)))] | None = (
        None
    )
    limit: Annotated[int, BeforeValidator(whole_number)] = Field(15, ge=1, le=LARGEST_LIMIT)


async def checked_view(name: str, title: str, query: str) -> tuple[str, str]:
    """Return the title and the query of a view as they are stored: without outer spaces and empty parameters.

    A view does not say which view it came from. Raises InvalidRequest with the faults of all three; those of the query
    are the page's.
    """
    faults = []
    if not (NAME.fullmatch(name) and len(name) <= LONGEST_NAME):
        detail = f"{name!r} is invalid: a name has up to {LONGEST_NAME} lower-case letters, digits and single hyphens."
        words = re.findall("[a-z0-9]+", name.lower())
        faults.append(Fault("name", "invalid_value", detail, name, ("-".join(words)[:LONGEST_NAME],) if words else ()))
    title = title.strip()
    if not (title and title.isprintable() and len(title) <= LONGEST_TITLE):
        detail = f"{title!r} is invalid: a title has 1 to {LONGEST_TITLE} printable characters."
        faults.append(Fault("title", "invalid_value", detail, title))
    items = [item for item in parse_qsl(query.strip().removeprefix("?")) if item[0] != "view"]
    stored = urlencode(items, safe=",")
    if len(stored) > LONGEST_QUERY:
        faults.append(
            Fault("query", "too_long", f"The query has {len(stored):,} characters; it may have {LONGEST_QUERY:,}.")
        )
    try:
        await parse_items(ViewParameters, items)
    except InvalidRequest as error:
        faults += [replace(fault, parameter=f"query.{fault.parameter}") for fault in error.faults]
    if faults:
        raise InvalidRequest(faults)
    return title, stored
