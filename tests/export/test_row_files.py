"""Files: the same rows as in pages, in every format, compared with the plain-Python model."""

import csv
import io
import json
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from project.export.formats.csv import cell
from tests.support.model import FACTS, MEASURES, in_order, known, matching

ROWS = "/v1/ad-metrics"
FORMATS = {
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}


def read_back(name: str, content: bytes) -> list[dict[str, Any]]:
    """Read a file with the reader of another library, as rows of dates, texts and exact numbers."""
    if name == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))
    elif name == "ndjson":
        rows = [json.loads(line, parse_float=Decimal) for line in content.splitlines()]
    else:
        table = pq.read_table(io.BytesIO(content)) if name == "parquet" else pa.ipc.open_stream(content).read_all()
        rows = table.to_pylist()
    return [{field: typed(field, value) for field, value in known(row).items()} for row in rows]


def typed(field: str, value: Any) -> Any:
    if field == "date":
        return value if isinstance(value, date) else date.fromisoformat(value)
    if field == "cost":
        return Decimal(value)
    return int(value) if field in ("id", *MEASURES) else value


def expected(facts: list[Any]) -> list[dict[str, Any]]:
    return [{"id": fact.id} | fact.values for fact in facts]


@pytest.mark.parametrize("name", FORMATS)
async def test_a_file_has_every_row(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(ROWS, params={"format": name})
    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == FORMATS[name]
    assert read_back(name, answer.content) == expected(in_order(FACTS, []))
    assert answer.headers["x-row-count"] == str(len(FACTS))
    assert answer.headers["content-disposition"].startswith('attachment; filename="ad-metrics_2024-')
    # And by Accept, which the parameter wins over.
    same = await client.get(ROWS, headers={"Accept": f"{FORMATS[name]}, */*;q=0.1"})
    assert read_back(name, same.content) == read_back(name, answer.content)
    page = await client.get(ROWS, params={"format": "json"}, headers={"Accept": FORMATS[name]})
    assert page.headers["content-type"] == "application/json"
    assert (await client.get(ROWS, headers={"Accept": "text/html, */*"})).headers["content-type"] == "application/json"


@settings(max_examples=settings.default.max_examples // 2)
@given(
    st.sampled_from(list(FORMATS)),
    st.sampled_from([{}, {"platform": ["tiktok"]}, {"exclude_region": ["Texas", "Paris, Texas"]}, {"min_clicks": 2}]),
    st.sampled_from([[], ["-cost"], ["region", "-date"], ["clicks"]]),
    st.none() | st.integers(1, 30),
)
async def test_a_file_is_of_its_question(
    client: httpx.AsyncClient, name: str, filters: dict[str, Any], sort: list[str], limit: int | None
) -> None:
    params = (
        {"format": name, **filters} | ({"sort": ",".join(sort)} if sort else {}) | ({"limit": limit} if limit else {})
    )
    answer = await client.get(ROWS, params=params)
    facts = in_order(matching(FACTS, filters), sort)[:limit]
    assert answer.status_code == 200, answer.text
    assert read_back(name, answer.content) == expected(facts)
    assert answer.headers["x-row-count"] == str(len(facts))


@pytest.mark.parametrize("name", FORMATS)
async def test_nothing_is_a_file_too(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(ROWS, params={"format": name, "date_from": "2030-01-01", "fields": "date,cost"})
    assert (answer.status_code, answer.headers["x-row-count"]) == (200, "0")
    assert read_back(name, answer.content) == []
    if name == "csv":
        assert answer.content == b"date,cost\r\n"


async def test_typed_columns_say_what_they_are_of(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{ROWS}?format=parquet&fields=date,region,cost&platform=tiktok")
    schema = pq.read_table(io.BytesIO(answer.content)).schema
    assert [str(field.type) for field in schema] == [
        "date32[day]",
        "dictionary<values=string, indices=int32, ordered=0>",
        "decimal128(18, 6)",
    ]
    assert schema.metadata[b"question"] == b"format=parquet&fields=date,region,cost&platform=tiktok"
    assert schema.metadata[b"data_version"] == b"12"


async def test_conditional_and_compressed(client: httpx.AsyncClient) -> None:
    plain = await client.get(f"{ROWS}?format=csv", headers={"Accept-Encoding": "identity"})
    zipped = await client.get(f"{ROWS}?format=csv", headers={"Accept-Encoding": "br;q=1, gzip"})
    assert "content-encoding" not in plain.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.content == plain.content  # httpx has unpacked it
    assert plain.headers["etag"] != zipped.headers["etag"]
    for answer in (plain, zipped):
        assert answer.headers["vary"] == "Accept, Accept-Encoding"
    second = await client.get(
        f"{ROWS}?format=csv", headers={"If-None-Match": plain.headers["etag"], "Accept-Encoding": ""}
    )
    assert (second.status_code, second.content) == (304, b"")
    parquet = await client.get(f"{ROWS}?format=parquet", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in parquet.headers


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("format=xls", "invalid_value"),
        ("format=csv&expand=region", "conflicting_parameters"),
        ("format=csv&platform=facebok", "unknown_label"),
    ],
)
async def test_refusals_are_problems_in_any_format(client: httpx.AsyncClient, query: str, code: str) -> None:
    answer = await client.get(f"{ROWS}?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"][0]["code"] == code


async def test_a_file_has_no_pages(client: httpx.AsyncClient) -> None:
    cursor = (await client.get(f"{ROWS}?limit=1")).json()["page"]["next_cursor"]
    answer = await client.get(ROWS, params={"format": "csv", "cursor": cursor})
    assert answer.json()["errors"][0]["detail"] == "A file has no pages: csv holds everything, or the first `limit`."


@given(st.text(max_size=20))
def test_cells_are_read_back(text: str) -> None:
    [[read]] = csv.reader(io.StringIO(cell(text) + "\r\n", newline=""), strict=True) if text else [[""]]
    assert read == text or (read == "'" + text and text.startswith(("=", "+", "-", "@", "\t", "\r")))
