"""`/v1/views`: the page's queries under names. Reading needs what reports need; changing needs the scope `edit`."""

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import ValidationError

from project.errors import InvalidRequest, PreconditionFailed
from project.store.postgres.connections import write_connection
from project.store.views import SavedView, delete_view, find_view, list_views, save_view
from project.store.warehouse.snapshot import snapshot
from project.web.api.views.params import checked_view
from project.web.api.views.schemas import CREATED, ViewAnswer, ViewBody, ViewsAnswer
from project.web.request.filter_params import NoParameters
from project.web.request.openapi import CACHED
from project.web.request.paths import url_of
from project.web.request.query_string import parse
from project.web.request.retry import RetryOnDisconnect
from project.web.request.validation_errors import faults_of
from project.web.response.etag import not_modified
from project.web.response.json import json_response
from project.web.response.problems import documented
from project.web.state import state_of

router = APIRouter(prefix="/v1/views", tags=["Views"], route_class=RetryOnDisconnect)
edits = APIRouter(prefix=router.prefix, tags=["Views"])
"""The routes that change views."""

_Name = Annotated[str, Path(description="Lower-case letters, digits and hyphens.", examples=["weekly-spend"])]


@router.get("", summary="All saved views", response_model=ViewsAnswer, responses=CACHED | documented(422, 503, 504))
async def views(request: Request) -> Response:
    """List all views, by title."""
    await parse(NoParameters, request)
    async with snapshot(primary=True) as current:
        found = await list_views(current.connection)
    tag = f'"{hashlib.blake2b(repr(found).encode(), digest_size=8).hexdigest()}"'
    return not_modified(request, tag) or json_response({"data": [_entry(request, view) for view in found]}, tag)


@router.get(
    "/{name}", summary="One saved view", response_model=ViewAnswer, responses=CACHED | documented(404, 422, 503, 504)
)
async def view_by_name(request: Request, name: _Name) -> Response:
    """Give one view. Its ETag is what `If-Match` of a change takes."""
    await parse(NoParameters, request)
    async with snapshot(primary=True) as current:
        view = await find_view(current.connection, name)
    return not_modified(request, _tag(view)) or _answer(request, view)


@edits.put(
    "/{name}",
    summary="Save a view",
    response_model=ViewAnswer,
    responses=CREATED | documented(412, 422, 503, 504),
    openapi_extra=ViewBody.openapi(),
)
async def put_view(request: Request, name: _Name) -> Response:
    """Create a view, or change it. The page must take the query; its labels are those that facts have had.

    `If-Match` with the ETag of an earlier answer refuses (412) where somebody changed the view meanwhile;
    `If-None-Match: *` where it exists.
    """
    await parse(NoParameters, request)
    body = await _body(request)
    title, query = await checked_view(name, body.title, body.query)
    async with write_connection(state_of(request).settings, "views", needs="saved_view") as connection:
        view, before = await save_view(connection, name, title, query, _precondition(request))
    response = _answer(request, view)
    if before is None:
        response.status_code = HTTPStatus.CREATED
        response.headers["Location"] = url_of(request.scope, f"{router.prefix}/{name}")
    return response


@edits.delete(
    "/{name}",
    summary="Delete a view",
    status_code=204,
    response_description="The view is gone.",
    response_class=Response,
    responses=documented(404, 409, 412, 422, 503, 504),
)
async def remove_view(request: Request, name: _Name) -> Response:
    """Delete a view. `If-Match` as for a change. One that subscriptions send is refused (409)."""
    await parse(NoParameters, request)
    async with write_connection(state_of(request).settings, "views", needs="saved_view") as connection:
        await delete_view(connection, name, _precondition(request))
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _body(request: Request) -> ViewBody:
    """Return the body, whatever its type is declared to be. Raises InvalidRequest."""
    try:
        return ViewBody.model_validate_json(await request.body())
    except ValidationError as error:
        raise InvalidRequest(faults_of(error.errors(), tuple(ViewBody.model_fields))) from error


def _precondition(request: Request) -> Callable[[SavedView | None], None]:
    """Return what refuses a view that is not as the request expects it (RFC 9110, section 13.1)."""
    expected, unexpected = (request.headers.get(name) for name in ("if-match", "if-none-match"))

    def check(view: SavedView | None) -> None:
        if view and unexpected and _matches(unexpected, view):
            raise PreconditionFailed(f"The view {view.name!r} exists, and If-None-Match is {unexpected}.")
        if expected and not (view and _matches(expected, view)):
            state = f"is now {_tag(view)}" if view else "does not exist"
            raise PreconditionFailed(f"The view {state}, and If-Match is {expected}.")

    return check


def _matches(header: str, view: SavedView) -> bool:
    tags = [part.strip().removeprefix("W/") for part in header.split(",")]
    return tags == ["*"] or _tag(view) in tags


def _answer(request: Request, view: SavedView) -> Response:
    return json_response({"data": _entry(request, view)}, _tag(view))


def _entry(request: Request, view: SavedView) -> dict[str, Any]:
    members = {"name": view.name, "title": view.title, "query": view.query, "changed_at": view.changed_at}
    return members | {"href": url_of(request.scope, f"/views/{view.name}")}


def _tag(view: SavedView) -> str:
    return f'"{view.tag}"'
