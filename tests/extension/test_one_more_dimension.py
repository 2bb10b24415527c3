"""A release with one more dimension and one more measure: the old facts answer the same, and new ones can be loaded."""

import csv
import io
import json
from collections.abc import Iterable
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any

import asyncpg
import pyarrow.parquet as pq
import pytest

from tests.extension.campaign import FILES, add_campaign_and_video_views, declare_dimension
from tests.extension.release import Release, write_csv
from tests.support.model import DIMENSIONS, MEASURES
from tests.support.report_model import METRICS, REPORT_FACTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NOT_SET = "(not set)"
OLD_METRICS = f"metrics={','.join(METRICS)}"
OLD_FIELDS = ",".join(("id", *DIMENSIONS, *MEASURES))
PERIOD = "date_from=2024-02-01&date_to=2024-03-31"
GROUPINGS = [*DIMENSIONS, *map(",".join, combinations(DIMENSIONS, 2))]
TRIPLES = [
    "region,age_range,gender",
    "platform,placement,device_type",
    "week,gender,device_type",
    "region,gender,placement",
]

SAME_REPORTS = [
    "/v1/reports?metrics=cost&region=California",
    f"/v1/reports?{OLD_METRICS}",
    *(f"/v1/reports?{OLD_METRICS}&limit=1000&group_by={names}" for names in (*GROUPINGS, *TRIPLES)),
    f"/v1/reports?{OLD_METRICS}&group_by=platform&totals=true&{PERIOD}&compare_to=previous_period&sort=-change.cost",
    f"/v1/reports?{OLD_METRICS}&group_by=month,platform&totals=true&{PERIOD}&compare_to=previous_year&fill=true",
    f"/v1/reports?{OLD_METRICS}&group_by=region&exclude_platform=tiktok&gender=female&min_cost=1&max_ctr=0.5",
    "/v1/reports/plan?metrics=cost&group_by=region,platform",
]
SAME_ROWS = [
    f"/v1/ad-metrics?fields={OLD_FIELDS}&limit=1000",
    f"/v1/ad-metrics?fields={OLD_FIELDS}&sort=-cost,date&region=California&count=true",
    f"/v1/ad-metrics?fields={OLD_FIELDS}&sort=-date&expand=region,platform&min_clicks=1&max_cost=100",
    *(f"/v1/dimensions/{name}?counts=true&{PERIOD}" for name in DIMENSIONS),
]
SAME_FILES = [
    *(f"/v1/ad-metrics?fields={OLD_FIELDS}&sort=date&format={name}" for name in ("csv", "ndjson")),
    *(f"/v1/reports?{OLD_METRICS}&group_by=week,region&totals=true&format={name}" for name in ("csv", "ndjson")),
    "/v1/reports?metrics=cost&group_by=week&format=svg",
]
EXTENDED = [
    "/v1/ad-metrics?limit=1000",
    "/v1/ad-metrics/1",
    "/v1/reports?group_by=region&totals=true",
    f"/v1/reports?group_by=platform&totals=true&{PERIOD}&compare_to=previous_period",
]
"""What has the new dimension and the new measure, beside what it had."""

EXTENDED_FILE = "/v1/ad-metrics?format=csv"


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """The release with campaigns and video views."""
    release = Release.copied_to(tmp_path_factory.mktemp("releases") / "extended")
    add_campaign_and_video_views(release)
    return release


def test_a_dimension_and_a_measure_touch_catalogue_models_presets_and_a_migration(extended: Release) -> None:
    assert sorted(extended.patched) == sorted(FILES)
    folders = {str(Path(path).parent) for path in FILES}
    assert folders == {"project/catalog", "project/store/models", "project/ingest/mapping"}
    assert [path.name for path in (extended.root / "migrations/models").glob("*_campaign.py")] != []


