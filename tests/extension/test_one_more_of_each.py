"""A release with one more of what `CONTRIBUTING.md` says is added in one place: everything else derives it."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.extension.release import Release, write_csv

pytestmark = pytest.mark.slow

Replacement = tuple[str, str, str]
"""A file, a text that it has once, and what stands there afterwards; a file without a text is new."""

ADDITIONS: dict[str, list[Replacement]] = {
    "metric": [
        (
            "project/catalog/metrics.py",
            '"Likes per impression."),\n',
            '"Likes per impression."),\n'
            '    Formula("clicks_per_conversion", "clicks", "conversions", "ratio", "Clicks per conversion."),\n',
        )
    ],
    "date preset": [
        (
            "project/catalog/dates.py",
            '    "last_90d": _last_days(90),\n',
            '    "last_60d": _last_days(60),\n    "last_90d": _last_days(90),\n',
        )
    ],
    "load preset": [
        (
            "project/ingest/mapping/presets.py",
            "        CANONICAL,\n    )",
            '        Preset("quora", {"cost": "spend_of_quora", "likes": "thanks_of_quora"}, {"platform": "quora"}),\n'
            "        CANONICAL,\n    )",
        )
    ],
    "format": [
        (
            "project/export/formats/tsv.py",
            "",
            "class TsvEncoder:\n"
            "    def __init__(self, file, schema):\n"
            "        self._file = file\n"
            '        self._write("\\t".join(schema.names))\n\n'
            "    def write(self, batch):\n"
            "        for row in batch.to_pylist():\n"
            '            self._write("\\t".join(map(str, row.values())))\n\n'
            "    def close(self):\n"
            "        pass\n\n"
            "    def _write(self, line):\n"
            '        self._file.write((line + "\\n").encode())\n',
        ),
        (
            "project/export/formats/__init__.py",
            '        Format("parquet"',
            '        Format("tsv", "text/tab-separated-values", "tsv", tsv.TsvEncoder, textual=True),\n'
            '        Format("parquet"',
        ),
        (
            "project/export/formats/__init__.py",
            "import arrow, csv, ndjson, parquet",
            "import arrow, csv, ndjson, parquet, tsv",
        ),
    ],
    "panel": [
        (
            "project/web/dashboard/panels/devices.py",
            "",
            "from project.web.dashboard.panels.panel import ReportPanel\n\n\n"
            "class Devices(ReportPanel):\n"
            '    template = "devices.html"\n\n'
            "    @staticmethod\n"
            "    def query(view):\n"
            '        return {"group_by": ["device_type"], "metrics": ["cost"], "sort": ["-cost"]}\n',
        ),
        (
            "project/web/dashboard/templates/devices.html",
            "",
            '<section id="devices"><a href="{{ panel.url() }}">JSON</a>\n'
            '{% for group in panel.report.page.groups %}<p>{{ group.key[0] }}: {{ panel.value("cost", group) }}</p>\n{% endfor %}'
            "</section>\n",
        ),
        (
            "project/web/dashboard/panels/__init__.py",
            "\nPANELS",
            "from project.web.dashboard.panels.devices import Devices\n\nPANELS",
        ),
        ("project/web/dashboard/panels/__init__.py", "Series, Breakdown]", "Series, Breakdown, Devices]"),
    ],
    "setting": [
        (
            "project/settings.py",
            '    timezone: Annotated[str, AfterValidator(_known_time_zone)] = "UTC"\n',
            '    timezone: Annotated[str, AfterValidator(_known_time_zone)] = "UTC"\n'
            "    fiscal_year_start: int = Field(default=1, ge=1, le=12)\n",
        )
    ],
}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The release with all additions."""
    release = Release.copied_to(tmp_path_factory.mktemp("releases") / "extended")
    for replacements in ADDITIONS.values():
        for path, old, new in replacements:
            if old:
                release.replace(path, old, new)
            else:
                release.write(path, new)
    return release


