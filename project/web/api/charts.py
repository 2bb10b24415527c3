"""`/static/vega-….js`: the script with which the page draws what `format=vega` gives."""

from fastapi import APIRouter, Request, Response

from project.charts.bundle import BUNDLE, FILE_NAME
from project.web.middleware.cache_control import IMMUTABLE
from project.web.response.etag import caching_headers, not_modified

router = APIRouter(include_in_schema=False)


@router.get(f"/static/{FILE_NAME}")
async def vega_script(request: Request) -> Response:
    """Give the script, which browsers store for a year; another release has another address."""
    tag = f'"{FILE_NAME}"'
    response = not_modified(request, tag) or Response(
        await BUNDLE.content(), headers=caching_headers(tag), media_type="text/javascript"
    )
    response.headers["Cache-Control"] = IMMUTABLE
    return response
