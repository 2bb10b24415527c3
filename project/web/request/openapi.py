"""What the OpenAPI document says of requests and answers, where FastAPI does not see it itself."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field

Responses = dict[int | str, dict[str, Any]]


def _of_64_bits(schema: dict[str, Any]) -> None:
    schema["format"] = "int64"
    # FastAPI writes the largest as a double, which is one too many.
    schema.pop("maximum", None)


Int64 = Annotated[int, Field(json_schema_extra=_of_64_bits)]
"""A whole number that may need more than 32 bits, to which some generated clients cut others."""

HEADERS: Mapping[str, tuple[str, str]] = {
    "X-Request-ID": ("string", "The id of the request: the caller's own, or a new one. It is also in the log."),
    "ETag": ("string", "The state of the answer. Sent as `If-None-Match`, it gives 304 while nothing has changed."),
    "Cache-Control": ("string", "Whether, and how, the answer may be stored."),
    "Vary": ("string", "The headers of the request that the answer depends on."),
    "Content-Disposition": ("string", "The name of the file; a chart has none."),
    "X-Row-Count": ("integer", "The number of rows in the file; a chart has none."),
    "Location": ("string", "The address of what was made."),
    "Retry-After": ("integer", "The number of seconds after which to try again."),
    "RateLimit": ("string", "How many requests remain (`r`), and in how many seconds all of them do (`t`)."),
    "RateLimit-Policy": ("string", "How many requests (`q`) may come in how many seconds (`w`)."),
    "WWW-Authenticate": ("string", "How to send a key, and what was wrong with the one that was sent."),
}
"""The type and the meaning of the headers of answers; `headers` refers to them."""


def headers(*names: str) -> dict[str, Any]:
    """Return HEADERS of these names, as a response refers to them."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


CACHED: Responses = {200: {"headers": headers("ETag", "Cache-Control", "Vary")}}
"""For `responses=` of a router: good answers can be cached and revalidated."""

FILE: Responses = {
    200: {
        "description": "The file. `Content-Type` is that of the format.",
        # Of the first type, generated clients return the bytes; others they decode, and several types break them.
        # The others include JSON (`format=vega`), whose decoded value would not be a string.
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "*/*": {"schema": {}},
        },
        "headers": CACHED[200]["headers"] | headers("Content-Disposition", "X-Row-Count"),
    }
}
"""For `responses=`: a good answer is a file, whatever its format."""


def query_parameters(model: type[BaseModel], without: Iterable[str] = (), *, commas: bool = True) -> dict[str, Any]:
    """Return a model's fields, but those named, as `openapi_extra=` takes them: as parameters of the query string.

    `commas` tells whether its lists also take several values in one parameter.
    """
    lists = " Repeat the parameter for each" + (", or separate them by commas." if commas else ".")
    schema = model.model_json_schema()
    shown = (item for item in schema["properties"].items() if item[0] not in without)
    parameters = [_parameter(name, field, lists) for name, field in shown]
    for parameter in parameters:
        if parameter["name"] in schema.get("required", ()):
            # `/docs` begins with the example, so that the request can be sent as it stands.
            parameter |= {"required": True, "example": parameter["schema"]["examples"][0]}
    return {"parameters": parameters}


def file_parameters(model: type[BaseModel], formats: Iterable[str]) -> dict[str, Any]:
    """Return the parameters of a resource that gives files: the format in the path, and those that files have."""
    format_ = {"type": "string", "enum": list(formats)}
    path = {"name": "format", "in": "path", "required": True, "description": "The format.", "schema": format_}
    query = query_parameters(model, without=("format", "cursor", "expand", "count"))["parameters"]
    return {"parameters": [path, *query]}


def link_to(operation: str, parameter: str, pointer: str) -> Responses:
    """Return, for `responses=`, where a good answer, which can be cached, holds what another operation takes."""
    link = {"operationId": operation, "parameters": {parameter: f"$response.body#{pointer}"}}
    return {200: {**CACHED[200], "links": {operation: link}}}


def choice(names: Iterable[str]) -> Any:
    """Return, for `Annotated`, the names that a text can be."""
    return Field(json_schema_extra={"enum": list(names)})


def sort_choice(names: Iterable[str]) -> Any:
    """Return, for `Annotated`, the names that can be sorted by; each may begin with `-`."""
    return Field(json_schema_extra={"pattern": f"^-?({'|'.join(names)})$".replace(".", r"\.")})


def _parameter(name: str, field: dict[str, Any], lists: str) -> dict[str, Any]:
    # Absent is not null, and a default that generated clients send is no default: a limit cuts files off.
    [kind] = [one for one in field.pop("anyOf", [{}]) if one.get("type") != "null"]
    schema = {key: value for key, value in (kind | field).items() if key not in ("title", "default")}
    parameter = {"name": name, "in": "query", "description": schema.pop("description"), "schema": schema}
    if schema["type"] == "array":
        parameter["description"] += lists
        parameter |= {"style": "form", "explode": True}
    return parameter
