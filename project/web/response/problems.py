"""Errors over HTTP: RFC 9457 `application/problem+json`, one table of problems and one renderer.

A new error is a class in `errors.py` and a line of PROBLEMS.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import orjson
from asgi_correlation_id import correlation_id
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException

from project import errors
from project.errors import AdMetricsError, DatabaseUnavailable, InvalidRequest, MethodNotAllowed, NoSuchResource
from project.suggestions import nearest
from project.web.request.openapi import headers
from project.web.request.paths import path_of, url_of
from project.web.request.validation_errors import faults_of
from project.web.response.schemas import Answer, optional
from project.web.state import log_fields

MEDIA_TYPE = "application/problem+json"

TYPES = "/problems"
"""The path of the types, each of which explains itself there (`web.response.problem_types`)."""

OVERSIZED = (413, 414, 431)
"""The statuses of a body, a URL or headers that are too large, at any path."""

SHOWN_FAULTS = 100
"""More would be a large answer to a small question."""


class ProblemType(NamedTuple):
    """What an error is over HTTP. `code` is the end of its type's URI."""

    status: int
    code: str
    title: str
    headers: Callable[[Any], Mapping[str, str]] = lambda _error: {}


def _retry_after(error: Any) -> Mapping[str, str]:
    return {"Retry-After": str(error.retry_after)}


def _challenge(error: errors.NoKey) -> Mapping[str, str]:
    # RFC 6750, section 3: a request without a key gets the scheme only.
    return {"WWW-Authenticate": 'Bearer realm="ad-metrics"' + (', error="invalid_token"' if error.presented else "")}


def _insufficient_scope(error: errors.KeyTooNarrow) -> Mapping[str, str]:
    return {"WWW-Authenticate": f'Bearer realm="ad-metrics", error="insufficient_scope", scope="{error.needed}"'}


def _close_unread(error: errors.BodyTooLarge) -> Mapping[str, str]:
    # What remains of the body would be read as the next request.
    return {"Connection": "close"} if error.unread else {}


def _allow(error: MethodNotAllowed) -> Mapping[str, str]:
    return {"Allow": error.allowed}


PROBLEMS: Mapping[type[AdMetricsError], ProblemType] = {
    InvalidRequest: ProblemType(422, "invalid-parameters", "Invalid request parameters"),
    errors.NoSuchThing: ProblemType(404, "not-found", "No such thing"),
    NoSuchResource: ProblemType(404, "not-found", "No such resource"),
    MethodNotAllowed: ProblemType(405, "method-not-allowed", "Method not allowed", _allow),
    errors.InUse: ProblemType(409, "in-use", "It is in use"),
    errors.PreconditionFailed: ProblemType(412, "precondition-failed", "It has changed meanwhile"),
    errors.UrlTooLong: ProblemType(414, "url-too-long", "The URL is too long"),
    errors.BodyTooLarge: ProblemType(413, "too-large", "The body is too large", _close_unread),
    errors.NoKey: ProblemType(401, "no-key", "A key is needed", _challenge),
    errors.KeyTooNarrow: ProblemType(403, "key-too-narrow", "This key may not", _insufficient_scope),
    errors.TooManyRequests: ProblemType(429, "too-many-requests", "Too many requests", _retry_after),
    errors.AccessLimited: ProblemType(403, "loopback-only", "Access is limited to localhost"),
    errors.CrossSiteForm: ProblemType(403, "cross-site-form", "Cross-site form"),
    DatabaseUnavailable: ProblemType(503, "database-unavailable", "The database is unavailable", _retry_after),
    errors.NotMigrated: ProblemType(503, "database-not-migrated", "The database is not set up", _retry_after),
    errors.QueryTooSlow: ProblemType(504, "query-too-slow", "The query took too long", _retry_after),
    errors.ServerFull: ProblemType(503, "server-full", "The service is full", _retry_after),
    errors.LoadsFull: ProblemType(503, "loads-full", "The limit of loads is reached", _retry_after),
    # nginx logs this status; no client receives it.
    errors.ClientDisconnected: ProblemType(499, "client-disconnected", "The client disconnected", _retry_after),
    errors.NotReady: ProblemType(503, "not-ready", "The service is not ready", _retry_after),
    errors.ShuttingDown: ProblemType(503, "shutting-down", "Shutting down", _retry_after),
    errors.InternalError: ProblemType(500, "internal-error", "Internal server error"),
    errors.RenderFailed: ProblemType(500, "render-failed", "The chart could not be rendered"),
    errors.PicturesFull: ProblemType(503, "pictures-full", "Too many pictures", _retry_after),
}
"""What each error is over HTTP; an error without a line is what its nearest base is."""


class ParameterError(Answer):
    """One fault, as the document describes it."""

    parameter: str
    code: str
    detail: str
    value: Any = optional("What was sent.")
    suggestions: list[str] = optional("The nearest values that would work.")


