"""Encode: records to the bytes of a JSON answer, once, with numbers as stored."""

from collections.abc import Iterable, Sequence
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
    template: dict[str, Any] = dict.fromkeys(name for name in FIELDS if not fields or name in fields)
    objects = [template.copy() for _ in page.records]
    # Column by column, into dicts that need not grow: half the time of row by row.
    for name, values in zip(FIELDS, zip(*page.records, strict=True), strict=False):
        if name in template:
            for one, value in zip(objects, _shown(name, values, page, labels), strict=True):
                one[name] = value
    return objects


def _shown(name: str, values: Sequence[Any], page: Page, labels: Labels) -> Iterable[Any]:
    """Return a column's values as an answer has them."""
    if name in page.nested:
        return map(page.nested[name].__getitem__, values)
    if name in _DIMENSION_NAMES:
        return map(labels[name].names.__getitem__, values)
    return map(_exact, values) if name in _EXACT else values


_DIMENSION_NAMES = frozenset(dimension.name for dimension in DIMENSIONS)
_EXACT = frozenset(measure.name for measure in MEASURES if measure.decimals)


def _exact(value: str | Decimal) -> orjson.Fragment:
    """Return a number as JSON text with exactly its digits, which a float would not keep."""
    text = str(value)
    return orjson.Fragment(text.rstrip("0").rstrip(".") if "." in text else text)
