"""Templates rendered as HTML responses."""

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from project import __version__
from project.catalog import METRICS
from project.catalog.display import capitalised, display_label, display_name, format_amount
from project.charts.bundle import FILE_NAME
from project.commands import typed
from project.store.warehouse.labels import Labels
from project.web.dashboard.amounts import change_html, format_compact
from project.web.request.paths import path_of
from project.web.server.answer_cache import Answer

MANY_ROWS = 200
"""From so many rows on, a page takes longer to render than other requests should wait (20 ms)."""

_MEDIA_TYPE = "text/html; charset=utf-8"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
    auto_reload=False,
)
_templates.globals |= {"metrics": METRICS, "typed": typed, "version": __version__, "chart_bundle": FILE_NAME}
_templates.globals |= {
    function.__name__: function
    for function in (change_html, display_label, display_name, format_amount, format_compact)
}
_templates.filters["capitalised"] = capitalised


async def render_page(rows: int, **context: Any) -> str:
    """Render the page; one of many rows in a thread, so that other requests go on."""
    rendering = partial(render, "page.html", **context)
    return await asyncio.to_thread(rendering) if rows > MANY_ROWS else rendering()


def render(template: str, base: str = "./", **context: Any) -> str:
    """Render a template, its panels first; `base` is the relative address of the page at `/`."""
    # Inside the page, each of 2,000 texts would pass through three generators: a tenth of the page's time.
    names = [(panel, panel.template) for panel in context.get("panels", ())]
    texts = [_templates.get_template(name).render(context, panel=panel) for panel, name in names]
    parts = [(name.removesuffix(".html"), Markup(text)) for (_, name), text in zip(names, texts, strict=True)]  # noqa: S704
    return _templates.get_template(template).render(context, base=base, parts=parts)


def base_of(request: Request) -> str:
    """Return the relative address of the page at `/`, from the path of a request."""
    return "../" * (path_of(request.scope).count("/") - 1) or "./"


def html_answer(text: str, labels: Labels, **log: Any) -> Answer:
    """Return a page about the data as an answer, with the fields of its log lines."""
    return Answer(labels.version, text.encode(), _MEDIA_TYPE, {"Content-Security-Policy": _POLICY}, log)


def html_response(text: str, status: int, headers: Mapping[str, str]) -> Response:
    """Return a page as a response."""
    return Response(text, status, {"Content-Security-Policy": _POLICY, **headers}, _MEDIA_TYPE)
