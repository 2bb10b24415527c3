"""`/`: the page, which shows what the API answers. Templates render it on the server; its script only adds comfort."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from fastapi import APIRouter, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import RedirectResponse

from project import __version__
from project.catalog import GRAINS
from project.catalog.display import display_name
from project.errors import AdMetricsError, CrossSiteForm, NoKey
from project.query.periods import COMPARISONS
from project.store.warehouse.snapshot import snapshot
from project.web.dashboard.panels import (
    breakdown_rows,
    headings,
    notes,
    picture_url,
    read_panel,
    series_rows,
    tiles,
    total_row,
    totals_url,
    words_for,
)
from project.web.dashboard.view import DIMENSIONS, View, ViewParameters, view_of
from project.web.request.filter_params import LARGEST_LIMIT
from project.web.request.query_string import parse_items
from project.web.request.retry import RetryOnDisconnect
from project.web.response.etag import caching_headers, etag, not_modified
from project.web.response.problems import problem_of
from project.web.security.authorization import COOKIE
from project.web.state import log_fields, state_of, today

FILES = Path(__file__).parent / "static"
"""What the page's templates refer to."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
ROWS = "v1/ad-metrics"

MOST_KEPT = 64
"""Pages that are kept as they are: the same view of the same data, to render which takes 6 ms."""

_MANY_ROWS = 200
"""From so many rows on, a page takes longer to render than other requests should wait (20 ms)."""

_LARGEST_KEPT = 256 << 10
_MOST_CHIPS = 50

_MOST_LABELS = 200
"""Labels of one dimension that are there to be ticked; more are found by searching."""

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
    auto_reload=False,
)
_templates.globals |= {"display_name": display_name, "version": __version__}


class ErrorsAsPage(RetryOnDisconnect):
    """A route whose refusals are pages too: the same problems as in the API, in HTML, or a form that takes a key."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request; called by FastAPI."""
        handle = super().get_route_handler()

        async def handle_as_page(request: Request) -> Response:
            try:
                return await handle(request)
            except AdMetricsError as error:
                return _refusal(request, error)

        return handle_as_page


router = APIRouter(include_in_schema=False, route_class=ErrorsAsPage)
keys = APIRouter(include_in_schema=False, route_class=ErrorsAsPage)
"""What takes a key, and so can be asked without one."""


@router.get("/")
async def page(request: Request) -> Response:
    """Show a view of the data."""
    given = _given(request)
    params = await parse_items(ViewParameters, [(name, value) for name, values in given.items() for value in values])
    day = today(state_of(request).settings)
    beat = state_of(request).last_beat()
    overdue = bool(beat and beat.next and beat.next < datetime.now(UTC))
    kept: dict[str, str] = state_of(request).pages
    async with snapshot() as seen:
        tag = etag(request, seen.version, day, beat, overdue, COOKIE in request.cookies)
        headers = caching_headers(tag)
        if unchanged := not_modified(request, tag):
            return unchanged
        if tag in kept:
            return _html(kept[tag], 200, headers)
        labels = seen.labels
        view = view_of(params, given, labels, day)
        if labels.last_date is None:
            return _html(_rendered("empty.html"), 200, headers)
        series = await read_panel(view.series(), view, seen)
        breakdown = await read_panel(view.breakdown(), view, seen)
    rows = len(series.page.groups) + len(breakdown.page.groups)
    log_fields(request, rows=rows)
    currency = state_of(request).settings.currency
    render = partial(
        _rendered,
        "page.html",
        view=view,
        tiles=tiles(breakdown, view, currency),
        totals_url=totals_url(view),
        series=series,
        series_rows=series_rows(series, view),
        chart_words=words_for(series, labels, currency),
        picture_url=picture_url(view),
        notes=list(notes(series, view, labels)),
        chips=list(view.chips()),
        most_chips=_MOST_CHIPS,
        largest=LARGEST_LIMIT,
        breakdown=breakdown,
        headings=headings(view),
        rows=list(breakdown_rows(breakdown, view)),
        total=total_row(breakdown, view),
        facts_url=f"{ROWS}?{urlencode(view.facts(), doseq=True)}",
        labels=labels,
        dimensions=DIMENSIONS,
        comparisons=[*COMPARISONS, "none"],
        grains=list(GRAINS),
        most_labels=_MOST_LABELS,
        beat=beat,
        overdue=overdue,
        has_key=COOKIE in request.cookies and state_of(request).settings.api_auth == "required",
        facet_query=_facet_query,
    )
    text = await asyncio.to_thread(render) if rows > _MANY_ROWS else render()
    if len(text) <= _LARGEST_KEPT:
        kept[tag] = text
    if len(kept) > MOST_KEPT:
        kept.pop(next(iter(kept)))
    return _html(text, 200, headers)


@keys.post("/key")
async def take_key(request: Request) -> Response:
    """Keep the key that a form brought, for as long as the browser's session lasts; an empty one ends that."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise CrossSiteForm("The form was sent by a page of another site.")
    form = await request.form()
    key = str(form.get("key") or "").strip()
    answer = RedirectResponse("./" + (f"?{request.url.query}" if request.url.query else ""), 303)
    if not key:
        answer.delete_cookie(COOKIE)
        return answer
    await state_of(request).keys.holder(key)
    answer.set_cookie(COOKIE, key, httponly=True, samesite="lax", secure=request.url.scheme == "https")
    return answer


def _given(request: Request) -> dict[str, list[str]]:
    """Return the query without what is empty, as forms send what was not filled in."""
    given: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if value:
            given.setdefault(name, []).append(value)
    return given


def _facet_query(view: View, dimension: str) -> str:
    """Return the query that counts the labels of a dimension under all filters but its own."""
    own = (dimension, f"exclude_{dimension}")
    others = {name: values for name, values in view.facts().items() if name not in own}
    return urlencode({**others, "counts": "true"}, doseq=True)


def _refusal(request: Request, error: AdMetricsError) -> Response:
    answer = problem_of(request, error)
    problem = orjson.loads(bytes(answer.body))
    headers = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
    name = "key.html" if isinstance(error, NoKey) else "refusal.html"
    tried = isinstance(error, NoKey) and error.presented
    again = problem["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR and request.method == "GET"
    text = _rendered(name, problem=problem, tried=tried, again=again, query=request.url.query, mended=_mended)
    return _html(text, answer.status_code, headers)


def _mended(query: str, fault: Mapping[str, Any], suggestion: str) -> str:
    """Return the query with a suggestion in the place of a wrong value, or of a name that no parameter has."""
    wrong = fault.get("value")
    mended = []
    for name, value in parse_qsl(query):
        if name != fault["parameter"]:
            mended.append((name, value))
        elif fault["code"] == "unknown_parameter":
            mended.append((suggestion, value))
        else:
            parts = [value] if value == wrong else value.split(",")
            mended.append((name, ",".join(suggestion if part == wrong else part for part in parts)))
    return urlencode(mended, safe=",")


def _rendered(name: str, **content: Any) -> str:
    return _templates.get_template(name).render(content)


def _html(text: str, status: int, headers: Mapping[str, str]) -> Response:
    return Response(text, status, {"Content-Security-Policy": _POLICY, **headers}, "text/html; charset=utf-8")
