"""`/changes`: what `GET /v1/changes` answers of days and platforms, as a page."""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from project.catalog import MEASURE_NAMES, METRICS, Number
from project.catalog.display import format_amount
from project.query.changes import Entry, fetch_changes
from project.query.moments import Moment
from project.store.warehouse.ledger import SUMS
from project.store.warehouse.snapshot import snapshot
from project.web.api.changes.params import DayChangesParameters
from project.web.dashboard.errors import ErrorsAsPage
from project.web.dashboard.render import html_response, render
from project.web.request.query_string import parse_items
from project.web.response.etag import caching_headers, etag, not_modified
from project.web.state import log_fields, state_of, today

_NAMES = (*MEASURE_NAMES, "facts")

router = APIRouter(include_in_schema=False, route_class=ErrorsAsPage)


@router.get("/changes")
async def changes(request: Request) -> Response:
    """Show by how much days and platforms differ from what was known at a data version or a time."""
    items = request.query_params.multi_items()
    params = await parse_items(DayChangesParameters, items)
    question = params.question(today(state_of(request).settings))
    async with snapshot() as current:
        tag = etag(request, current.version, *question.etag_inputs)
        if unchanged := not_modified(request, tag):
            return unchanged
        page = await fetch_changes(question, current)
    log_fields(request, rows=len(page.entries), source="ledger")
    query = [item for item in items if item[0] != "cursor"]
    text = render(
        "changes.html",
        page=page,
        since=_moment(params.since),
        cells=_cells,
        names=_NAMES,
        query=urlencode(query),
        next_query=page.next_cursor and urlencode([*query, ("cursor", page.next_cursor)]),
        version=current.version,
    )
    return html_response(text, 200, caching_headers(tag))


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
