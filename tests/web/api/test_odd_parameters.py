"""Junk of all kinds to every endpoint: every answer is documented, quick, and never an internal error.

`FUZZ_REQUESTS=100000 uv run pytest tests/web/api/test_odd_parameters.py` is the long run.
"""

import json
import os
import re
import time
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from project.catalog import DATE_PRESETS, GRAINS, METRICS
from project.export.formats import FORMATS
from project.web.api.catalog.schemas import CatalogAnswer
from project.web.api.dimensions.schemas import DimensionsAnswer, LabelsAnswer
from project.web.api.reports.schemas import PlanAnswer, ReportAnswer
from project.web.api.rows.schemas import RowAnswer, RowsAnswer
from project.web.response.problems import Problem
from tests.support.model import DIMENSIONS, LABELS, MEASURES
from tests.support.openapi import PUBLISHED

pytestmark = pytest.mark.slow

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "2000"))
AT_ONCE = 10
SECONDS = 10
"""An answer that takes longer hangs; on an idle machine it takes milliseconds."""

DOCUMENT = json.loads(PUBLISHED.read_text())
ANSWERS: dict[str, type[BaseModel]] = {
    "/v1/ad-metrics": RowsAnswer,
    "/v1/ad-metrics/{id}": RowAnswer,
    "/v1/reports": ReportAnswer,
    "/v1/reports/plan": PlanAnswer,
    "/v1/dimensions": DimensionsAnswer,
    "/v1/dimensions/{name}": LabelsAnswer,
    "/v1/catalog": CatalogAnswer,
}
PARAMETERS = {
    path: [
        *(entry["name"] for entry in DOCUMENT["paths"][path]["get"].get("parameters", ()) if entry["in"] == "query"),
        *(["format"] if f"{path}.{{format}}" in DOCUMENT["paths"] else ()),
    ]
    for path in ANSWERS
}
INJECTIONS = (
    "'; DROP TABLE dim_region; --", "1 OR 1=1", "\" UNION SELECT * FROM api_key --", "$1", "%s", "{0.__class__}", "{{7*7}}",
    "../../../etc/passwd", "<script>alert(1)</script>", "\x00", "%00", "\r\nSet-Cookie: a=b", "\u202e\ud7ff", "a" * 5000,
    "E'\\''", "pg_sleep(10)", "${jndi:ldap://x}", "NULL", "NaN", "-0", "1e400", "9" * 400, "0x10", "٣", "🦆", ",,,", '"', '""",',
)  # fmt: skip
names = st.sampled_from([*DIMENSIONS, *MEASURES, *METRICS, *GRAINS])
labels = st.sampled_from([label for of in LABELS.values() for label in of])
days = st.dates().map(str) | st.sampled_from(["2024-02-01", "2024-03-01", "2024-02-30", "0001-01-01", "9999-12-31"])
junk = st.sampled_from(INJECTIONS) | st.text(max_size=20) | st.integers().map(str) | st.floats().map(str)
values = st.one_of(
    names,
    st.lists(names, min_size=1, max_size=4).map(",".join),
    names.map("-{}".format),
    labels,
    days,
    st.sampled_from(
        [
            *DATE_PRESETS,
            "true",
            "false",
            "1",
            "100",
            "previous_year",
            "previous_period",
            "csv",
            "ndjson",
            "parquet",
            "arrow",
        ]
    ),
    junk,
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, list[tuple[str, str]]]:
    path = draw(st.sampled_from(list(ANSWERS)))
    known = st.sampled_from(PARAMETERS[path]) if PARAMETERS[path] else junk
    pairs = draw(st.lists(st.tuples(known | known | known | junk, values), max_size=5))
    place = draw(st.sampled_from([*DIMENSIONS, "1", "300", "nothing"]) | junk)
    return path, re.sub(r"\{\w+\}", quote(place, safe=""), path), pairs


def right(path: str, answer: httpx.Response) -> None:
    """Check that an answer is one that the document describes."""
    documented = DOCUMENT["paths"][path]["get"]["responses"]
    kind = answer.headers["content-type"]
    # The path can be cut short by what stands in it (?, #, /), and then names another resource, or none.
    if answer.status_code in (404, 405) or str(answer.status_code) in documented:
        if answer.status_code == 200 and kind != "application/json":
            assert kind in {format_.media_type for format_ in FORMATS.values()}
            assert int(answer.headers["x-row-count"]) >= 0
        elif answer.status_code == 200:
            assert kind == "application/json"
            assert any(fits(model, answer.json()) for model in (ANSWERS[path], *ANSWERS.values())), answer.text[:500]
        else:
            assert kind == "application/problem+json"
            Problem.model_validate(answer.json())
            for error in answer.json().get("errors", ()):
                assert error["detail"]
        return
    raise AssertionError(f"{answer.status_code} is not documented: {answer.text[:500]}")


def fits(model: type[BaseModel], content: Any) -> bool:
    try:
        model.model_validate(content)
    except ValueError:
        return False
    return True


@settings(max_examples=REQUESTS // AT_ONCE)
@given(st.lists(requests(), min_size=AT_ONCE, max_size=AT_ONCE))
async def test_every_answer_is_documented(client: httpx.AsyncClient, asked: list[Any]) -> None:
    for path, place, pairs in asked:
        started = time.monotonic()
        right(path, await client.get(place, params=pairs))
        assert time.monotonic() - started < SECONDS


@settings(max_examples=200)
@given(st.sampled_from(list(LABELS)), st.sampled_from(INJECTIONS) | st.text(min_size=1, max_size=40))
async def test_an_injection_is_an_unknown_label(client: httpx.AsyncClient, dimension: str, text: str) -> None:
    if text.strip().lower() in {label.lower() for label in LABELS[dimension]} or "," in text or '"' in text:
        return
    answer = await client.get("/v1/ad-metrics", params={dimension: text})
    assert answer.status_code == 422, text
    [error] = answer.json()["errors"]
    assert (error["parameter"], error["code"], error["value"]) == (dimension, "unknown_label", text)
