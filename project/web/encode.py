"""Encode: records to the bytes of a JSON answer, once, with numbers as stored."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import orjson
from fastapi import Response

from project.catalog import DIMENSIONS, MEASURES
from project.query.rows import FIELDS, Page
from project.store.labels import Labels
from project.web.conditional import caching_headers


def json_response(content: Any, tag: str) -> Response:
    """Return the content as JSON that a client may keep under its ETag."""
    return Response(dumps(content), headers=caching_headers(tag), media_type="application/json")


def dumps(content: Any) -> bytes:
    """Write JSON."""
    return orjson.dumps(content)


def row_objects(page: Page, labels: Labels, fields: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the page's records as the objects of an answer, with the fields asked for, or all."""
    # Column by column: half the time of row by row.
    columns = [
        _shown(name, values, page, labels)
        for name, values in zip(FIELDS, zip(*page.records, strict=True), strict=False)
        if not fields or name in fields
    ]
    names = [name for name in FIELDS if not fields or name in fields]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _shown(name: str, values: Sequence[Any], page: Page, labels: Labels) -> Sequence[Any]:
    """Return a column's values as an answer has them."""
    if name in page.nested:
        nested = page.nested[name]
        return [nested[number] for number in values]
    if name in _DIMENSION_NAMES:
        labelled = labels[name].names
        return [labelled[number] for number in values]
    return [_exact(value) for value in values] if name in _EXACT else values


_DIMENSION_NAMES = frozenset(dimension.name for dimension in DIMENSIONS)
_EXACT = frozenset(measure.name for measure in MEASURES if measure.decimals)


def _exact(value: str | Decimal) -> orjson.Fragment:
    """Return a number as JSON text with exactly its digits, which a float would not keep."""
    text = str(value)
    return orjson.Fragment(text.rstrip("0").rstrip(".") if "." in text else text)
