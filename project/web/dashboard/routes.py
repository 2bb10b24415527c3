"""`/`: the page, which shows what the API answers, and `/key`, which takes a key for it.

Templates render the page on the server; its script only adds comfort.
"""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from project.errors import CrossSiteForm
from project.store.warehouse.snapshot import snapshot
from project.web.api.views.params import ViewParameters
from project.web.dashboard.errors import ErrorsAsPage
from project.web.dashboard.panels import PANELS
from project.web.dashboard.panels.panel import PageData
from project.web.dashboard.render import html_answer, render, render_page
from project.web.dashboard.saved_views import is_changed, opened_view
from project.web.dashboard.view import view_of
from project.web.request.paths import url_of
from project.web.request.query_string import parse_items
from project.web.response.answers import respond
from project.web.security.authorization import COOKIE
from project.web.server.answer_cache import Answer
from project.web.state import midnight, state_of, today

STATIC_FILES = Path(__file__).parent / "static"
"""The files that the page's templates link."""

router = APIRouter(include_in_schema=False, route_class=ErrorsAsPage)
keys = APIRouter(include_in_schema=False, route_class=ErrorsAsPage)
"""The route that takes a key, and so needs none."""


@router.get("/")
async def page(request: Request) -> Response:
    """Show a view of the data."""
    state = state_of(request)
    # Forms send empty fields, too.
    items = [(name, value) for name, value in request.query_params.multi_items() if value]
    zone = ZoneInfo(state.settings.timezone)
    known = [(name, _with_offset(value, zone) if name == "as_of" else value) for name, value in items]
    if known != items:
        return RedirectResponse(f"./?{urlencode(known, safe=',')}")
    params = await parse_items(ViewParameters, items)
    saved = await opened_view(params.view)
    day, beat = today(state.settings), state.last_beat()
    has_key = state.settings.api_auth == "required" and COOKIE in request.cookies
    overdue = bool(beat and beat.next and beat.next < datetime.now(UTC))

    async def make() -> Answer:
        async with snapshot() as current:
            labels, settings = current.labels, state.settings
            if labels.last_date is None:
                return html_answer(render("empty.html"), labels)
            view = view_of(params, items, labels, day)
            data = PageData(view, current, settings.currency, midnight(settings), saved=saved)
            panels = [await panel.read(data) for panel in PANELS]
        text = await render_page(
            data.rows,
            panels=panels,
            view=view,
            saved=saved,
            missing_view=params.view if saved is None else None,
            is_changed=saved and is_changed(saved, params, labels),
            labels=labels,
            currency=data.currency,
            beat=beat,
            overdue=overdue,
            has_key=has_key,
        )
        return html_answer(text, labels, rows=data.rows)

    return await respond(request, make, day, beat, overdue, has_key, saved and saved.tag)


def _with_offset(moment: str, zone: ZoneInfo) -> str:
    """Return what a date picker gives, which is in the service's time zone, with its offset; all else as it is."""
    with suppress(ValueError, OverflowError):
        local = datetime.fromisoformat(moment)
        if "-" in moment and local.tzinfo is None:
            return local.replace(tzinfo=zone).isoformat()
    return moment


@keys.post("/key")
async def set_key(request: Request) -> Response:
    """Set the cookie for the browser's session and return to the page; an empty key deletes the cookie."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise CrossSiteForm("The form was sent by a page of another site.")
    form = await request.form()
    # Neighbours on the same host do not get the key.
    path = url_of(request.scope, "") or "/"
    key = str(form.get("key") or "").strip()
    response = RedirectResponse("./" + (f"?{request.url.query}" if request.url.query else ""), 303)
    if not key:
        response.delete_cookie(COOKIE, path)
        return response
    await state_of(request).keys.holder(key)
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, key, path=path, httponly=True, samesite="lax", secure=secure)
    return response
