"""Every refusal is a problem that names the field, the value, what was expected and the nearest thing that works."""

import base64
import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from project import errors
from project.errors import AdMetricsError
from project.web.response.problems import PROBLEMS, Problem

ROWS = "/v1/ad-metrics"


async def refused(client: httpx.AsyncClient, query: str) -> list[dict[str, Any]]:
    response = await client.get(f"{ROWS}?{query}")
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    Problem.model_validate(problem)
    assert problem["type"] == "/problems/invalid-parameters"
    assert problem["instance"] == ROWS
    assert problem["request_id"] == response.headers["x-request-id"]
    return problem["errors"]


@pytest.mark.parametrize(
    ("query", "parameter", "code", "detail", "suggestions"),
    [
        ("platform=facebok", "platform", "unknown_label", "No platform is called 'facebok'.", ["facebook"]),
        ("exclude_gender=femal", "exclude_gender", "unknown_label", "No gender is called 'femal'.", ["female", "male"]),
        ("start_date=2024-01-01", "start_date", "unknown_parameter", "There is no parameter 'start_date'.", ["date_from"]),
        ("platfrom=x", "platfrom", "unknown_parameter", "There is no parameter 'platfrom'.", None),
        ("date_from=2024-02-30", "date_from", "invalid_date", "'2024-02-30' is not a date; expected YYYY-MM-DD.", ["2024-02-29"]),
        ("date_from=0", "date_from", "invalid_date", "'0' is not a date; expected YYYY-MM-DD.", None),
        ("date_to=03/04/2024", "date_to", "invalid_date", None, ["2024-03-04", "2024-04-03"]),
        ("date_from=2024-03-02&date_to=2024-03-01", "date_to", "empty_range", None, ["2024-03-02"]),
        ("date_preset=last_week_", "date_preset", "invalid_value", None, None),
        ("date_preset=last_7d&date_from=2024-01-01", "date_preset", "conflicting_parameters", None, None),
        ("limit=0", "limit", "out_of_range", "'0' is out of range: limit is at least 1.", ["1"]),
        ("limit=1001", "limit", "out_of_range", "'1001' is out of range: limit is at most 1000.", ["1000"]),
        ("limit=ten", "limit", "invalid_value", "'ten' is not a whole number.", None),
        ("limit=1&limit=2", "limit", "repeated_parameter", None, None),
        ("count=maybe", "count", "invalid_value", "'maybe' is neither true nor false.", ["true", "false"]),
        ("min_cost=-1", "min_cost", "out_of_range", None, ["0"]),
        ("min_cost=0.1234567", "min_cost", "invalid_value", None, None),
        ("min_cost=NaN", "min_cost", "invalid_value", None, None),
        ("max_clicks=99999999999999999999", "max_clicks", "out_of_range", None, ["9223372036854775807"]),
        ("min_clicks=5&max_clicks=4", "max_clicks", "empty_range", None, ["5"]),
        ("sort=cots", "sort", "invalid_value", None, None),
        ("sort=cost,-cost", "sort", "repeated_value", "'cost' is repeated.", None),
        ("fields=id,prize", "fields", "invalid_value", None, None),
        ("fields=-cost", "fields", "invalid_value", None, ["cost"]),
        ("expand=cost", "expand", "invalid_value", None, None),
        ("expand=region&fields=cost", "expand", "conflicting_parameters", None, ["fields=cost,region"]),
        ("platform=tiktok&exclude_platform=TikTok", "exclude_platform", "contradictory_filters", None, None),
        ("cursor=abc", "cursor", "malformed_cursor", None, None),
        ("region=", "region", "unknown_label", None, None),
    ],
)  # fmt: skip
async def test_one_fault(
    client: httpx.AsyncClient, query: str, parameter: str, code: str, detail: str | None, suggestions: list[str] | None
) -> None:
    [error] = await refused(client, query)
    assert (error["parameter"], error["code"]) == (parameter, code)
    if detail:
        assert error["detail"] == detail
    if suggestions:
        assert error["suggestions"] == suggestions


