"""The OpenAPI document, and `/docs`: the document as a page, without a network."""

import base64
import hashlib
import re
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html

from project.web.request.openapi import HEADERS, headers
from project.web.response import problems

router = APIRouter(include_in_schema=False)

_FILES = "/static-offline-docs"

_DARK = (
    b'<meta name="color-scheme" content="light dark"><script>document.documentElement.classList.toggle'
    b'("dark-mode", matchMedia("(prefers-color-scheme: dark)").matches)</script>'
)
"""Swagger UI has a style for dark screens, which is in effect by this class."""

INFO: dict[str, Any] = {
    "title": "Ad Metrics",
    "summary": "Daily advertising facts: filtered rows and reports, exact and fast.",
    "description": "Answers are JSON, except files and charts (`/v1/ad-metrics.{format}`, `/v1/reports.{format}`) and "
    "`/metrics`. Refusals are problems (RFC 9457). A member that is not required is absent where it does not apply, "
    "and not null. Later releases may add members: ignore those that you do not know.",
    "contact": {"name": "Whoever runs this service"},
    "license_info": {"name": "MIT", "identifier": "MIT"},
    "servers": [{"url": "/", "description": "The host of this document"}],
    "openapi_tags": [
        {"name": "Rows", "description": "Facts: one row a day and combination of dimensions."},
        {"name": "Reports", "description": "Facts grouped by dimensions and date grains, summed, compared."},
        {"name": "Changes", "description": "What was loaded, what moved by it, and how soon numbers settle."},
        {"name": "Dimensions", "description": "The labels that filters take."},
        {"name": "Catalogue", "description": "Everything that can be asked for."},
        {"name": "Views", "description": "Queries of the page, saved under names."},
        {"name": "Ingests", "description": "Loads over HTTP, where the service permits them."},
        {"name": "Health", "description": "For load balancers and monitors."},
    ],
}
"""What FastAPI takes for the document."""


def describe(app: FastAPI) -> None:
    """Make the application's OpenAPI document what clients are generated from, and `/docs` shows."""
    generate = app.openapi
    app.openapi = lru_cache(lambda: _completed(generate()))  # type: ignore[method-assign]


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    """Return FastAPI's document with what it leaves out, without what it makes up."""
    components = document["components"]
    scheme = {"type": "http", "scheme": "bearer", "description": "A key made with `ad-metrics keys create`."}
    components.setdefault("securitySchemes", {}).setdefault("ApiKey", scheme)
    used = set()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            # Where keys are needed, FastAPI has said so. Elsewhere clients may send one.
            operation.setdefault("security", [] if path.startswith("/health/") else [{}, {"ApiKey": []}])
            for response in operation["responses"].values():
                response["headers"] = headers("X-Request-ID") | response.get("headers", {})
                used |= response["headers"].keys()
                content = response.get("content", {})
                # FastAPI takes every model for JSON.
                if problems.MEDIA_TYPE in content:
                    content.pop("application/json", None)
                elif "application/json" in content:
                    answer = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
                    response["description"] = components["schemas"][answer]["description"]
    components["headers"] = {
        name: {"description": description, "schema": {"type": kind}}
        for name, (kind, description) in HEADERS.items()
        if name in used
    }
    return document


@router.get("/docs")
async def documentation(request: Request) -> Response:
    """Show the page."""
    root = request.scope.get("root_path", "")
    page = get_swagger_ui_html(
        openapi_url=f"{root}{request.app.openapi_url}",
        title=request.app.title,
        swagger_js_url=f"{root}{_FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{root}{_FILES}/swagger-ui.css",
        swagger_favicon_url=f"{root}{_FILES}/favicon.png",
    )
    page.body = bytes(page.body).replace(b"</head>", _DARK + b"</head>")
    page.headers["Content-Length"] = str(len(page.body))
    scripts = re.findall(r"<script>(.*?)</script>", page.body.decode(), re.DOTALL)
    page.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self' {' '.join(map(_hash, scripts))}; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
