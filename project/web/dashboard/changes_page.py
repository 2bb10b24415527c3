"""`/changes`: what `GET /v1/changes` answers of days and platforms, as a page."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from project.catalog import MEASURE_NAMES, METRICS, Number
from project.catalog.display import format_amount
from project.query.changes import Entry, fetch_changes
from project.query.moments import Moment
from project.store.warehouse.ledger import SUMS
from project.store.warehouse.snapshot import of_one_state
from project.web.api.changes.params import DayChangesParameters
from project.web.dashboard.errors import ErrorsAsPage
from project.web.dashboard.render import html_answer, render
from project.web.request.query_string import parse_items
from project.web.response.answers import respond
from project.web.server.answer_cache import Answer
from project.web.state import state_of, today

_NAMES = (*MEASURE_NAMES, "facts")

router = APIRouter(include_in_schema=False, route_class=ErrorsAsPage)


@router.get("/changes")
async def changes(request: Request) -> Response:
    """Show by how much days and platforms differ from what was known at a data version or a time."""
    items = request.query_params.multi_items()
    params = await parse_items(DayChangesParameters, items)
    question = params.question(today(state_of(request).settings))

    async def make() -> Answer:
        page, labels = await of_one_state(partial(fetch_changes, question))
        query = [item for item in items if item[0] != "cursor"]
        text = render(
            "changes.html",
            page=page,
            since=_moment(params.since),
            cells=_cells,
            names=_NAMES,
            query=urlencode(query),
            next_query=page.next_cursor and urlencode([*query, ("cursor", page.next_cursor)]),
            version=labels.version,
        )
        return html_answer(text, labels, rows=len(page.entries), source="ledger")

    return await respond(request, make, *question.etag_inputs)


def _moment(moment: Moment) -> str:
    return f"{moment:%Y-%m-%d %H:%M %Z}" if isinstance(moment, datetime) else f"data version {moment}"


def _cells(entry: Entry) -> Iterator[tuple[str, str, str]]:
    """Yield each sum of _NAMES: before, after, and the change; "" for before and the change where it is the same."""
    sums = dict(zip(SUMS, zip(entry.before, entry.after, strict=True), strict=True))
    for name in _NAMES:
        before, after = sums[name]
        known = before != after and entry.before[0] > 0
        ratio = f"{(after - before) / before:+.1%}" if known and before else ""
        yield _written(name, before) if known else "", _written(name, after), ratio


def _written(name: str, value: Number) -> str:
    return format_amount(name, value) if name in METRICS else f"{value:,}"
