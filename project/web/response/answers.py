"""Answers to questions about the data: 304 where the client has it, from memory where it was made before, else new."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response

from project.store.warehouse.snapshot import newest_version
from project.web.response.etag import caching_headers, etag, not_modified, question_digest
from project.web.server.answer_cache import Answer
from project.web.state import log_fields, state_of


async def respond(request: Request, make: Callable[[], Awaitable[Answer]], *etag_inputs: Any) -> Response:
    """Answer a request. `make` makes the answer where neither the client nor the process has that of the newest state.

    Requests that ask the same at the same time share one answer. `etag_inputs` are those of `etag`.
    """
    cache, question = state_of(request).answers, question_digest(request, *etag_inputs)
    while True:
        answer = await cache.get(question)
        if answer or "if-none-match" in request.headers:
            version = await newest_version()
            if unchanged := not_modified(request, etag(version, question)):
                return unchanged
            if answer and answer.version == version:
                cache.on_use(True)
                return _response(request, answer, question)
        if not cache.is_making(question):
            return _response(request, await cache.make(question, make), question)


def _response(request: Request, answer: Answer, question: str) -> Response:
    log_fields(request, **answer.log)
    headers = {**answer.headers, **caching_headers(etag(answer.version, question))}
    return Response(answer.body, headers=headers, media_type=answer.media_type)
