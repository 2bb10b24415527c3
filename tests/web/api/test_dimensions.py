import httpx

from project.web.api.catalog.schemas import CatalogAnswer
from project.web.api.dimensions.schemas import DimensionsAnswer, LabelsAnswer
from tests.support.model import DIMENSIONS, FACTS, LABELS, MEASURES, place


async def test_dimensions(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/dimensions")
    DimensionsAnswer.model_validate_json(response.content)
    data = response.json()["data"]
    assert tuple(entry["name"] for entry in data) == DIMENSIONS
    counts = {name: len(labels) for name, labels in LABELS.items()} | {"date": len({fact["date"] for fact in FACTS})}
    assert {entry["name"]: entry["labels"] for entry in data} == counts
    for entry in data:
        assert (await client.get(entry["href"])).status_code == 200


async def test_labels_of_every_dimension(client: httpx.AsyncClient) -> None:
    for name, labels in LABELS.items():
        response = await client.get(f"/v1/dimensions/{name}")
        LabelsAnswer.model_validate_json(response.content)
        expected = sorted(({"id": index + 1, "label": label} for index, label in enumerate(labels)),
                          key=lambda entry: place(name, entry["label"].casefold()))  # fmt: skip
        assert response.json()["data"] == expected
    dates = (await client.get("/v1/dimensions/date")).json()["data"]
    assert [entry["label"] for entry in dates] == sorted({fact["date"].isoformat() for fact in FACTS})


async def test_search(client: httpx.AsyncClient) -> None:
    found = (await client.get("/v1/dimensions/region?search=TEX")).json()["data"]
    assert [entry["label"] for entry in found] == ["Paris, Texas", "Texas"]
    assert (await client.get("/v1/dimensions/region?search=nowhere")).json()["data"] == []
    assert (await client.get("/v1/dimensions/region?search=")).status_code == 422


async def test_catalog(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/catalog")
    CatalogAnswer.model_validate_json(response.content)
    data = response.json()["data"]
    assert tuple(entry["name"] for entry in data["dimensions"]) == DIMENSIONS
    formulas = {entry["name"]: entry["formula"] for entry in data["metrics"]}
    assert formulas == dict.fromkeys(MEASURES) | {
        "ctr": "clicks / impressions",
        "cpc": "cost / clicks",
        "cpm": "1000 * cost / impressions",
        "cost_per_conversion": "cost / conversions",
        "conversion_rate": "conversions / clicks",
        "like_rate": "likes / impressions",
    }
    assert (data["first_date"], data["last_date"]) == (FACTS[0]["date"].isoformat(), FACTS[-1]["date"].isoformat())
    assert data["limits"] == {"default_limit": 100, "largest_limit": 1000, "largest_groups": 100_000}
    assert (data["currency"], data["timezone"]) == ("USD", "UTC")


async def test_every_documented_preset_works(client: httpx.AsyncClient) -> None:
    presets = (await client.get("/v1/catalog")).json()["data"]["date_presets"]
    assert len(presets) == 17
    for preset in presets:
        answer = await client.get("/v1/ad-metrics", params={"date_preset": preset["name"], "limit": 1})
        assert answer.status_code == 200
        if preset["name"] != "maximum":
            meta = answer.json()["meta"]
            assert (meta["date_from"], meta["date_to"]) == (preset["date_from"], preset["date_to"])
