"""Negotiation: which format a request asks for, by `format=` or by `Accept` (RFC 9110, section 12)."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from fastapi import Request


class _Kind(Protocol):
    @property
    def media_type(self) -> str: ...


Kind = TypeVar("Kind", bound=_Kind)


def format_of(request: Request, asked: str | None, formats: Mapping[str, Kind]) -> Kind | None:
    """Return the format that was asked for by parameter, or else by `Accept`; None for JSON."""
    if asked is not None:
        return formats.get(asked)
    kinds = [part.split(";")[0].strip() for part in request.headers.get("accept", "").split(",")]
    # Browsers that open a URL accept pictures too, and mean anything that they can show.
    if "text/html" in kinds:
        return None
    return next((one for one in formats.values() if one.media_type.split(";")[0] in kinds), None)


def media_types(formats: Mapping[str, _Kind]) -> dict[str, Any]:
    """Return the formats as the OpenAPI document has them, beside JSON."""
    return {one.media_type.split(";")[0]: {"schema": _schema(one.media_type)} for one in formats.values()}


def _schema(media_type: str) -> dict[str, str]:
    textual = media_type.startswith(("text/", "application/x-ndjson", "image/svg+xml"))
    return {"type": "string"} if textual else {"type": "string", "format": "binary"}
