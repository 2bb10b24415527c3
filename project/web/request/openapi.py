"""What the OpenAPI document says of requests, where FastAPI does not see it itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, Field

from project.charts.renderer import Picture
from project.export.formats import Format

Responses = dict[int | str, dict[str, Any]]


def query_parameters(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's fields as `openapi_extra=` takes them: as parameters of the query string."""
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


def media_types(formats: Mapping[str, Format | Picture]) -> Responses:
    """Return, for `responses=`, the formats that a good answer can have beside JSON."""
    return {200: {"content": {one.media_type.split(";")[0]: _schema(one.media_type) for one in formats.values()}}}


def link_to(operation: str, parameter: str, pointer: str) -> Responses:
    """Return, for `responses=`, where a good answer holds what another operation takes."""
    link = {"operationId": operation, "parameters": {parameter: f"$response.body#{pointer}"}}
    return {200: {"links": {operation: link}}}


def merged(*responses: Responses) -> Responses:
    """Return the responses as one; those of the same status are joined."""
    result: Responses = {}
    for status, members in (item for response in responses for item in response.items()):
        result[status] = result.get(status, {}) | members
    return result


def listed(names: Iterable[str]) -> str:
    """Return names as a description has them: `csv`, `ndjson` and `arrow`."""
    *first, last = (f"`{name}`" for name in names)
    return f"{', '.join(first)} and {last}" if first else last


def format_field(files: Iterable[str], of: str, pictures: Iterable[str] = (), *, example: str) -> Any:
    """Return the field of the parameter `format`."""
    charts = f"; {listed(pictures)} are charts, which name `limit` groups and sum the others" if pictures else ""
    return Field(
        None,
        description=f"`json` is a page; {listed(files)} are files of all {of}, or of the first `limit`{charts}."
        " It wins over `Accept`.",
        json_schema_extra={"enum": ["json", *files, *pictures]},
        examples=[example],
    )


def _schema(media_type: str) -> dict[str, Any]:
    textual = media_type.startswith(("text/", "application/x-ndjson", "image/svg+xml"))
    return {"schema": {"type": "string"} if textual else {"type": "string", "format": "binary"}}
