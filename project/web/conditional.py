"""Conditional requests: ETags made of the data version and the question, and 304 (RFC 9110, section 13)."""

import hashlib
from typing import Any

from fastapi import Request, Response

from project import __version__
from project.store.labels import DataVersion


def etag(version: DataVersion, *question: Any) -> str:
    """Return the ETag of the answer to a question at a data version.

    The question belongs in it for the sake of date presets: the same URL means other days tomorrow. So does the
    release, since another one may write the same answer differently.
    """
    digest = hashlib.blake2b(repr((__version__, question)).encode(), digest_size=6).hexdigest()
    return f'"{version.token}-{digest}"'


def caching_headers(tag: str) -> dict[str, str]:
    """Return the headers that let a client keep an answer, and make it ask each time whether it still holds."""
    return {"ETag": tag, "Cache-Control": "no-cache"}


def not_modified(request: Request, tag: str) -> Response | None:
    """Return a 304 where the client has this very answer already.

    `*`, which asks whether there is any answer at all, is not taken: it is meant for writes.
    """
    known = ",".join(request.headers.getlist("if-none-match"))
    if tag in {part.strip().removeprefix("W/") for part in known.split(",")}:
        return Response(status_code=304, headers=caching_headers(tag))
    return None
