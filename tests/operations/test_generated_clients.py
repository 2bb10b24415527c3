"""Real answers, parsed by clients that are generated from the document: nothing lost, nothing invented."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT
from tests.support.hosting import Service, hosted, load_nothing
from tests.support.openapi import PUBLISHED
from tests.support.processes import environment

pytestmark = pytest.mark.slow

DOCUMENT = json.loads(PUBLISHED.read_text())
ANSWERS = [
    ("/v1/ad-metrics?limit=3", "list_rows", "RowsAnswer"),
    ("/v1/ad-metrics?limit=3&fields=date,cost,region&expand=region,date&count=true&sort=-cost", "list_rows", "RowsAnswer"),
    ("/v1/ad-metrics?limit=2&fields=likes", "list_rows", "RowsAnswer"),
    ("/v1/ad-metrics?min_cost=999999", "list_rows", "RowsAnswer"),
    ("/v1/ad-metrics/{row}", "one_row", "RowAnswer"),
    ("/v1/reports", "report", "ReportAnswer"),
    ("/v1/reports?group_by=week,platform&metrics=cost,ctr,cost_per_conversion&totals=true", "report", "ReportAnswer"),
    ("/v1/reports?group_by=region&date_from=2024-02-20&date_to=2024-03-10&compare_to=previous_period&totals=true&sort=-change.cost", "report", "ReportAnswer"),
    ("/v1/reports?group_by=date,platform&date_from=2024-03-01&date_to=2024-03-20&fill=true&metrics=clicks,cpc", "report", "ReportAnswer"),
    ("/v1/reports?date_from=1999-01-01&date_to=1999-01-31&compare_to=previous_year&metrics=cost,ctr", "report", "ReportAnswer"),
    ("/v1/reports/plan?group_by=platform&metrics=cost", "plan", "PlanAnswer"),
    ("/v1/reports/plan?group_by=region,gender,placement,device_type,age_range", "plan", "PlanAnswer"),
    ("/v1/dimensions", "list_dimensions", "DimensionsAnswer"),
    ("/v1/dimensions/platform", "list_labels", "LabelsAnswer"),
    ("/v1/dimensions/region?counts=true&platform=facebook", "list_labels", "LabelsAnswer"),
    ("/v1/catalog", "catalog", "CatalogAnswer"),
    ("/v1/ingests", "ingests", "IngestsAnswer"),
    ("/v1/ingests/1", "ingest_by_id", "IngestAnswer"),
    ("/health/live", "live", "Alive"),
    ("/health/ready", "ready", "Ready"),
    ("/v1/reports?group_by=month,week&metrics=ctrr&fill=maybe", "report", "Problem"),
    ("/v1/dimensions/platfrom", "list_labels", "Problem"),
]  # fmt: skip
"""A URL, the operation that answers it, and the schema of the answer."""


@pytest.fixture(scope="module")
def service(reports_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    directory = tmp_path_factory.mktemp("service")
    with hosted(reports_database, directory, workers=1, INGEST_HTTP="true") as service:
        load_nothing(service)
        yield service


@pytest.fixture(scope="module", params=ANSWERS, ids=lambda answer: answer[0][:80])
def answer(request: pytest.FixtureRequest, service: Service) -> tuple[httpx.Response, str, str]:
    url, operation, schema = request.param
    if "{row}" in url:
        url = url.format(row=service.get("/v1/ad-metrics?limit=1").json()["data"][0]["id"])
    response = service.get(url)
    assert (response.status_code == 200) == (schema != "Problem"), response.text
    return response, operation, schema


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The models of datamodel-code-generator."""
    directory = tmp_path_factory.mktemp("models")
    generate(
        "datamodel_code_generator", "--input", PUBLISHED, "--input-file-type", "openapi", "--formatters", "builtin",
        "--output-model-type", "pydantic_v2.BaseModel", "--output", directory / "generated_models.py",
    )  # fmt: skip
    yield from imported(directory, "generated_models")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The client of openapi-python-client."""
    directory = tmp_path_factory.mktemp("client")
    (directory / "config.yaml").write_text("post_hooks: []\n")
    said = generate(
        "openapi_python_client", "generate", "--path", PUBLISHED, "--meta", "none", "--fail-on-warning",
        "--output-path", directory / "generated_client", "--config", directory / "config.yaml",
    )  # fmt: skip
    assert "WARNING" not in said.upper()
    yield from imported(directory, "generated_client")


def generate(*command: Any) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *map(str, command)], cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def imported(directory: Path, name: str) -> Iterator[ModuleType]:
    sys.path.insert(0, str(directory))
    yield importlib.import_module(name)
    sys.path.remove(str(directory))
    for module in [module for module in sys.modules if module.split(".")[0] == name]:
        del sys.modules[module]


def test_models(models: ModuleType, answer: tuple[httpx.Response, str, str]) -> None:
    response, _, schema = answer
    parsed = getattr(models, schema).model_validate_json(response.content, strict=True)
    assert plain(parsed.model_dump(mode="json", exclude_unset=True)) == plain(response.json())
    # What the answer does not have, the model has no value for.
    assert without_nulls(plain(parsed.model_dump(mode="json"))) == without_nulls(plain(response.json()))


def test_client(generated: ModuleType, answer: tuple[httpx.Response, str, str]) -> None:
    """What the client parses an answer into is the answer when it is written again."""
    response, operation, schema = answer
    parsed = module_of(generated, operation)._parse_response(client=None, response=response)
    assert type(parsed).__name__ == schema
    assert plain(parsed.to_dict()) == plain(response.json())


def test_calls_of_a_client(generated: ModuleType, service: Service) -> None:
    with generated.Client(base_url=service.site, raise_on_unexpected_status=True) as client:
        check_calls(generated, client, service)


def check_calls(generated: ModuleType, client: Any, service: Service) -> None:
    models = importlib.import_module("generated_client.models")
    list_rows = module_of(generated, "list_rows").sync
    page = list_rows(client=client, platform=["facebook", "instagram"], min_cost=0.5, count=True, limit=2)
    asked = service.get("/v1/ad-metrics?platform=facebook,instagram&min_cost=0.5&count=true&limit=2")
    assert page.to_dict() == asked.json()
    refused = list_rows(client=client, platform=["facebok"])
    assert isinstance(refused, models.Problem)
    assert refused.errors[0].suggestions == ["facebook"]
    for format_ in models.RowsFileFormat:
        file = module_of(generated, "rows_file").sync(client=client, format_=format_, platform=["facebook"])
        expected = service.get(f"/v1/ad-metrics?format={format_.value}&platform=facebook").content
        # These files name the question, which has no format here.
        assert file.payload.getvalue()[:4] == expected[:4]
        assert file.payload.getvalue() == expected or format_.value in ("parquet", "arrow", "xlsx")
    weeks = [models.ReportFileGroupByItem.WEEK]
    png = module_of(generated, "report_file").sync(client=client, format_=models.ReportFileFormat.PNG, group_by=weeks)
    assert png.payload.getvalue().startswith(b"\x89PNG")


def module_of(generated: ModuleType, operation: str) -> ModuleType:
    operations = (operation for path in DOCUMENT["paths"].values() for operation in path.values())
    [tag] = next(one["tags"] for one in operations if one["operationId"] == operation)
    return importlib.import_module(f"{generated.__name__}.api.{tag.lower()}.{operation}")


def plain(content: Any) -> Any:
    """Return an answer with its times written in one way, Z or +00:00."""
    return json.loads(json.dumps(content).replace("+00:00", "Z"))


def without_nulls(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: without_nulls(value) for name, value in content.items() if value is not None}
    return [without_nulls(item) for item in content] if isinstance(content, list) else content
