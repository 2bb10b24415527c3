"""Errors as HTTP: RFC 9457 `application/problem+json`, one shape everywhere."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from asgi_correlation_id import correlation_id
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from loguru import logger
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from project.errors import DatabaseUnavailable, Fault, InvalidRequest, NoSuchThing, NotMigrated, QueryTooSlow
from project.store.labels import nearest
from project.web.faults import faults_of

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
    """Return one problem; members that are empty are left out."""
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


def install(app: FastAPI) -> None:
    """Answer every error of the application with a problem."""
    app.add_exception_handler(RequestValidationError, _invalid_parameters)
    app.add_exception_handler(InvalidRequest, _invalid_request)
    app.add_exception_handler(NoSuchThing, _no_such_thing)
    app.add_exception_handler(DatabaseUnavailable, _database_unavailable)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(_InternalErrors)


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


def _database_unavailable(request: Request, error: Any) -> Response:
    logger.warning("{} {}: {} ({!r})", request.method, request.url.path, error, error.__cause__)
    kind, title = {
        NotMigrated: ("database-not-migrated", "The database is not set up"),
        QueryTooSlow: ("query-too-slow", "The query took too long"),
    }.get(type(error), ("database-unavailable", "The database is unavailable"))
    headers = {"Retry-After": str(error.retry_after)}
    return problem(request, 503, kind, title, detail=str(error), headers=headers)


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
        allowed = (error.headers or {}).get("Allow", "GET")
        detail = f"{request.url.path} does not take {request.method}; it takes {allowed}."
        return problem(request, 405, "method-not-allowed", "Method not allowed", detail=detail, headers=error.headers)
    phrase = HTTPStatus(error.status_code).phrase
    kind = phrase.lower().replace(" ", "-")
    return problem(request, error.status_code, kind, phrase, detail=str(error.detail), headers=error.headers)


class _InternalErrors:
    """Pure ASGI, inside the middleware that numbers requests: Starlette's own handler would answer outside of it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            if scope["type"] != "http":
                raise
            request = Request(scope)
            logger.opt(exception=error).error("{} {} failed", request.method, request.url.path)
            if started:
                # Half an answer must not look whole: the server breaks the connection.
                raise
            detail = "The fault is ours. The log has the cause under this request id."
            answer = problem(request, 500, "internal-error", "Internal error", detail=detail)
            await answer(scope, receive, send)
