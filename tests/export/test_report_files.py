"""Reports as files: the same groups as in JSON, flat, in every format, compared with the plain-Python model."""

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
from hypothesis import given
from hypothesis import strategies as st

from tests.support.model import MEASURES, known
from tests.support.report_model import GRAINS, METRICS, REPORT_FACTS, report
from tests.web.api.test_reports_properties import as_parameters, questions

REPORTS = "/v1/reports"
FORMATS = ("csv", "ndjson", "parquet", "arrow")


def flat(row: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """Return a group as a file has it: members of members joined by dots, and all numbers that are quotients doubles."""
    columns: dict[str, Any] = {}

    def put(prefix: str, members: dict[str, Any]) -> None:
        for name, value in members.items():
            if isinstance(value, dict):
                put(f"{prefix}{name}.", value)
            else:
                columns[prefix + name] = value

    put("", row)
    if asked.get("fill"):
        columns["filled"] = row.get("filled", False)
    return {name: typed(name, value) for name, value in columns.items()}


def typed(name: str, value: Any) -> Any:
    if value in (None, ""):
        return None
    if name in GRAINS:
        return value if isinstance(value, date) else date.fromisoformat(value)
    if name == "filled":
        return value if isinstance(value, bool) else {"true": True, "false": False}[value]
    metric = next((part for part in name.split(".") if part in METRICS), None)
    if metric is None:
        return value
    quotient = metric not in MEASURES or name.startswith("share.") or name.endswith((".change_ratio", ".contribution"))
    return float(value) if quotient else Decimal(value)


def read_back(kind: str, content: bytes) -> list[dict[str, Any]]:
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True))
    elif kind == "ndjson":
        rows = [json.loads(line, parse_float=Decimal) for line in content.splitlines()]
    elif kind == "parquet":
        rows = pq.read_table(io.BytesIO(content)).to_pylist()
    else:
        rows = pa.ipc.open_stream(content).read_all().to_pylist()
    return [{name: typed(name, value) for name, value in known(row).items()} for row in rows]


@given(asked=questions(), kind=st.sampled_from(FORMATS), limit=st.none() | st.integers(1, 30))
async def test_a_file_is_the_models_report(
    reports_client: httpx.AsyncClient, asked: dict[str, Any], kind: str, limit: int | None
) -> None:
    parameters = as_parameters(asked) | {"format": kind} | ({"limit": limit} if limit else {})
    answer = await reports_client.get(REPORTS, params=parameters)
    assert answer.status_code == 200, answer.text
    rows = [flat(row, asked) for row in report(REPORT_FACTS, asked)["data"][:limit]]
    found = read_back(kind, answer.content)
    assert found == rows
    assert answer.headers["x-row-count"] == str(len(rows))
    if rows:
        assert list(found[0]) == list(rows[0])


async def test_typed_columns(reports_client: httpx.AsyncClient) -> None:
    query = "group_by=week,platform&metrics=clicks,cost,ctr&date_from=2024-02-01&compare_to=previous_period&fill=true"
    answer = await reports_client.get(f"{REPORTS}?{query}&totals=true&format=parquet")
    schema = pq.read_table(io.BytesIO(answer.content)).schema
    assert {field.name: str(field.type) for field in schema if "." not in field.name} == {
        "week": "date32[day]",
        "platform": "dictionary<values=string, indices=int32, ordered=0>",
        "clicks": "int64",
        "cost": "decimal128(38, 6)",
        "ctr": "double",
        "filled": "bool",
    }
    assert str(schema.field("compare.cost.value").type) == "decimal128(38, 6)"
    assert schema.metadata[b"question"].decode() == f"{query}&totals=true&format=parquet"
    assert 'filename="ad-metrics_week_platform_2024-02-01_' in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("format=xml", "invalid_value"),
        ("format=csv&metrics=cots", "invalid_value"),
        ("format=svg", "missing_parameter"),
        ("format=png&group_by=date&region=texass", "unknown_label"),
    ],
)
async def test_refusals_are_problems_in_any_format(reports_client: httpx.AsyncClient, query: str, code: str) -> None:
    answer = await reports_client.get(f"{REPORTS}?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"][0]["code"] == code


@pytest.mark.parametrize("kind", ["csv", "png"])
async def test_no_pages(reports_client: httpx.AsyncClient, kind: str) -> None:
    page = await reports_client.get(f"{REPORTS}?group_by=date&limit=1")
    cursor = page.json()["page"]["next_cursor"]
    answer = await reports_client.get(
        REPORTS, params={"group_by": "date", "limit": 1, "cursor": cursor, "format": kind}
    )
    assert answer.json()["errors"][0]["code"] == "conflicting_parameters"
    accepted = {"Accept": {"csv": "text/csv", "png": "image/png"}[kind]}
    same = await reports_client.get(
        REPORTS, params={"group_by": "date", "limit": 1, "cursor": cursor}, headers=accepted
    )
    assert same.json()["errors"] == answer.json()["errors"]


async def test_accept(reports_client: httpx.AsyncClient) -> None:
    async def kind_for(accept: str) -> str:
        answer = await reports_client.get(f"{REPORTS}?group_by=platform", headers={"Accept": accept})
        return answer.headers["content-type"].split(";")[0]

    assert await kind_for("text/csv") == "text/csv"
    assert await kind_for("*/*") == "application/json"
    assert await kind_for("TEXT/CSV") == "text/csv"
    assert await kind_for("application/json, text/csv") == "application/json"
    assert await kind_for("application/json;q=0.5, text/csv;q=0.9") == "text/csv"
    assert await kind_for("text/csv;q=0, */*") == "application/json"
    # As Firefox opens a URL: it takes pictures too, but they are not what it means.
    assert await kind_for("text/html,application/xhtml+xml,image/png,image/svg+xml,*/*;q=0.8") == "application/json"
