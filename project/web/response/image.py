"""A chart as a response."""

from fastapi import Request, Response

from project.charts.chart import Chart
from project.charts.renderer import Picture
from project.web.response.etag import caching_headers
from project.web.state import state_of

# A picture has inline styles, for dark screens.
_POLICY = "default-src 'none'; frame-ancestors 'none'; style-src 'unsafe-inline'"


async def image_response(request: Request, chart: Chart, picture: Picture, tag: str) -> Response:
    """Return a chart as a picture. Raises PicturesFull and RenderFailed."""
    content = await state_of(request).renderer.render(chart, picture)
    headers = {**caching_headers(tag), "Content-Security-Policy": _POLICY}
    return Response(content, headers=headers, media_type=picture.media_type)
