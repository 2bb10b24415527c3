"""Negotiation: which format a request asks for, by `format=` or by `Accept` (RFC 9110, section 12)."""

import re
from collections.abc import Mapping
from typing import Any, Protocol

from fastapi import Request


class _Kind(Protocol):
    @property
    def media_type(self) -> str: ...


def with_format(request: Request, formats: Mapping[str, _Kind]) -> list[tuple[str, str]]:
    """Return the names and values of the query, and as `format` what `Accept` asks for, where the query does not say.

    So what is said of `format` holds however it was asked for.
    """
    given = request.query_params.multi_items()
    kind = None if "format" in request.query_params else _accepted(request.headers.get("accept", ""), formats)
    return [*given, ("format", kind)] if kind else given


def media_types(formats: Mapping[str, _Kind]) -> dict[str, Any]:
    """Return the formats as the OpenAPI document has them, beside JSON."""
    return {one.media_type.split(";")[0]: {"schema": _schema(one.media_type)} for one in formats.values()}


def _schema(media_type: str) -> dict[str, str]:
    textual = media_type.startswith(("text/", "application/x-ndjson", "image/svg+xml"))
    return {"type": "string"} if textual else {"type": "string", "format": "binary"}


def _accepted(accept: str, formats: Mapping[str, _Kind]) -> str | None:
    """Return the format that is asked for by its own name, and wanted more than JSON; None for JSON."""
    wanted = {}
    for part in accept.lower().split(","):
        kind, _, parameters = part.strip().partition(";")
        quality = re.search(r"\bq=(\d(?:\.\d+)?)", parameters.replace(" ", ""))
        wanted[kind.strip()] = float(quality[1]) if quality else 1.0
    # Browsers that open a URL accept pictures too, and mean anything that they can show.
    if "text/html" in wanted:
        return None
    of = {name: wanted.get(one.media_type.split(";")[0], 0.0) for name, one in formats.items()}
    best = max(of, key=lambda name: of[name])
    return best if of[best] > wanted.get("application/json", 0.0) else None
