"""Parse: the query string to a checked parameter model.

FastAPI can take such a model itself (`Annotated[Model, Query()]`), but it lets repeated scalars pass, cannot be told
to look again at labels, and reads 31 fields in more time than the query takes (0.5 ms).
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeVar, get_origin

from fastapi import Request
from pydantic import BaseModel, ValidationError

from project.errors import DatabaseUnavailable, Fault, InvalidRequest
from project.store.warehouse import labels
from project.store.warehouse.snapshot import snapshot
from project.web.request.validation_errors import faults_of

Model = TypeVar("Model", bound=BaseModel)


async def parse(model: type[Model], request: Request) -> Model:
    """Read the model from the query string. Raises InvalidRequest with all faults at once, and DatabaseUnavailable."""
    return await parse_values(model, request.query_params.multi_items())


async def parse_values(model: type[Model], given: Sequence[tuple[str, str]]) -> Model:
    """Read the model from names and values, and raise as `parse`."""
    try:
        known = labels.current()
    except DatabaseUnavailable:
        known = await _newest_labels()
    try:
        return checked(model, given)
    except InvalidRequest as error:
        # A load may have made the label since this process last looked.
        missing = any(fault.code == "unknown_label" for fault in error.faults)
        if not missing or await _newest_labels() is known:
            raise
        return checked(model, given)


def checked(model: type[Model], given: Iterable[tuple[str, str]]) -> Model:
    """Read the model from names and values, with the labels as this process last saw them. Raises InvalidRequest."""
    lists = _lists(model)
    values: dict[str, Any] = {}
    faults = []
    for name, value in given:
        if name in lists:
            values.setdefault(name, []).append(value)
        elif name in values and name in model.model_fields:
            detail = f"The parameter {name!r} takes one value; give it once."
            faults.append(Fault(name, "repeated_parameter", detail, value))
        else:
            values[name] = value
    try:
        found = model.model_validate(values)
    except ValidationError as error:
        faults = [*faults_of(error.errors(), tuple(model.model_fields)), *faults]
    if faults:
        raise InvalidRequest(faults)
    return found


def documented_parameters(model: type[BaseModel]) -> dict[str, Any]:
    """Return the model's fields as `openapi_extra=` takes them: as parameters of the query string."""
    parameters = []
    for name, field in model.model_json_schema()["properties"].items():
        schema = {
            key: value for key, value in field.items() if key not in ("title", "description", "examples", "anyOf")
        }
        schema.update(next(iter(field.get("anyOf", ())), {}))
        if schema.get("default") is None:
            schema.pop("default", None)
        parameter = {"name": name, "in": "query", "description": field["description"], "schema": schema}
        if examples := field.get("examples"):
            parameter["example"] = examples[0]
        parameters.append(parameter)
    return {"parameters": parameters}


@lru_cache
def _lists(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(name for name, field in model.model_fields.items() if get_origin(field.annotation) is list)


async def _newest_labels() -> labels.Labels:
    async with snapshot() as seen:
        return seen.labels