@pytest.fixture(scope="module")
def openapi(release: Release, reports_database: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    directory = tmp_path_factory.mktemp("openapi") / "asked"
    [answer] = release.ask(["/openapi.json"], directory, DATABASE_URL=reports_database)
    return json.loads(answer["body"])


def test_a_metric(release: Release, openapi: Any, reports_database: str, tmp_path: Path) -> None:
    grouped = "/v1/reports?group_by=platform&metrics=clicks,conversions,clicks_per_conversion"
    report, bounded, catalogue, misspelt, file, page = release.ask(
        [
            f"{grouped}&totals=true&sort=-clicks_per_conversion",
            f"{grouped}&min_clicks_per_conversion=1000000",
            "/v1/catalog",
            "/v1/reports?metrics=click_per_conversion",
            f"{grouped}&format=csv",
            "/",
        ],
        tmp_path / "asked",
        DATABASE_URL=reports_database,
    )
    groups = json.loads(report["body"], parse_float=Decimal)["data"]
    assert len(groups) == 3
    for group in groups:
        exact = Decimal(group["clicks"]) / group["conversions"]
        assert abs(group["clicks_per_conversion"] - exact) < Decimal("1e-12")
    assert groups == sorted(groups, key=lambda group: -group["clicks_per_conversion"])
    assert json.loads(bounded["body"])["data"] == []
    [entry] = [
        one for one in json.loads(catalogue["body"])["data"]["metrics"] if one["name"] == "clicks_per_conversion"
    ]
    assert entry["formula"] == "clicks / conversions"
    assert json.loads(misspelt["body"])["errors"][0]["suggestions"][0] == "clicks_per_conversion"
    assert file["body"].splitlines()[0] == b"platform,clicks,conversions,clicks_per_conversion"
    assert "clicks per conversion" in page["body"].decode()
    assert {"min_clicks_per_conversion", "max_clicks_per_conversion"} <= _parameters(openapi, "/v1/reports").keys()


def test_a_date_preset(release: Release, openapi: Any, reports_database: str, tmp_path: Path) -> None:
    rows, catalogue, misspelt, page = release.ask(
        [
            "/v1/ad-metrics?date_preset=last_60d",
            "/v1/catalog",
            "/v1/reports?date_preset=last_6d",
            "/?date_preset=last_60d",
        ],
        tmp_path / "asked",
        DATABASE_URL=reports_database,
    )
    meta = json.loads(rows["body"])["meta"]
    presets = {one["name"]: one for one in json.loads(catalogue["body"])["data"]["date_presets"]}
    assert presets["last_60d"] == {"name": "last_60d", "date_from": meta["date_from"], "date_to": meta["date_to"]}
    assert "last_60d" in json.loads(misspelt["body"])["errors"][0]["suggestions"]
    assert "Last 60 days" in page["body"].decode()
    assert "last_60d" in json.dumps(_parameters(openapi, "/v1/ad-metrics")["date_preset"])


ANSWER = {
    "date": "2024-03-01",
    "region": "California",
    "age_range": "25-34",
    "gender": "female",
    "placement": "feed",
    "device_type": "iphone",
    "impressions": 1200,
    "clicks": 31,
    "Spend of Quora": "18.4",
    "conversions": 2,
    "Thanks of Quora": 7,
}


def test_a_load_preset(release: Release, database: str, tmp_path: Path) -> None:
    assert "quora" in release.ad_metrics("load", "--help", COLUMNS="200")
    path = write_csv(tmp_path / "answers.csv", [ANSWER])
    release.ad_metrics("load", str(path), DATABASE_URL=database)
    [answer] = release.ask(["/v1/ad-metrics?fields=platform,cost,likes"], tmp_path / "asked", DATABASE_URL=database)
    assert json.loads(answer["body"])["data"] == [{"platform": "quora", "cost": 18.4, "likes": 7}]


def test_a_format(release: Release, openapi: Any, reports_database: str, tmp_path: Path) -> None:
    question = "/v1/reports?group_by=platform&metrics=cost"
    rows, report, as_csv, misspelt = release.ask(
        ["/v1/ad-metrics?format=tsv", f"{question}&format=tsv", f"{question}&format=csv", f"{question}&format=tvs"],
        tmp_path / "asked",
        DATABASE_URL=reports_database,
    )
    assert rows["type"].startswith("text/tab-separated-values")
    assert rows["body"].startswith(b"id\tdate\t")
    cells = [line.split("\t") for line in report["body"].decode().splitlines()]
    expected = [line.split(",") for line in as_csv["body"].decode().splitlines()]
    assert [row[0] for row in cells] == [row[0] for row in expected]
    assert "tsv" in json.loads(misspelt["body"])["errors"][0]["suggestions"]
    for path in ("/v1/ad-metrics", "/v1/reports"):
        assert "tsv" in _parameters(openapi, f"{path}.{{format}}")["format"]["schema"]["enum"]
    file = tmp_path / "report.tsv"
    release.ad_metrics("export", question, str(file), DATABASE_URL=reports_database)
    assert file.read_bytes() == report["body"]
    usage = release.ad_metrics("export", "--help", COLUMNS="200")
    # No help text lists formats of its own.
    assert usage.count("tsv") == usage.count("ndjson") > 0


def test_a_panel(release: Release, reports_database: str, tmp_path: Path) -> None:
    page, report = release.ask(
        ["/", "/v1/reports?group_by=device_type&metrics=cost&sort=-cost"],
        tmp_path / "asked",
        DATABASE_URL=reports_database,
    )
    section = page["body"].decode().partition('<section id="devices">')[2].partition("</section>")[0]
    groups = json.loads(report["body"], parse_float=Decimal)["data"]
    shown = {label: Decimal(cost) for label, cost in re.findall(r"<p>(.+?): (.+?)</p>", section)}
    assert shown == {group["device_type"]: group["cost"] for group in groups}
    assert "v1/reports?group_by=device_type" in section


def test_a_setting(release: Release) -> None:
    script = "from project.settings import get_settings; print(get_settings().fiscal_year_start)"
    assert release.python(script).stdout == "1\n"
    assert release.python(script, FISCAL_YEAR_START="4").stdout == "4\n"
    assert "The setting FISCAL_YEAR_START" in release.python(script, FISCAL_YEAR_START="13").stderr


def _parameters(openapi: Any, path: str) -> dict[str, Any]:
    return {parameter["name"]: parameter for parameter in openapi["paths"][path]["get"]["parameters"]}
