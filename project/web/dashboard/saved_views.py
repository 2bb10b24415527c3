"""`/views`: the list of saved views, and `/views/{name}`: the page of one."""

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from project.store.views import find_view, list_views
from project.store.warehouse.snapshot import snapshot
from project.web.dashboard.errors import ErrorsAsPage
from project.web.dashboard.render import html_response, render
from project.web.request.filter_params import NoParameters
from project.web.request.paths import url_of
from project.web.request.query_string import parse

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
    """Go to the page with the query of the view, whose presets then mean the days of today."""
    async with snapshot() as current:
        view = await find_view(current.connection, name)
    return RedirectResponse(f"{url_of(request.scope, '/')}?{view.query}", 302)
