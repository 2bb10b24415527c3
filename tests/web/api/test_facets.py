"""Facets against the plain-Python model."""

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.web.api.dimensions.schemas import LabelsAnswer
from tests.support.model import DIMENSIONS, LABELS, matching
from tests.support.report_model import REPORT_FACTS
from tests.web.api.test_rows_properties import questions


@pytest.mark.slow
@given(asked=questions(), dimension=st.sampled_from(DIMENSIONS))
async def test_facets(reports_client: httpx.AsyncClient, asked: dict[str, Any], dimension: str) -> None:
    response = await reports_client.get(f"/v1/dimensions/{dimension}", params={**asked, "counts": "true"})
    assert response.status_code == 200, response.text
    LabelsAnswer.model_validate_json(response.content)
    answer = json.loads(response.text, parse_float=Decimal)
    facts = matching(REPORT_FACTS, asked)
    labels = LABELS.get(dimension) or sorted({fact["date"].isoformat() for fact in REPORT_FACTS})
    found = {entry["label"]: entry for entry in answer["data"]}
    assert found.keys() == set(labels)
    for label, entry in found.items():
        own = [fact for fact in facts if str(fact[dimension]) == label]
        assert (entry["facts"], entry["impressions"], entry["cost"]) == (
            len(own),
            sum(fact["impressions"] for fact in own),
            sum(fact["cost"] for fact in own),
        )
    bounded = any(name.startswith(("min_", "max_")) for name in asked)
    dimensions = {name.removeprefix("exclude_") for name in asked if name.removeprefix("exclude_") in LABELS}
    if bounded:
        assert answer["meta"]["source"] == "facts"
    elif len(dimensions | {dimension} - {"date"}) <= 2:
        assert answer["meta"]["source"] == "rollup"


async def test_filters_count_or_are_refused(reports_client: httpx.AsyncClient) -> None:
    response = await reports_client.get("/v1/dimensions/platform?region=Texas")
    assert response.status_code == 422
    assert response.json()["errors"][0]["suggestions"] == ["counts=true"]
    searched = await reports_client.get("/v1/dimensions/region?search=tex&counts=true")
    assert {entry["label"] for entry in searched.json()["data"]} == {"Texas", "Paris, Texas"}