async def test_old_facts_answer_the_same_and_new_ones_can_be_loaded(
    extended: Release, database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    original = Release()
    settings = {"DATABASE_URL": database}
    facts = [{name: fact[name] for name in (*DIMENSIONS, *MEASURES)} for fact in REPORT_FACTS]
    original.ad_metrics("load", str(write_csv(tmp_path / "facts.csv", facts)), **settings)
    urls = [*SAME_REPORTS, *SAME_ROWS, *SAME_FILES, *EXTENDED, EXTENDED_FILE]
    before = original.ask(urls, tmp_path / "before", **settings)
    assert [answer["body"] for answer in before if answer["status"] != 200] == []
    sources = [_json(answer)["meta"]["source"] for answer in before[: len(GROUPINGS) + 2]]
    assert set(sources) == {"rollup"}

    assert "Success upgrading to" in extended.aerich("upgrade", **settings)
    assert "No changes detected" in extended.aerich("migrate", "--offline", "--no-input", **settings)
    after = extended.ask(urls, tmp_path / "after", **settings)
    for url, old, new in zip(urls, before, after, strict=True):
        assert (new["status"], new["type"]) == (old["status"], old["type"]), url
        if url in SAME_FILES:
            assert new["body"] == old["body"], url
        elif url in EXTENDED:
            assert _without_the_new(_comparable(new)) == _comparable(old), url
        elif url == EXTENDED_FILE:
            assert _without_the_new_columns(new["body"].decode()) == old["body"].decode()
        else:
            assert _comparable(new) == _comparable(old), url

    await _check_the_new(extended, facts, tmp_path / "new", settings)

    # After a downgrade the original release answers as before.
    assert "Success downgrading to" in extended.aerich("downgrade", "--yes", **settings)
    restored = original.ask(urls, tmp_path / "restored", **settings)
    assert list(map(_comparable, restored)) == list(map(_comparable, before))
    extended.aerich("upgrade", **settings)

    # Facts of campaigns, some beside old facts of the same labels.
    spring = [fact | {"campaign": "Spring sale", "video_views": 3, "cost": Decimal("2.5")} for fact in facts[:200]]
    restated = [fact | {"campaign": NOT_SET, "video_views": 7} for fact in facts[:10]]
    extended.ad_metrics("load", str(write_csv(tmp_path / "campaigns.csv", [*spring, *restated])), **settings)
    loaded = [*spring, *restated, *(fact | {"campaign": NOT_SET, "video_views": 0} for fact in facts[10:])]
    assert await connection.fetchval("SELECT count(*) FROM fact_ad_metrics_daily") == len(loaded)
    by_campaign = "/v1/reports?metrics=cost,video_views&limit=1000&group_by=campaign,region"
    [answer] = extended.ask([by_campaign], tmp_path / "loaded", **settings)
    assert _json(answer)["meta"]["source"] == "facts"
    assert _sums(_json(answer)["data"]) == _summed(loaded)

    with pytest.raises(AssertionError, match="the grouping set campaign is not there yet"):
        extended.ad_metrics("check", **settings)

    # The new sets are read once the rollups have them of every day.
    extended.ad_metrics("rollups", "rebuild", **settings)
    extended.ad_metrics("check", **settings)
    [answer, filtered] = extended.ask(
        [by_campaign, by_campaign + "&campaign=spring%20sale&sort=-video_views"], tmp_path / "rebuilt", **settings
    )
    assert _json(answer)["meta"]["source"] == "rollup"
    assert _sums(_json(answer)["data"]) == _summed(loaded)
    assert _sums(_json(filtered)["data"]) == _summed(spring)

    # A load keeps them exact.
    extended.ad_metrics("load", str(write_csv(tmp_path / "more.csv", [loaded[0] | {"video_views": 99}])), **settings)
    extended.ad_metrics("check", **settings)
    # A downgrade loses nothing.
    with pytest.raises(AssertionError, match="this downgrade would lose"):
        extended.aerich("downgrade", "--yes", **settings)


async def test_sample_data_has_what_it_does_not_know_as_not_set(
    extended: Release, database: str, tmp_path: Path
) -> None:
    settings = {"DATABASE_URL": database}
    extended.aerich("upgrade", **settings)
    loaded = extended.python(_LOAD_SAMPLE, **settings)
    assert loaded.returncode == 0, loaded.stderr
    extended.ad_metrics("check", **settings)
    [answer] = extended.ask(["/v1/reports?group_by=campaign&metrics=video_views"], tmp_path / "sample", **settings)
    assert _json(answer)["data"] == [{"campaign": NOT_SET, "video_views": 0}]
    # An empty database has every set from its first load on.
    assert _json(answer)["meta"]["source"] == "rollup"


async def test_a_dimension_that_no_base_covers_is_named(tmp_path: Path) -> None:
    release = Release.copied_to(tmp_path / "uncovered")
    declare_dimension(release)
    done = release.python("import project.store.warehouse.rollups")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "ValueError: No base covers the grouping set device_type × campaign; add a base that has all of its dimensions."
    )


_LOAD_SAMPLE = """
import asyncio
from datetime import date
from project.ingest.sample import load_sample
from project.settings import get_settings

asyncio.run(load_sample(get_settings(), date(2024, 3, 31), 3, 40))
"""


