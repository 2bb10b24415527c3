"""Content negotiation (RFC 9110, section 12): the format and the compression of an answer."""

import re
from collections.abc import Mapping

from fastapi import Request
from starlette.datastructures import Headers

from project.charts.renderer import Picture
from project.export.encode import CODINGS
from project.export.formats import Format


def with_format(request: Request, formats: Mapping[str, Format | Picture]) -> list[tuple[str, str]]:
    """Return the query's names and values, with the format of the path, or of `Accept` where the query has none.

    So `format` is validated in one way, however the client asks for it.
    """
    parameters = request.query_params.multi_items()
    name = request.path_params.get("format")
    if name is None and "format" not in request.query_params:
        name = _accepted(request.headers.get("accept", ""), formats)
    return [*parameters, ("format", name)] if name else parameters


def coding_of(headers: Headers) -> str | None:
    """Return how to compress an answer for its transfer; None where the client names no coding of ours."""
    if not (accepted := headers.get("accept-encoding")):
        return None
    qualities = _qualities(accepted)
    best = max(CODINGS, key=lambda coding: qualities.get(coding, 0.0))
    return best if qualities.get(best, 0.0) else None


def prefers_json(request: Request) -> bool:
    """Whether the client asks for JSON rather than for a page."""
    qualities = _qualities(request.headers.get("accept", ""))
    return qualities.get("application/json", 0.0) > qualities.get("text/html", 0.0)


def prefers_page(request: Request) -> bool:
    """Whether the client asks for a page, as browsers do when they open an address."""
    return "text/html" in _qualities(request.headers.get("accept", "")) and not prefers_json(request)


def _accepted(accept: str, formats: Mapping[str, Format | Picture]) -> str | None:
    """Return the format that `Accept` names and prefers to JSON; None for JSON."""
    qualities = _qualities(accept)
    # Browsers accept pictures when they open a URL, and mean anything that they can show.
    if "text/html" in qualities:
        return None
    of_format = {name: qualities.get(one.media_type.split(";")[0], 0.0) for name, one in formats.items()}
    best = max(of_format, key=lambda name: of_format[name])
    return best if of_format[best] > qualities.get("application/json", 0.0) else None


def _qualities(accept: str) -> dict[str, float]:
    """Return the names of a header such as `Accept` with their qualities (`;q=0.5`)."""
    qualities = {}
    for part in accept.lower().split(","):
        name, _, parameters = part.strip().partition(";")
        quality = re.search(r"\bq=(\d(?:\.\d*)?)", parameters.replace(" ", ""))
        qualities[name.strip()] = float(quality[1]) if quality else 1.0
    return qualities
