"""Errors as HTTP: RFC 9457 `application/problem+json`, one shape everywhere."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from asgi_correlation_id import correlation_id
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from project.errors import (
    CallerGone,
    DatabaseUnavailable,
    Fault,
    InvalidRequest,
    KeyTooNarrow,
    LoadsFull,
    NoKey,
    NoSuchThing,
    NotMigrated,
    PictureLost,
    PicturesFull,
    QueryTooSlow,
    ServerFull,
    StrangeForm,
    TooManyRequests,
)
from project.store.warehouse.labels import nearest
from project.web.request.validation_errors import faults_of

MEDIA_TYPE = "application/problem+json"

SHOWN_FAULTS = 100
"""More would be a large answer to a small question."""


class ParameterError(BaseModel):
    """One fault, as the document describes it."""

    parameter: str
    code: str
    detail: str
    value: Any = None
    suggestions: list[str] = Field([], description="The nearest values that would work.")


class Problem(BaseModel):
    """What every refusal looks like."""

    type: str = Field(examples=["/problems/invalid-parameters"])
    title: str
    status: int
    instance: str = Field(description="The path that was asked for.")
    request_id: str | None = Field(description="The same as in the header `X-Request-ID` and in the log.")
    detail: str | None = None
    errors: list[ParameterError] = Field([], description="All faults of the request's parameters.")
    suggestions: list[str] = []
    checks: dict[str, Any] | None = None


def problem(
    request: Request,
    status: int,
    kind: str,
    title: str,
    *,
    detail: str | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """Return one problem; members that are empty are left out. The log line of the request names its kind."""
    request.scope["observed"]["problem"] = kind
    content = {
        "type": f"/problems/{kind}",
        "title": title,
        "status": status,
        "instance": request.url.path,
        "request_id": correlation_id.get(),
        "detail": detail,
        **members,
    }
    body = orjson.dumps({name: value for name, value in content.items() if value not in (None, [], ())})
    return Response(body, status, headers, MEDIA_TYPE)


_UNAVAILABLE: dict[type, tuple[int, str, str]] = {
    NotMigrated: (503, "database-not-migrated", "The database is not set up"),
    QueryTooSlow: (504, "query-too-slow", "The query took too long"),
    # As nginx has it in its log; nobody else sees it.
    CallerGone: (499, "caller-gone", "The caller left"),
    ServerFull: (503, "server-full", "The service is full"),
    LoadsFull: (503, "loads-full", "As many loads run as may"),
    DatabaseUnavailable: (503, "database-unavailable", "The database is unavailable"),
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return these refusals as FastAPI's `responses=` takes them, for the OpenAPI document."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "model": Problem,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def leading_to(operation: str, parameter: str, place: str) -> dict[int | str, dict[str, Any]]:
    """Return, for `responses=`, that a good answer holds in this place what another operation takes."""
    link = {"operationId": operation, "parameters": {parameter: f"$response.body#{place}"}}
    return {200: {"links": {operation: link}}}


def install(app: FastAPI) -> None:
    """Answer every error of the application with a problem."""
    app.add_exception_handler(RequestValidationError, _invalid_parameters)
    app.add_exception_handler(InvalidRequest, _invalid_request)
    app.add_exception_handler(NoSuchThing, _no_such_thing)
    app.add_exception_handler(NoKey, _no_key)
    app.add_exception_handler(KeyTooNarrow, _key_too_narrow)
    app.add_exception_handler(TooManyRequests, _too_many_requests)
    app.add_exception_handler(DatabaseUnavailable, database_unavailable)
    app.add_exception_handler(StrangeForm, _strange_form)
    app.add_exception_handler(PicturesFull, _pictures_full)
    app.add_exception_handler(PictureLost, _picture_lost)
    app.add_exception_handler(HTTPException, _http)


def answer_to(request: Request, error: Exception) -> Response:
    """Return the problem that an error of ours is."""
    handlers = request.app.exception_handlers
    handle = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
    answer: Response = handle(request, error)
    return answer


def database_unavailable(request: Request, error: Any) -> Response:
    """Return the problem of a database that is away, slow or not set up, or of a service that is full."""
    status, kind, title = next(_UNAVAILABLE[of] for of in type(error).__mro__ if of in _UNAVAILABLE)
    if error.__cause__:
        request.scope["observed"]["cause"] = type(error.__cause__).__name__
    headers = {"Retry-After": str(error.retry_after)}
    return problem(request, status, kind, title, detail=str(error), headers=headers)


def _invalid_parameters(request: Request, error: Any) -> Response:
    # FastAPI's own check, of the path: it puts before each name where it stood.
    return _faults(request, faults_of({**item, "loc": item["loc"][1:]} for item in error.errors()))


def _invalid_request(request: Request, error: Any) -> Response:
    return _faults(request, error.faults)


def _faults(request: Request, faults: Sequence[Fault]) -> Response:
    errors = []
    for fault in faults[:SHOWN_FAULTS]:
        shown = {
            "parameter": fault.parameter,
            "value": fault.value,
            "code": fault.code,
            "detail": fault.detail,
        }
        errors.append(
            {name: value for name, value in shown.items() if value is not None}
            | ({"suggestions": list(fault.suggestions)} if fault.suggestions else {})
        )
    title = "Invalid request parameters"
    detail = f"{len(faults):,} faults; the first {SHOWN_FAULTS} are here." if len(faults) > SHOWN_FAULTS else None
    return problem(request, 422, "invalid-parameters", title, detail=detail, errors=errors)


def _no_such_thing(request: Request, error: Any) -> Response:
    return problem(request, 404, "not-found", "No such thing", detail=str(error), suggestions=error.suggestions)


def _no_key(request: Request, error: Any) -> Response:
    # RFC 6750, section 3: a request without a key is told the scheme only.
    challenge = 'Bearer realm="ad-metrics"' + (', error="invalid_token"' if error.presented else "")
    headers = {"WWW-Authenticate": challenge}
    return problem(request, 401, "no-key", "A key is needed", detail=str(error), headers=headers)


def _key_too_narrow(request: Request, error: Any) -> Response:
    headers = {"WWW-Authenticate": f'Bearer realm="ad-metrics", error="insufficient_scope", scope="{error.needed}"'}
    return problem(request, 403, "key-too-narrow", "This key may not", detail=str(error), headers=headers)


def _too_many_requests(request: Request, error: Any) -> Response:
    headers = {"Retry-After": str(error.retry_after)}
    return problem(request, 429, "too-many-requests", "Too many requests", detail=str(error), headers=headers)


def _strange_form(request: Request, error: Any) -> Response:
    return problem(request, 403, "strange-form", "Not from here", detail=str(error))


def _pictures_full(request: Request, error: Any) -> Response:
    headers = {"Retry-After": str(error.retry_after)}
    return problem(request, 503, "pictures-full", "Too many pictures", detail=str(error), headers=headers)


def _picture_lost(request: Request, error: Any) -> Response:
    return problem(request, 500, "picture-lost", "The picture could not be drawn", detail=str(error))


def _http(request: Request, error: Any) -> Response:
    if error.status_code == HTTPStatus.NOT_FOUND:
        path = request.url.path
        meant = nearest(path, [*request.app.openapi()["paths"], "/docs"], 1)
        return problem(
            request,
            404,
            "not-found",
            "No such resource",
            detail=f"Nothing is at {path!r}.",
            suggestions=meant,
        )
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # Starlette names the methods of one route of the path, which may have several.
        route = getattr(request.scope.get("route"), "path", "")
        taken = request.app.openapi()["paths"].get(route, ())
        allowed = ", ".join(sorted(method.upper() for method in taken)) or (error.headers or {}).get("Allow", "GET")
        detail = f"{request.url.path} does not take {request.method}; it takes {allowed}."
        headers = {"Allow": allowed}
        return problem(request, 405, "method-not-allowed", "Method not allowed", detail=detail, headers=headers)
    phrase = HTTPStatus(error.status_code).phrase
    kind = phrase.lower().replace(" ", "-")
    return problem(request, error.status_code, kind, phrase, detail=str(error.detail), headers=error.headers)