async def _check_the_new(
    extended: Release, facts: list[dict[str, Any]], directory: Path, settings: dict[str, str]
) -> None:
    """Check that every old fact is of no campaign, and has no video views."""
    campaign, pairs, labels, counts, catalogue, openapi, page, parquet = extended.ask(
        [
            "/v1/reports?group_by=campaign",
            f"/v1/reports?group_by=campaign,region&metrics=cost,video_views&campaign={NOT_SET}",
            "/v1/dimensions/campaign",
            "/v1/dimensions/campaign?counts=true",
            "/v1/catalog",
            "/openapi.json",
            "/",
            "/v1/ad-metrics?format=parquet&fields=campaign,video_views",
        ],
        directory,
        **settings,
    )
    [group] = _json(campaign)["data"]
    assert group == {
        "campaign": NOT_SET,
        **{name: sum(fact[name] for fact in facts) for name in MEASURES},
        "video_views": 0,
    }
    assert _json(campaign)["meta"]["source"] == "facts"
    assert _sums(_json(pairs)["data"]) == _summed(fact | {"campaign": NOT_SET, "video_views": 0} for fact in facts)
    assert _json(labels)["data"] == [{"id": 1, "label": NOT_SET}]
    assert _json(counts)["data"][0]["facts"] == len(facts)
    assert "campaign" in [entry["name"] for entry in _json(catalogue)["data"]["dimensions"]]
    assert "video_views" in [entry["name"] for entry in _json(catalogue)["data"]["metrics"]]
    parameters = {
        entry["name"] for entry in json.loads(openapi["body"])["paths"]["/v1/ad-metrics"]["get"]["parameters"]
    }
    assert {"campaign", "exclude_campaign", "min_video_views", "max_video_views"} <= parameters
    assert "campaign" in page["body"].decode()
    table = pq.read_table(io.BytesIO(parquet["body"]))
    assert set(table["campaign"].to_pylist()) == {NOT_SET}
    assert set(table["video_views"].to_pylist()) == {0}


def _json(answer: dict[str, Any]) -> Any:
    assert answer["status"] == 200, answer["body"]
    return json.loads(answer["body"], parse_float=Decimal)


def _comparable(answer: dict[str, Any]) -> Any:
    """Return an answer without what moves with the data version, or is bound to the natural key's columns."""
    if not answer["type"].startswith("application/json"):
        return answer["body"].decode()
    content = json.loads(answer["body"], parse_float=Decimal)
    content["meta"].pop("data_version", None)
    if content.get("page", {}).get("next_cursor"):
        content["page"]["next_cursor"] = "…"
    if "statements" in content["data"]:
        # The database's statistics may be newer.
        for entry in (content["data"], *content["data"]["statements"]):
            del entry["estimated_rows"]
    return content


_NO_CHANGE = {"value": 0, "change": 0, "change_ratio": None, "contribution": None}


def _without_the_new(content: Any) -> Any:
    """Return an answer without the new dimension and measure, which say that the facts have none."""
    if isinstance(content, list):
        return [_without_the_new(item) for item in content if item != {"name": "video_views", "unit": "count"}]
    if not isinstance(content, dict):
        return content
    if "campaign" in content:
        assert content.pop("campaign") in (NOT_SET, {"campaign_id": 1, "campaign_name": NOT_SET})
    if "video_views" in content:
        # As itself, as its change, and as its share of nothing.
        assert content.pop("video_views") in (0, _NO_CHANGE, None)
    return {name: _without_the_new(value) for name, value in content.items()}


def _without_the_new_columns(text: str) -> str:
    rows = list(csv.reader(io.StringIO(text)))
    columns = [rows[0].index(name) for name in ("campaign", "video_views")]
    assert {tuple(row[index] for index in columns) for row in rows[1:]} == {(NOT_SET, "0")}
    file = io.StringIO(newline="")
    csv.writer(file).writerows([cell for index, cell in enumerate(row) if index not in columns] for row in rows)
    return file.getvalue()


def _sums(groups: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[Decimal, int]]:
    return {(group["campaign"], group["region"]): (group["cost"], group["video_views"]) for group in groups}


def _summed(facts: Iterable[dict[str, Any]]) -> dict[tuple[str, str], tuple[Decimal, int]]:
    sums: dict[tuple[str, str], tuple[Decimal, int]] = {}
    for fact in facts:
        key = fact["campaign"], fact["region"]
        cost, views = sums.get(key, (Decimal(0), 0))
        sums[key] = cost + fact["cost"], views + fact["video_views"]
    return sums
