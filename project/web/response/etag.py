"""Conditional requests: ETags made of the data version and the URL, and 304 (RFC 9110, section 13)."""

import hashlib
from typing import Any

from fastapi import Request, Response

from project import __version__
from project.store.warehouse.data_version import DataVersion
from project.web.state import state_of


def question_digest(request: Request, *etag_inputs: Any) -> str:
    """Return what stands for the question of a request: two with one digest have one answer at a data version.

    `etag_inputs` is what the answer depends on beside URL and data: with a date preset one URL means other days
    tomorrow. The release and the settings that answers show are inputs too: after the next start the same answer may
    look different.
    """
    settings, scope = state_of(request).settings, request.scope
    fixed = (__version__, settings.currency, settings.timezone, settings.api_auth)
    question = (*fixed, scope["path"], scope["query_string"], etag_inputs)
    return hashlib.blake2b(repr(question).encode(), digest_size=16).hexdigest()


def etag(version: DataVersion, question: str) -> str:
    """Return the ETag of the answer to a question, by its digest, at a data version."""
    return f'"{version.token}-{question}"'


def caching_headers(tag: str) -> dict[str, str]:
    """Return the headers that let a client cache an answer; `web.middleware.cache_control` adds the policy."""
    return {"ETag": tag, "Vary": "Accept"}


def not_modified(request: Request, tag: str) -> Response | None:
    """Return a 304 where the client has this answer, else None.

    `*`, which asks whether there is any answer, is ignored: it is meant for writes.
    """
    known = ",".join(request.headers.getlist("if-none-match"))
    # A compressed answer has the weak tag; the client gets the one that it has.
    held = next((part for part in map(str.strip, known.split(",")) if part.removeprefix("W/") == tag), None)
    return Response(status_code=304, headers=caching_headers(held)) if held else None
