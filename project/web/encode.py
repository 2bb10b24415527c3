"""Encode: records to the bytes of a JSON answer, once, with numbers as stored."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson
from fastapi import Response

from project.catalog import DIMENSIONS
from project.query.rows import FIELDS, Page
from project.store.labels import Labels
from project.web.conditional import caching_headers


def json_response(content: Any, tag: str) -> Response:
    """Return the content as JSON that a client may keep under its ETag."""
    return Response(dumps(content), headers=caching_headers(tag), media_type="application/json")


def dumps(content: Any) -> bytes:
    """Write JSON; a Decimal becomes a number with exactly its digits, which a float would not keep."""
    return orjson.dumps(content, default=_exact)


def row_objects(page: Page, labels: Labels, fields: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the page's records as the objects of an answer, with the fields asked for, or all."""
    readers = [(name, index, _reader(name, page, labels)) for index, name in enumerate(FIELDS)]
    if fields:
        readers = [reader for reader in readers if reader[0] in fields]
    plain = [(name, index) for name, index, values in readers if values is None]
    named = [(name, index, values) for name, index, values in readers if values is not None]
    order = {name: None for name, _, _ in readers}
    rows = []
    for record in page.records:
        row: dict[str, Any] = order.copy()
        for name, index, values in named:
            row[name] = values[record[index]]
        for name, index in plain:
            row[name] = record[index]
        rows.append(row)
    return rows


def _reader(name: str, page: Page, labels: Labels) -> Mapping[int, Any] | None:
    """Return what stands for a dimension's numbers, or None where the stored value stands for itself."""
    if name in page.nested:
        return page.nested[name]
    if name in _DIMENSION_NAMES:
        return labels[name].names
    return None


_DIMENSION_NAMES = frozenset(dimension.name for dimension in DIMENSIONS)


def _exact(value: Any) -> Any:
    if isinstance(value, Decimal):
        text = format(value, "f")
        return orjson.Fragment(text.rstrip("0").rstrip(".") if "." in text else text)
    raise TypeError(f"{type(value).__name__} has no JSON form")
