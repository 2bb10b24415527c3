"""Pictures: a report as a chart."""

from fastapi import Request, Response

from project.charts.chart import Chart
from project.charts.renderer import Picture
from project.web.middleware.security_headers import SECURITY_HEADERS
from project.web.response.etag import caching_headers

# It has styles of its own, for dark screens.
_POLICY = SECURITY_HEADERS["Content-Security-Policy"] + "; style-src 'unsafe-inline'"


async def picture_response(request: Request, kind: Picture, chart: Chart, tag: str) -> Response:
    """Return a chart as a picture."""
    drawn = await request.app.state.drawing.draw(chart, kind)
    headers = {**caching_headers(tag), "Content-Security-Policy": _POLICY}
    return Response(drawn, headers=headers, media_type=kind.media_type)
