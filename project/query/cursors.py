"""Cursors: the position of the last row of a page, encoded, and bound to the question that the page answers."""

import base64
import binascii
import hashlib
from decimal import Decimal
from typing import Any

import orjson

from project.errors import Fault, InvalidRequest

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
    """The text is not a cursor."""


def digest(*question: Any) -> str:
    """Return a short digest of a question's values; equal questions have equal digests, in every process."""
    return hashlib.blake2b(repr(question).encode(), digest_size=6).hexdigest()


def encode(question: str, position: Any) -> str:
    """Return the cursor of a position: JSON with Decimals as text. `question` is the digest of the question."""
    content = orjson.dumps([question, position], default=_as_text)
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def decode(text: str) -> tuple[str, Any]:
    """Return the digest of a cursor's question, and its position as JSON has it. Raises MalformedCursor.

    Cursors come from clients: validate the position before you use it.
    """
    try:
        content = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        question, position = content
    except (ValueError, TypeError, binascii.Error) as error:
        raise MalformedCursor(str(error)) from error
    if not isinstance(question, str):
        raise MalformedCursor("the question is missing")
    return question, position


def position_for(question: str, text: str) -> Any:
    """Return the position of a cursor, never None. Raises InvalidRequest where it belongs to another question."""
    try:
        digest_of_cursor, position = decode(text)
    except MalformedCursor as error:
        raise InvalidRequest([MALFORMED]) from error
    if digest_of_cursor != question:
        raise InvalidRequest([FOREIGN])
    if position is None:
        raise InvalidRequest([MALFORMED])
    return position


def _as_text(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value))
