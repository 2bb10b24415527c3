"""`/views`: the list of saved views, and `/views/{name}`: the page of one, which stays its page when it is changed."""

from contextlib import suppress
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from project.errors import InvalidRequest, NoSuchThing
from project.store.views import SavedView, find_view, list_views
from project.store.warehouse.labels import Labels
from project.store.warehouse.snapshot import newest_transaction, snapshot
from project.web.api.views.params import ViewParameters
from project.web.dashboard.errors import ErrorsAsPage
from project.web.dashboard.render import html_response, render
from project.web.request.filter_params import NoParameters
from project.web.request.paths import url_of
from project.web.request.query_string import parse, validate

_TIMEOUT = 5.0
"""Seconds for the name of a page."""

router = APIRouter(include_in_schema=False, route_class=ErrorsAsPage)


@router.get("/views")
async def saved_views(request: Request) -> Response:
    """List all views, by title."""
    await parse(NoParameters, request)
    async with snapshot() as current:
        views = await list_views(current.connection)
    return html_response(render("views.html", views=views), 200, {})


@router.get("/views/{name}")
async def saved_view(request: Request, name: str) -> Response:
    """Go to the page with the query of the view, whose presets then mean the days of today, and its name."""
    async with newest_transaction(_TIMEOUT) as connection:
        view = await find_view(connection, name)
    query = urlencode([*parse_qsl(view.query), ("view", name)], safe=",")
    return RedirectResponse(f"{url_of(request.scope, '/')}?{query}", 302)


async def opened_view(name: str | None) -> SavedView | None:
    """Return the saved view that a page was opened as; None where there is none of that name any more."""
    if name is None:
        return None
    async with newest_transaction(_TIMEOUT) as connection:
        with suppress(NoSuchThing):
            return await find_view(connection, name)
    return None


def is_changed(saved: SavedView, params: ViewParameters, labels: Labels) -> bool:
    """Whether the page asks another question than the saved view that it was opened as."""
    try:
        stored = validate(ViewParameters, parse_qsl(saved.query), labels)
    except InvalidRequest:
        return True
    return stored.model_dump(exclude={"view"}) != params.model_dump(exclude={"view"})
