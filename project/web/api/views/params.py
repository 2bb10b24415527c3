"""The query of a view, which is the page's: the common filters, and how to show the facts that match."""

import re
from dataclasses import replace
from functools import partial
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from pydantic import AfterValidator, BeforeValidator, Field

from project.catalog import GRAINS, METRICS
from project.errors import Fault, InvalidRequest
from project.store.views import LONGEST_NAME, LONGEST_QUERY, LONGEST_TITLE, NAME
from project.web.request.comparison_validators import compared_or_not
from project.web.request.filter_params import FILTERED_NAMES, LARGEST_LIMIT, FilterParameters
from project.web.request.query_string import parse_items
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


async def checked_view(name: str, title: str, query: str) -> tuple[str, str]:
    """Return the title and the query of a view as they are stored: without outer spaces and empty parameters.

    Raises InvalidRequest with the faults of all three; those of the query are the page's.
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
    items = parse_qsl(query.strip().removeprefix("?"))
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