class Problem(Answer):
    """What every refusal looks like."""

    type: str = Field(examples=["/problems/invalid-parameters"])
    title: str
    status: int
    instance: str = Field(description="The path that was asked for.")
    request_id: str = Field(description="The same as in the header `X-Request-ID` and in the log.")
    detail: str = optional("What is wrong, and what would work.")
    errors: list[ParameterError] = optional("All faults of the request's parameters.")
    suggestions: list[str] = optional("The nearest that would work.")
    checks: dict[str, Any] = optional("What `/health/ready` found.")


def problem_of(request: Request, error: Exception) -> Response:
    """Return the problem of an error. Raises an error that PROBLEMS does not know.

    The log line of the request gets the problem's code, and the cause where the database is unavailable.
    """
    error = _translated(request, error)
    if isinstance(error, HTTPException):
        phrase = HTTPStatus(error.status_code).phrase
        known = ProblemType(error.status_code, phrase.lower().replace(" ", "-"), phrase, lambda _: error.headers or {})
        members: dict[str, Any] = {"detail": str(error.detail)}
    else:
        found = next((PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS), None)
        if found is None:
            raise error
        known, members = found, _members(error)
    unavailable = error.__cause__ if isinstance(error, errors.NotReady) else error
    if isinstance(unavailable, DatabaseUnavailable) and unavailable.__cause__:
        log_fields(request, cause=unavailable.cause)
    log_fields(request, problem=known.code)
    content = {
        "type": url_of(request.scope, f"{TYPES}/{known.code}"),
        "title": known.title,
        "status": known.status,
        "instance": request.url.path,
        "request_id": correlation_id.get(),
        **members,
    }
    body = orjson.dumps({name: value for name, value in content.items() if value not in (None, [], ())})
    return Response(body, known.status, known.headers(error), MEDIA_TYPE)


def answer_errors(app: FastAPI) -> None:
    """Answer the errors of an application with problems; what PROBLEMS does not know, `error_boundary` answers."""
    for kind in (AdMetricsError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, problem_of)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return these statuses as FastAPI's `responses=` takes them, for the OpenAPI document."""
    return {
        status: {
            "description": f"{_title(status)}, or see `type`",
            "model": Problem,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            "headers": headers(*_HEADERS.get(status, ())),
        }
        for status in statuses
    }


_RETRY = ("Retry-After",)
_HEADERS = {401: ("WWW-Authenticate",), 429: (*_RETRY, "RateLimit", "RateLimit-Policy"), 503: _RETRY, 504: _RETRY}
"""The headers of every problem of a status, beside those of all answers."""


def _title(status: int) -> str:
    titles = (problem.title for problem in PROBLEMS.values() if problem.status == status)
    return next(titles, HTTPStatus(status).phrase)


def _translated(request: Request, error: Exception) -> Exception:
    """Return the error of ours that an error of FastAPI's stands for."""
    if isinstance(error, RequestValidationError):
        # FastAPI validates the path, and puts before each name where it was.
        return InvalidRequest(faults_of({**item, "loc": item["loc"][1:]} for item in error.errors()))
    if not isinstance(error, HTTPException):
        return error
    paths = request.app.openapi()["paths"]
    if error.status_code == HTTPStatus.NOT_FOUND:
        suggestions = nearest(path_of(request.scope), [*paths, "/docs"], 1)
        addresses = [url_of(request.scope, path) for path in suggestions]
        return NoSuchResource(f"Nothing is at {request.url.path!r}.", addresses)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # Starlette names the methods of one route of the path, which may have several.
        methods = paths.get(getattr(request.scope.get("route"), "path", ""), ())
        allowed = ", ".join(sorted(map(str.upper, methods))) or (error.headers or {}).get("Allow", "GET")
        detail = f"{request.url.path} does not take {request.method}; it takes {allowed}."
        return MethodNotAllowed(detail, allowed)
    return error


def _members(error: Any) -> dict[str, Any]:
    if isinstance(error, InvalidRequest):
        many = len(error.faults) > SHOWN_FAULTS
        detail = f"{len(error.faults):,} faults; the first {SHOWN_FAULTS} are here." if many else None
        return {"detail": detail, "errors": list(map(_fault_object, error.faults[:SHOWN_FAULTS]))}
    optional = {name: getattr(error, name, None) for name in ("suggestions", "checks")}
    return {"detail": str(error), **optional}


def _fault_object(fault: errors.Fault) -> dict[str, Any]:
    members = {"parameter": fault.parameter, "value": fault.value, "code": fault.code, "detail": fault.detail}
    shown = {name: value for name, value in members.items() if value is not None}
    return shown | ({"suggestions": list(fault.suggestions)} if fault.suggestions else {})
