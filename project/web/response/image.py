"""A chart as an answer."""

from typing import Any

from fastapi import Request

from project.charts.chart import Chart
from project.charts.renderer import Picture
from project.store.warehouse.labels import Labels
from project.web.server.answer_cache import Answer
from project.web.state import state_of

# A picture has inline styles, for dark screens.
_POLICY = "default-src 'none'; frame-ancestors 'none'; style-src 'unsafe-inline'"


async def image_answer(request: Request, chart: Chart, picture: Picture, labels: Labels, **log: Any) -> Answer:
    """Return a chart as a picture. Raises PicturesFull and RenderFailed."""
    content = await state_of(request).renderer.render(chart, picture)
    return Answer(labels.version, content, picture.media_type, {"Content-Security-Policy": _POLICY}, log)