async def test_all_faults_at_once(client: httpx.AsyncClient) -> None:
    errors = await refused(
        client,
        "platform=facebok,insta&limit=5000&limit=2&start=1&date_from=1&sort=x&max_cost=a&region=Nowhere&cursor=~",
    )
    assert sorted((error["parameter"], error["code"]) for error in errors) == [
        ("cursor", "malformed_cursor"),
        ("date_from", "invalid_date"),
        ("limit", "out_of_range"),
        ("limit", "repeated_parameter"),
        ("max_cost", "invalid_value"),
        ("platform", "unknown_label"),
        ("platform", "unknown_label"),
        ("region", "unknown_label"),
        ("sort", "invalid_value"),
        ("start", "unknown_parameter"),
    ]


@pytest.mark.parametrize("path", ["/v1/ad-metrics/1", "/v1/dimensions", "/v1/dimensions/region", "/v1/catalog"])
async def test_a_resource_without_parameters_refuses_them(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(f"{path}?colour=red")
    assert response.status_code == 422
    assert response.json()["errors"][0]["code"] == "unknown_parameter"


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/v1/ad-metrcs", 404, "Nothing is at '/v1/ad-metrcs'."),
        ("/v1/ad-metrics/", 404, "Nothing is at '/v1/ad-metrics/'."),
        ("/v1/dimensions/platfrom", 404, "No dimension is called 'platfrom'; there are"),
        ("/v1/ad-metrics/abc", 422, None),
        ("/v1/ad-metrics/0", 422, None),
        ("/v1/ad-metrics/99999999999999999999999", 422, None),
    ],
)
async def test_wrong_paths(client: httpx.AsyncClient, path: str, status: int, detail: str | None) -> None:
    response = await client.get(path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    Problem.model_validate(response.json())
    if detail:
        assert response.json()["detail"].startswith(detail)
        assert response.json()["suggestions"]


async def test_browsers_get_a_page_of_a_wrong_address(client: httpx.AsyncClient) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    for path, suggestion in (
        ("/vews", None),
        ("/v1/ad-metrcs", "/v1/ad-metrics"),
        ("/a/b/c", None),
        ("/static/x.css", None),
    ):
        page = await client.get(path, headers=browser)
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "<h1>No such resource</h1>" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        base = "../" * (path.count("/") - 1) or "./"
        assert f'<a href="{base}">Go to the start page</a>' in page.text
        assert suggestion is None or f'<a href="{suggestion}">' in page.text
        # Scripts, which accept anything or JSON, get the problem.
        for accept in ("*/*", "application/json", "application/json, text/html;q=0.5"):
            problem = await client.get(path, headers={"Accept": accept})
            assert problem.headers["content-type"] == "application/problem+json"


async def test_wrong_methods(client: httpx.AsyncClient) -> None:
    response = await client.post(ROWS)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET"
    assert response.json()["detail"] == "/v1/ad-metrics does not take POST; it takes GET."


async def test_the_callers_request_id_is_echoed_where_it_is_harmless(client: httpx.AsyncClient) -> None:
    echoed = await client.get(ROWS, headers={"X-Request-ID": "trace-42"})
    assert echoed.headers["x-request-id"] == "trace-42"
    replaced = await client.get(ROWS, headers={"X-Request-ID": "x" * 1000})
    assert len(replaced.headers["x-request-id"]) == 32


async def test_a_fault_of_ours_shows_nothing_of_the_inside(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr("project.web.api.rows.routes.plan_rows", broken)
    client.app.state.ad_metrics.answers.clear()
    response = await client.get(ROWS)
    assert response.status_code == 500
    assert response.json()["type"] == "/problems/internal-error"
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert "swordfish" not in response.text


JUNK = st.text(max_size=30) | st.binary(max_size=30).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
VALUES = (
    st.sampled_from(["0E+2000000000", "1E-7", "NaN", "18.4"])
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.lists(st.integers(), max_size=2)
)
KEYS = st.sampled_from(
    [
        "date_id",
        "region_id",
        "age_id",
        "gender_id",
        "platform_id",
        "placement_id",
        "device_type_id",
        "cost",
        "clicks",
        "x",
    ]
)
FORGED = st.tuples(st.text(max_size=12), st.dictionaries(KEYS, VALUES)).map(
    lambda content: base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("min_cost", "0E%2B2000000000"), ("min_cost", "1e3"), ("min_cost", "%D9%A3"), ("limit", "1_0"), ("limit", "1.0"),
     ("max_clicks", "%D9%A3"), ("max_clicks", "%2B3")],
)  # fmt: skip
async def test_what_only_a_machine_takes_for_a_number(client: httpx.AsyncClient, parameter: str, value: str) -> None:
    [error] = await refused(client, f"{parameter}={value}")
    assert (error["parameter"], error["code"]) == (parameter, "invalid_value")


@pytest.mark.parametrize("name", ["query", "path", "loc", "self"])
async def test_parameters_of_any_name_are_only_unknown(client: httpx.AsyncClient, name: str) -> None:
    for path in (ROWS, f"{ROWS}/1", "/v1/catalog", "/v1/dimensions/region"):
        response = await client.get(f"{path}?{name}=1")
        assert response.status_code == 422
        assert [error["parameter"] for error in response.json()["errors"]] == [name]


async def test_a_flood_of_faults_is_counted_not_listed(client: httpx.AsyncClient) -> None:
    [error] = await refused(client, "platform=" + "," * 30_000)
    assert error["code"] == "too_many_values"
    response = await client.get(ROWS + "?" + "&".join(f"x{number}=" for number in range(3000)))
    assert response.json()["detail"] == "3,000 faults; the first 100 are here."
    assert len(response.json()["errors"]) == 100


async def test_a_blank_label_is_called_not_set(client: httpx.AsyncClient) -> None:
    [error] = await refused(client, "age_range=")
    assert error["suggestions"] == ["(not set)"]


@given(cursor=JUNK | FORGED)
async def test_no_cursor_breaks_anything(client: httpx.AsyncClient, cursor: str) -> None:
    response = await client.get(ROWS, params={"cursor": cursor, "sort": "-cost"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == "cursor"


@given(changes=st.dictionaries(KEYS, VALUES, min_size=1, max_size=3))
async def test_no_forged_position_breaks_anything(client: httpx.AsyncClient, changes: dict[str, Any]) -> None:
    page = (await client.get(ROWS, params={"sort": "-cost", "limit": 1})).json()["page"]["next_cursor"]
    digest, position = json.loads(base64.urlsafe_b64decode(page + "=="))
    forged = base64.urlsafe_b64encode(json.dumps([digest, position | changes]).encode()).decode().rstrip("=")
    response = await client.get(ROWS, params={"cursor": forged, "sort": "-cost"})
    assert response.status_code in (200, 422)
    without = {name: value for name, value in position.items() if name not in changes}
    if without != position:
        forged = base64.urlsafe_b64encode(json.dumps([digest, without]).encode()).decode().rstrip("=")
        assert (await client.get(ROWS, params={"cursor": forged, "sort": "-cost"})).status_code == 422


def test_every_error_is_a_problem_or_of_the_command_line() -> None:
    command_line = {
        "LoadRefused",
        "FileUnwritable",
        "KeyRefused",
        "DistributionRefused",
        "EmbeddedPostgresError",
        "MigrationRefused",
        "NotAllowed",
        "NotDelivered",
    }
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, AdMetricsError) and error is not AdMetricsError:
            known = any(base in PROBLEMS for base in error.__mro__)
            assert known != (error.__name__ in command_line), error


def test_a_problem_code_has_one_status() -> None:
    of_code = {(problem.code, problem.status) for problem in PROBLEMS.values()}
    assert len({code for code, _ in of_code}) == len(of_code)
