"""The OpenAPI document: complete, true and readable without a network."""

import re

import httpx

from project.catalog import LABELLED_DIMENSIONS, MEASURES


async def test_every_filter_of_the_catalogue_is_a_parameter_with_an_example(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    parameters = {entry["name"]: entry for entry in document["paths"]["/v1/ad-metrics"]["get"]["parameters"]}
    expected = {"date_from", "date_to", "date_preset", "sort", "fields", "expand", "count", "limit", "cursor", "format"}
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
        # Labels are the reader's own.
        unknown = response.status_code == 422 and {one["code"] for one in response.json()["errors"]} == {
            "unknown_label"
        }
        assert response.status_code == 200 or unknown, (entry, response.text)


async def test_the_page_needs_no_other_host(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    sources = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page)
    assert len(sources) >= 2
    for source in sources:
        assert source.startswith("/"), source
        assert (await client.get(source)).status_code == 200
    assert "://" not in page
