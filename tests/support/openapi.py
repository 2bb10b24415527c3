"""The OpenAPI document: the published copy, and answers held to it.

`uv run --group dev python -m tests.support.openapi` writes the published copy anew.
"""

import json
import re
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
from jsonschema_rs import Draft202012Validator

from project.main import create_app
from project.settings import Settings

PUBLISHED = Path(__file__).parents[2] / "docs" / "openapi.json"

APPLIED_TO_ONE = ("additionalProperties", "items", "not", "propertyNames", "contains", "unevaluatedProperties")
APPLIED_TO_MANY = ("anyOf", "oneOf", "allOf", "prefixItems")


def document(**settings: Any) -> dict[str, Any]:
    """Return the document of a service with these settings."""
    app = create_app(Settings(database_url="postgresql://nowhere", _env_file=None, **{"ingest_http": True} | settings))
    return app.openapi()


def published() -> str:
    """Return the document as it is published."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def schemas(node: Any) -> list[dict[str, Any]]:
    """Return every schema of a document, those inside schemas included."""
    found: list[dict[str, Any]] = []

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, dict):
            for key, child in node.items():
                if key == "schema":
                    descend(child)
                elif key == "schemas":
                    for schema in child.values():
                        descend(schema)
                else:
                    walk(child)

    def descend(schema: Any) -> None:
        if not isinstance(schema, dict):
            return
        found.append(schema)
        for key in APPLIED_TO_ONE:
            descend(schema.get(key))
        for key in APPLIED_TO_MANY:
            for child in schema.get(key, ()):
                descend(child)
        for child in schema.get("properties", {}).values():
            descend(child)

    walk(node)
    return found


class Contract:
    """What the document of an application says of its answers, without a member more."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = deepcopy(document)
        for schema in schemas(self._document):
            if "properties" in schema:
                schema.setdefault("additionalProperties", False)
        # A path without parameters is meant before one that has some.
        self._paths = [
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), operations)
            for path, operations in sorted(self._document["paths"].items(), key=lambda item: "{" in item[0])
        ]
        self._validator = lru_cache(maxsize=None)(self._make_validator)

    def check(self, answer: httpx.Response) -> None:
        """Check a JSON answer: its status, its members, and its headers."""
        kind = answer.headers.get("content-type")
        if kind == "application/problem+json":
            self._validator("#/components/schemas/Problem").validate(answer.json())
            assert "x-request-id" in answer.headers
        if kind != "application/json":
            return
        path, method = answer.request.url.path, answer.request.method.lower()
        operations = next((found for pattern, found in self._paths if pattern.fullmatch(path)), {})
        if method not in operations:
            # The document itself, and pages.
            assert not path.startswith("/v1"), f"{method} {path} is not documented"
            return
        response = operations[method]["responses"].get(str(answer.status_code))
        assert response, f"{answer.status_code} of {path} is not documented"
        if kind in response["content"]:
            self._validator(response["content"][kind]["schema"]["$ref"]).validate(answer.json())
            missing = [name for name in response["headers"] if name not in answer.headers]
            assert not missing, f"{path} has no {missing}"

    def _make_validator(self, reference: str) -> Draft202012Validator:
        components = {"schemas": self._document["components"]["schemas"]}
        return Draft202012Validator({"$ref": reference, "components": components}, validate_formats=True)


@lru_cache
def _contract() -> Contract:
    # With keys it has every path and every status.
    return Contract(document(api_auth="required"))


async def held_to_document(answer: httpx.Response) -> None:
    """Check a JSON answer, as a hook of HTTPX; HEAD has none, and what a test streams is its own to read."""
    unread = answer.request.method == "HEAD" or "stream" in answer.request.extensions
    if not unread and "json" in answer.headers.get("content-type", ""):
        await answer.aread()
        _contract().check(answer)


if __name__ == "__main__":
    PUBLISHED.write_text(published())
