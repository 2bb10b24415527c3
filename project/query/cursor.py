"""Cursors: the last row of a page, written down opaquely and bound to the question that it answers."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from project.catalog import MEASURES, NATURAL_KEY, date_of
from project.errors import Fault

_LARGEST_ID = 2**31 - 1
_LARGEST_COUNT = 2**63 - 1
_LARGEST_COST = Decimal(10) ** 12
_MEASURES = {measure.name: measure for measure in MEASURES}

Position = Mapping[str, Any]
"""Values of the columns that a page went up to: the natural key's, and those of the measures it is sorted by."""

MALFORMED = Fault(
    "cursor",
    "malformed_cursor",
    "This is not a cursor that this service gave out; take `page.next_cursor` of an answer, unchanged, or leave it "
    "out for the first page.",
)
FOREIGN = Fault(
    "cursor",
    "foreign_cursor",
    "This cursor belongs to a question with other filters, dates or sort. Repeat those of the page that gave it out "
    "(a date preset moves with the day), or leave the cursor out for the first page.",
)


class MalformedCursor(ValueError):
    """The text is no cursor of ours."""


def digest(question: Any) -> str:
    """Return a short digest of a question; equal questions have equal digests, in every process."""
    return hashlib.blake2b(repr(question).encode(), digest_size=6).hexdigest()


def encode(question: str, position: Position) -> str:
    """Write a position down. `question` is the digest of what was asked."""
    content = [
        question,
        {name: str(value) if isinstance(value, Decimal) else value for name, value in position.items()},
    ]
    return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


def decode(text: str) -> tuple[str, Position]:
    """Read a cursor: the digest of its question, and the position. Raises MalformedCursor.

    Cursors come from outside: every value is checked to be one that its column could hold.
    """
    try:
        content = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        question, position = content
        checked = {name: _checked(name, value) for name, value in position.items()}
    except (ValueError, TypeError, AttributeError, binascii.Error, InvalidOperation) as error:
        raise MalformedCursor(str(error)) from error
    if not isinstance(question, str) or not checked.keys() >= set(NATURAL_KEY):
        raise MalformedCursor("a part is missing")
    return question, checked


def _checked(name: str, value: Any) -> Any:
    measure = _MEASURES.get(name)
    if measure is None:
        fits = name in NATURAL_KEY and type(value) is int and 0 < value <= _LARGEST_ID
        if fits and name == "date_id":
            date_of(value)
    elif measure.decimals:
        given = Decimal(value)
        fits = given.is_finite() and 0 <= given < _LARGEST_COST
        if fits:
            value = round(given, measure.decimals)
            fits = value == given
    else:
        fits = type(value) is int and 0 <= value <= _LARGEST_COUNT
    if not fits:
        raise MalformedCursor(f"{name} cannot be {value!r}")
    return value
