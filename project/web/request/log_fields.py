"""Fields of a request's log line (`web.middleware.access_log`) that are known while it is answered."""

from typing import Any

from fastapi import Request


def log_fields(request: Request, **fields: Any) -> None:
    """Add fields, such as `rows` and `source`, to the log line of a request."""
    request.scope["log_fields"].update(fields)
