"""`/views/{name}`: the page of a saved view."""

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from project.store.views import find_view
from project.store.warehouse.snapshot import snapshot
from project.web.dashboard.errors import ErrorsAsPage
from project.web.request.paths import url_of

router = APIRouter(include_in_schema=False, route_class=ErrorsAsPage)


@router.get("/views/{name}")
async def saved_view(request: Request, name: str) -> Response:
    """Go to the page with the query of the view, whose presets then mean the days of today."""
    async with snapshot() as current:
        view = await find_view(current.connection, name)
    return RedirectResponse(f"{url_of(request.scope, '/')}?{view.query}", 302)
