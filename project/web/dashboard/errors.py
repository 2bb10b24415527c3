"""Errors as pages: the API's problems in HTML, or a form that takes a key."""

from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from fastapi import Request, Response

from project.errors import AdMetricsError, NoKey
from project.web.dashboard.render import html_response, render
from project.web.request.retry import RetryOnDisconnect
from project.web.response.problems import problem_of


class ErrorsAsPage(RetryOnDisconnect):
    """A route that answers errors with pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request; called by FastAPI."""
        handle = super().get_route_handler()

        async def handle_as_page(request: Request) -> Response:
            try:
                return await handle(request)
            except AdMetricsError as error:
                return _error_page(request, error)

        return handle_as_page


def _error_page(request: Request, error: AdMetricsError) -> Response:
    response = problem_of(request, error)
    problem = orjson.loads(bytes(response.body))
    headers = {name: value for name, value in response.headers.items() if not name.startswith("content-")}
    if isinstance(error, NoKey):
        text = render("key.html", problem=problem, query=request.url.query, wrong_key=error.presented)
    else:
        retry = problem["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR and request.method == "GET"
        text = render("error.html", problem=problem, query=request.url.query, retry=retry, corrected=_corrected)
    return html_response(text, response.status_code, headers)


def _corrected(query: str, fault: Mapping[str, Any], suggestion: str) -> str:
    """Return the query with a suggestion instead of the fault's value, or of its parameter where that is unknown."""

    def corrected(name: str, value: str) -> tuple[str, str]:
        if name != fault["parameter"]:
            return name, value
        if fault["code"] == "unknown_parameter":
            return suggestion, value
        wrong = fault.get("value")
        parts = [value] if value == wrong else value.split(",")
        return name, ",".join(suggestion if part == wrong else part for part in parts)

    return urlencode([corrected(*item) for item in parse_qsl(query)], safe=",")
