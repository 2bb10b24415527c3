"""The OpenAPI document: complete, true, and readable without a network."""

import json
import re

import httpx
import jsonschema_specifications
import pytest
from jsonschema_rs import Draft202012Validator, ValidationError, meta
from openapi_spec_validator.schemas import schema_v31

from project.catalog import LABELLED_DIMENSIONS, MEASURES
from project.export.formats import FORMATS
from project.web.api.docs import INFO
from tests.support.openapi import PUBLISHED, Contract, document, published, schemas

DOCUMENT = json.loads(PUBLISHED.read_text())
"""That of the code, as the first test says."""

OPERATIONS = [
    (f"{method} {path}", operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
PARAMETERS = [
    (f"{name} {parameter['name']}", parameter)
    for name, operation in OPERATIONS
    for parameter in operation.get("parameters", ())
]
KEYWORDS = {
    keyword
    for uri in jsonschema_specifications.REGISTRY
    if "draft/2020-12/meta" in uri
    for keyword in jsonschema_specifications.REGISTRY.contents(uri)["properties"]
}
"""The vocabulary of JSON Schema 2020-12, of which OpenAPI 3.1 is a superset that the document does not use."""


def test_the_published_document_is_that_of_the_code() -> None:
    command = "uv run --group dev python -m tests.support.openapi"
    assert PUBLISHED.read_text() == published(), f"docs/openapi.json is not that of the code: {command}"


def test_it_is_valid() -> None:
    meta_schema = Draft202012Validator(json.loads(json.dumps(schema_v31, default=dict)))
    for each in (DOCUMENT, document(ingest_http=False, api_auth="required")):
        meta_schema.validate(each)
    with pytest.raises(ValidationError, match="summery"):
        meta_schema.validate(DOCUMENT | {"info": DOCUMENT["info"] | {"summery": "x"}})


def test_every_schema_is_json_schema() -> None:
    found = schemas(DOCUMENT)
    assert len(found) > 300
    assert {keyword for schema in found for keyword in schema} <= KEYWORDS
    for schema in found:
        meta.validate(schema | {"$schema": "https://json-schema.org/draft/2020-12/schema"})


def test_no_answer_has_an_invented_value() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert "default" not in schema, name
        for member, of in schema["properties"].items():
            assert "default" not in of, (name, member)
        assert set(schema.get("required", ())) <= set(schema["properties"])


def test_the_contract_is_strict() -> None:
    """What holds all answers of the tests to the document refuses a member more, less, or of another type."""
    contract = Contract(DOCUMENT)
    headers = {"content-type": "application/json", "x-request-id": "1"}
    request = httpx.Request("GET", "http://localhost/health/live")
    contract.check(httpx.Response(200, json={"status": "alive"}, headers=headers, request=request))
    for content in ({}, {"status": None}, {"status": "alive", "more": 1}):
        with pytest.raises(ValidationError):
            contract.check(httpx.Response(200, json=content, headers=headers, request=request))
    del headers["x-request-id"]
    with pytest.raises(AssertionError, match="X-Request-ID"):
        contract.check(httpx.Response(200, json={"status": "alive"}, headers=headers, request=request))


def test_every_filter_of_the_catalogue_is_a_parameter() -> None:
    parameters = {entry["name"]: entry for entry in DOCUMENT["paths"]["/v1/ad-metrics"]["get"]["parameters"]}
    expected = {"date_from", "date_to", "date_preset", "sort", "fields", "expand", "count", "limit", "cursor"}
    for dimension in LABELLED_DIMENSIONS:
        expected |= {dimension.name, f"exclude_{dimension.name}"}
    expected |= {"weekday", "exclude_weekday", "min_version"}
    for measure in MEASURES:
        expected |= {f"min_{measure.name}", f"max_{measure.name}"}
    assert parameters.keys() == expected
    of_files = DOCUMENT["paths"]["/v1/ad-metrics.{format}"]["get"]["parameters"]
    assert {entry["name"] for entry in of_files} == expected - {"expand", "count", "cursor"} | {"format"}
    # A client that sends a default would get a part of the file.
    assert all("default" not in entry["schema"] for entry in of_files if entry["name"] == "limit")


def test_every_parameter_has_a_meaning_and_an_example_of_its_type() -> None:
    for name, parameter in PARAMETERS:
        assert parameter["description"], name
        # `/docs` sends what stands here, and of all parameters at once: only what is required may have it.
        is_needed = parameter["in"] == "query" and parameter.get("required", False)
        assert bool({"example", "examples"} & parameter.keys()) == is_needed, name
        schema = parameter["schema"]
        assert isinstance(schema["type"], str), name
        assert "enum" in schema or "examples" in schema or name.endswith(" cursor"), name
        for example in [*schema.get("examples", ()), *([schema["default"]] if "default" in schema else ())]:
            Draft202012Validator(schema, validate_formats=True).validate(example)
        if schema["type"] == "array":
            assert (parameter["style"], parameter["explode"]) == ("form", True), name
            assert "epeat the parameter" in parameter["description"], name


async def test_documented_examples_are_accepted(client: httpx.AsyncClient) -> None:
    for path in ("/v1/ad-metrics", "/v1/reports", "/v1/reports/plan"):
        for entry in DOCUMENT["paths"][path]["get"]["parameters"]:
            for example in entry["schema"].get("examples", ()):
                for value in (example, ",".join(example)) if isinstance(example, list) else (example,):
                    response = await client.get(path, params={entry["name"]: value})
                    # Labels and data versions are the reader's own, and some parameters need another.
                    codes = {one["code"] for one in response.json().get("errors", ())} - {"unknown_label"}
                    of_version = {"out_of_range"} if entry["name"] == "as_of" else set()
                    assert codes <= {"missing_parameter", "conflicting_parameters"} | of_version, (entry, codes)


def test_every_operation_says_what_it_is() -> None:
    tags = {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}
    assert tags == {tag for _, operation in OPERATIONS for tag in operation["tags"]}
    for name, operation in OPERATIONS:
        assert operation["summary"], name
        assert operation["description"], name
        assert "security" in operation, name
        for status, response in operation["responses"].items():
            assert "Successful" not in response["description"], name
            assert "X-Request-ID" in response["headers"], name
            assert ("Retry-After" in response["headers"]) == (status in ("429", "503", "504")), name
            if status >= "400":
                assert response["content"].keys() == {"application/problem+json"}, name
    assert DOCUMENT["info"]["contact"] == INFO["contact"]
    assert DOCUMENT["info"]["license"] == INFO["license_info"]


def test_a_typed_answer_has_one_media_type() -> None:
    """Generated clients return a union where a good answer has several, or parse one as another."""
    for name, operation in OPERATIONS:
        if "204" in operation["responses"]:
            continue
        good = next(response for status, response in operation["responses"].items() if status < "300")
        # Of the other formats of a file, which may be JSON, the document says nothing.
        content = {str(media["schema"]) for media in good["content"].values() if media["schema"]}
        assert len(content) == 1, name


async def test_a_chart_that_is_json_is_as_documented(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/reports.vega", params={"group_by": "date"})
    content = DOCUMENT["paths"]["/v1/reports.{format}"]["get"]["responses"]["200"]["content"]
    assert answer.headers["content-type"] not in content
    Draft202012Validator(content["*/*"]["schema"]).validate(answer.json())


@pytest.mark.parametrize("format_", FORMATS)
async def test_the_address_of_a_file_is_its_format(client: httpx.AsyncClient, format_: str) -> None:
    for resource in ("/v1/ad-metrics", "/v1/reports"):
        by_path = await client.get(f"{resource}.{format_}", params={"platform": "facebook"})
        by_parameter = await client.get(resource, params={"platform": "facebook", "format": format_})
        assert by_path.headers["content-type"] == by_parameter.headers["content-type"]
        assert by_path.headers["content-disposition"] == by_parameter.headers["content-disposition"]
        assert by_path.headers["x-row-count"] == by_parameter.headers["x-row-count"] != "0"
        if format_ in ("csv", "ndjson"):
            assert by_path.content == by_parameter.content


@pytest.mark.parametrize(
    ("url", "parameter", "code"),
    [
        ("/v1/ad-metrics.xls", "format", "invalid_value"),
        ("/v1/ad-metrics.svg", "format", "invalid_value"),
        ("/v1/reports.cvs", "format", "invalid_value"),
        ("/v1/reports.csv?format=csv", "format", "repeated_parameter"),
        ("/v1/ad-metrics.csv?expand=region", "format", "conflicting_parameters"),
    ],
)
async def test_a_wrong_address_of_a_file(client: httpx.AsyncClient, url: str, parameter: str, code: str) -> None:
    answer = await client.get(url)
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert (error["parameter"], error["code"]) == (parameter, code)


@pytest.mark.parametrize("root", ["", "/adm"])
async def test_the_server_is_where_the_document_is(client: httpx.AsyncClient, root: str) -> None:
    transport = httpx.ASGITransport(client.app, root_path=root)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as behind:
        answer = await behind.get(f"{root}/openapi.json")
    assert answer.json()["servers"][0]["url"] == (root or "/")


async def test_the_page_needs_no_other_host(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    sources = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page)
    assert len(sources) >= 2
    for source in sources:
        assert source.startswith("/"), source
        assert (await client.get(source)).status_code == 200
    assert "://" not in page
