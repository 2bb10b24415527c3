"""The route class of all resources: what FastAPI's own leaves unchecked before it reads the parameters."""

from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, get_origin

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel

from project.errors import DatabaseUnavailable
from project.store import labels
from project.store.snapshot import snapshot
from project.web.params import REPEATED


class Route(APIRoute):
    """A route whose parameters are one Pydantic model, checked against labels that are never stale."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler; called by FastAPI once a route."""
        handle = super().get_route_handler()
        scalars = {name for name, field in query_fields(self).items() if get_origin(field.annotation) is not list}

        async def checked(request: Request) -> Response:
            given = Counter(name for name, _ in request.query_params.multi_items())
            REPEATED.set(frozenset(name for name in scalars if given[name] > 1))
            await _loaded_labels()
            seen = labels.current()
            try:
                return await handle(request)
            except RequestValidationError as error:
                if not any(fault["type"] == "unknown_label" for fault in error.errors()):
                    raise
                # A load may have made the label since this process last looked.
                if await _newest_labels() is seen:
                    raise
                return await handle(request)

        return checked


def query_fields(route: Any) -> dict[str, Any]:
    """Return the fields of a route's parameter model, by name; empty where it has none."""
    for parameter in (getattr(route, "dependant", None) and route.dependant.query_params) or ():
        model = parameter.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            return dict(model.model_fields)
    return {}


async def _loaded_labels() -> None:
    try:
        labels.current()
    except DatabaseUnavailable:
        await _newest_labels()


async def _newest_labels() -> labels.Labels:
    async with snapshot() as seen:
        return seen.labels
