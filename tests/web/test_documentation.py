"""The OpenAPI document: complete, true and readable without a network."""

import re

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from project.catalog import LABELLED_DIMENSIONS, MEASURES
from project.main import create_app
from project.settings import Settings

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
schema = schemathesis.openapi.from_dict(
    create_app(Settings(database_url="postgresql://nowhere", _env_file=None)).openapi()
)


async def test_every_filter_of_the_catalogue_is_a_parameter_with_an_example(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    parameters = {entry["name"]: entry for entry in document["paths"]["/v1/ad-metrics"]["get"]["parameters"]}
    expected = {"date_from", "date_to", "date_preset", "sort", "fields", "expand", "count", "limit", "cursor"}
    for dimension in LABELLED_DIMENSIONS:
        expected |= {dimension.name, f"exclude_{dimension.name}"}
    for measure in MEASURES:
        expected |= {f"min_{measure.name}", f"max_{measure.name}"}
    assert parameters.keys() == expected
    for name, entry in parameters.items():
        assert entry["in"] == "query"
        assert entry["description"]
        assert "example" in entry or name == "cursor"


async def test_documented_examples_are_accepted(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    for entry in document["paths"]["/v1/ad-metrics"]["get"]["parameters"]:
        if "example" not in entry:
            continue
        response = await client.get("/v1/ad-metrics", params={entry["name"]: entry["example"]})
        codes = {error["code"] for error in response.json().get("errors", [])}
        # Labels are the reader's own.
        assert response.status_code == 200 or codes == {"unknown_label"}, (entry, response.text)


async def test_the_page_needs_no_other_host(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    sources = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page)
    assert len(sources) >= 2
    for source in sources:
        assert source.startswith("/"), source
        assert (await client.get(source)).status_code == 200
    assert "://" not in page


async def test_the_root_leads_to_the_documentation(client: httpx.AsyncClient) -> None:
    response = await client.get("/")
    assert (response.status_code, response.headers["location"]) == (307, "/docs")


@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
async def test_nothing_breaks_and_every_answer_is_documented(
    case: schemathesis.Case, client: httpx.AsyncClient
) -> None:
    request = case.as_transport_kwargs(base_url="http://localhost")
    request = {
        name: value for name, value in request.items() if name in ("method", "url", "params", "headers", "cookies")
    }
    cookies = request.pop("cookies", None) or {}
    assert not cookies
    answer = await client.request(**request)
    response = schemathesis.Response.from_any(answer)
    case.validate_response(response, checks=CHECKS)
