"""Content negotiation (RFC 9110, section 12): the format and the compression of an answer."""

import re
from collections.abc import Mapping

from fastapi import Request

from project.charts.renderer import Picture
from project.export.encode import CODINGS
from project.export.formats import Format


def with_format(request: Request, formats: Mapping[str, Format | Picture]) -> list[tuple[str, str]]:
    """Return the query's names and values, with the format of `Accept` as `format` where the query has none.

    So `format` is validated in one way, however the client asks for it.
    """
    parameters = request.query_params.multi_items()
    if "format" in request.query_params:
        return parameters
    name = _accepted(request.headers.get("accept", ""), formats)
    return [*parameters, ("format", name)] if name else parameters


def coding_of(request: Request, format_: Format) -> str | None:
    """Return how to compress a file for its transfer; None where it is compressed, or the client accepts no coding."""
    accepted = {
        part.split(";")[0].strip()
        for part in request.headers.get("accept-encoding", "").split(",")
        if not part.replace(" ", "").endswith(";q=0")
    }
    return next((coding for coding in CODINGS if coding in accepted), None) if format_.textual else None


def _accepted(accept: str, formats: Mapping[str, Format | Picture]) -> str | None:
    """Return the format that `Accept` names and prefers to JSON; None for JSON."""
    qualities = {}
    for part in accept.lower().split(","):
        media_type, _, parameters = part.strip().partition(";")
        quality = re.search(r"\bq=(\d(?:\.\d+)?)", parameters.replace(" ", ""))
        qualities[media_type.strip()] = float(quality[1]) if quality else 1.0
    # Browsers accept pictures when they open a URL, and mean anything that they can show.
    if "text/html" in qualities:
        return None
    of_format = {name: qualities.get(one.media_type.split(";")[0], 0.0) for name, one in formats.items()}
    best = max(of_format, key=lambda name: of_format[name])
    return best if of_format[best] > qualities.get("application/json", 0.0) else None
