"""Errors as pages: the API's problems in HTML, or a form that takes a key."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from fastapi import Request, Response

from project import errors
from project.errors import AdMetricsError, InvalidRequest, NoKey
from project.store.warehouse.snapshot import known_labels
from project.web.api.views.params import ViewParameters
from project.web.dashboard.render import base_of, html_response, render
from project.web.request.negotiation import prefers_json, prefers_page
from project.web.request.query_string import validate
from project.web.request.retry import RetryOnDisconnect
from project.web.response.problems import problem_of

Fault = Mapping[str, Any]
"""One of a problem's `errors`."""


class ErrorsAsPage(RetryOnDisconnect):
    """A route that answers errors with pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request; called by FastAPI."""
        handle = super().get_route_handler()

        async def handle_as_page(request: Request) -> Response:
            try:
                return await handle(request)
            except AdMetricsError as error:
                if prefers_json(request):
                    raise
                return _error_page(request, error)

        return handle_as_page


def error_of_address(request: Request, error: Exception) -> Response:
    """Answer an address that does not exist: browsers with a page, all others with a problem."""
    return _error_page(request, error) if prefers_page(request) else problem_of(request, error)


def _error_page(request: Request, error: Exception) -> Response:
    response = problem_of(request, error)
    problem = orjson.loads(bytes(response.body))
    headers = {name: value for name, value in response.headers.items() if not name.startswith("content-")}
    base, query = base_of(request), request.url.query
    if isinstance(error, NoKey):
        text = render("key.html", base, problem=problem, query=query, wrong_key=error.presented)
    else:
        retry = problem["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR and request.method == "GET"
        corrected = partial(_corrected, query, problem.get("errors", ()))
        text = render("error.html", base, problem=problem, query=query, retry=retry, corrected=corrected)
    return html_response(text, response.status_code, headers)


def _corrected(query: str, faults: Sequence[Fault], fault: Fault, suggestion: str) -> str | None:
    """Return the query with a suggestion instead of the fault's value, or of its parameter where that is unknown.

    None where the page would refuse that too: what a parameter is called elsewhere may take other values here.
    """
    unknown, wrong = fault["code"] == "unknown_parameter", fault.get("value")
    given = [value for name, value in parse_qsl(query) if name == fault["parameter"]]
    # A fault may write its value otherwise than the query does: a moment in UTC.
    as_given = any(wrong in (value, *value.split(",")) for value in given)

    def corrected(name: str, value: str) -> tuple[str, str]:
        if name != fault["parameter"]:
            return name, value
        if unknown:
            return suggestion, value
        if not as_given or value == wrong:
            return name, suggestion
        return name, ",".join(suggestion if part == wrong else part for part in value.split(","))

    items = [corrected(*item) for item in parse_qsl(query)]
    about = suggestion if unknown else fault["parameter"]
    before = {(known["parameter"], known["detail"]) for known in faults}
    after = {(other.parameter, other.detail) for other in _faults(items) if other.parameter == about}
    return urlencode(items, safe=",") if after <= before else None


def _faults(items: Sequence[tuple[str, str]]) -> Sequence[errors.Fault]:
    labels = known_labels()
    try:
        if labels:
            validate(ViewParameters, items, labels)
    except InvalidRequest as error:
        return error.faults
    return ()
