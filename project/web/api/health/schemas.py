"""The answers of `/health`, as the OpenAPI document describes them."""

from typing import Any, Literal

from project.web.response.schemas import Answer


class Alive(Answer):
    """The process answers."""

    status: Literal["alive"]


class Ready(Answer):
    """The service can answer questions."""

    status: Literal["ready"]
    checks: dict[str, Any]
