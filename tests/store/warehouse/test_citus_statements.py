"""Every statement that the service sends, against the shapes that Citus refuses (`tests/support/citus_rules.py`)."""

from datetime import date
from itertools import product
from pathlib import Path

import asyncpg
import pglast
import pytest
import time_machine

from project.ingest.sample import load_sample
from project.jobs.partition_maintenance import create_partitions, drop_old_facts
from project.settings import Settings
from project.store.warehouse import distribution
from project.store.warehouse.consistency import check, days_between
from project.store.warehouse.rebuild import rebuild
from tests.conftest import Client
from tests.support.citus_rules import Session, faults_of, watched
from tests.support.records import loaded, record, write

SELECTIONS = (
    "", "date_from=2024-03-01&date_to=2024-04-02&platform=tiktok&exclude_region=California",
    "date_from=2024-03-05&date_to=2024-03-05", "date_from=2024-03-05&date_to=2024-03-05&weekday=mon,tue&min_clicks=1",
)  # fmt: skip
REPORTS = (
    "", "group_by=date,platform&totals=true", "group_by=region,age_range,placement&sort=-cpm", "group_by=month&fill=true",
    "group_by=date&compare_to=previous_period&rolling=7", "group_by=weekday&match_weekdays=true&compare_to=previous_week",
    "group_by=date,platform&as_of=2",
)  # fmt: skip
ROWS = (
    "count=true&limit=1",
    "sort=-cost,date&expand=region,platform",
    "sort=age_range,-clicks&max_cost=100&format=csv",
    "format=parquet",
)
OTHERS = (
    "/v1/catalog", "/v1/loads", "/v1/ad-metrics/{id}", "/v1/changes?since=0", "/v1/changes?since=1&group_by=load",
    "/v1/changes?since=0&platform=tiktok&date_from=2024-03-05&date_to=2024-03-05&format=csv", "/v1/changes/maturity",
    "/health/ready", "/", "/?date_preset=maximum&platform=tiktok", "/changes?since=1", "/v1/reports.svg?group_by=date",
    "/v1/dimensions/region?counts=true&platform=tiktok", "/v1/dimensions/platform?counts=true&min_cost=1", "/v1/dimensions",
    "/v1/views", "/metrics",
)  # fmt: skip

REFUSED = {
    "a correlated subquery, and FROM has a CTE, a subquery or a dimension": (
        "INSERT INTO dim_region (region_name) SELECT spelling FROM (SELECT label AS spelling FROM staged_label) AS staged"
        " WHERE NOT EXISTS (SELECT FROM dim_region WHERE region_name = staged.spelling)"
    ),
    "a list of columns beside the alias of a union": (
        "WITH facts AS (SELECT 1 FROM fact_ad_metrics_daily), summed (a) AS (SELECT 1 UNION ALL SELECT 2)"
        " INSERT INTO rollup_ad_metrics_daily (date_id) SELECT a FROM summed"
    ),
    "a distributed table is joined in DELETE or UPDATE": (
        "DELETE FROM fact_ad_metrics_daily AS facts USING incoming WHERE facts.date_id = incoming.date_id"
    ),
    "a correlated subquery in DELETE or UPDATE": (
        "DELETE FROM fact_ad_metrics_daily AS facts WHERE date_id IN (SELECT date_id FROM incoming)"
        " AND NOT EXISTS (SELECT FROM incoming WHERE facts.region_id = incoming.region_id)"
    ),
    "two bounds for one day": "SELECT cost FROM fact_ad_metrics_daily WHERE date_id >= $1 AND date_id <= $2",
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_shape_that_citus_refuses_is_found(fault: str) -> None:
    [statement] = pglast.parse_sql(REFUSED[fault])
    assert list(faults_of(statement.stmt(skip_none=True), (20240301, 20240301))) == [fault]


def test_the_order_of_changes_that_citus_refuses_is_found() -> None:
    session = Session()
    for sequential in ("SET LOCAL citus.multi_shard_modify_mode = 'sequential'", "SET LOCAL jit = off"):
        for sql in ("BEGIN", sequential, "DELETE FROM fact_ad_metrics_daily", "DELETE FROM dim_date", "COMMIT"):
            session.sent(sql)
    assert session.faults == ["a dimension is changed after facts, in parallel: DELETE FROM dim_date"]


@pytest.fixture
async def citus(citus_database: str) -> str:
    """The URL of a database that has the names of Citus, all tables distributed as far as its catalogue says."""
    connection = await asyncpg.connect(citus_database)
    await connection.execute("CREATE EXTENSION citus")
    await connection.execute("INSERT INTO pg_dist_node VALUES ('a', true, true, 'primary')")
    await distribution.distribute(connection, None, notify=lambda _: None)
    await connection.close()
    return citus_database


@pytest.mark.slow
async def test_no_statement_of_the_service_has_a_shape_that_citus_refuses(
    citus: str, serving: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(database_url=citus, retention_months=1, partition_months=3)
    sessions = watched(monkeypatch)

    # Everything that changes facts.
    await load_sample(settings, date(2024, 3, 5), days=3, notify=lambda _: None)
    rows = [
        record(date=day, platform=platform)
        for day in ("2024-02-28", "2024-03-05", "2024-04-02")
        for platform in ("tiktok", "bing")
    ]
    await loaded(citus, write(tmp_path / "a.csv", rows))
    await loaded(citus, write(tmp_path / "a.csv", [*rows[:3], record(date="2024-03-05", clicks=40)]), replace=True)
    await loaded(citus, write(tmp_path / "a.csv", [rows[0], rows[0]]), dry_run=True)
    # Rows of one key are merged by statements, others in memory.
    await loaded(citus, write(tmp_path / "a.csv", [rows[2], rows[2]]), replace=True)
    await loaded(citus, write(tmp_path / "a.csv", [*rows[:2], record(clicks="many")]), max_rejects="1")
    await rebuild(settings, date.min, date.max, notify=lambda _: None)
    await create_partitions(settings)

    # Everything that reads them.
    questions = [f"/v1/reports?{report}" for report in REPORTS] + [f"/v1/ad-metrics?{rows}" for rows in ROWS]
    questions.append("/v1/reports/plan?group_by=date,platform")
    urls = [f"{question}&{selection}" for question, selection in product(questions, SELECTIONS)]
    async with serving(citus) as client:
        page = (await client.get("/v1/ad-metrics?limit=1")).json()
        urls.append(f"/v1/ad-metrics?limit=1&cursor={page['page']['next_cursor']}")
        for url in (*urls, *OTHERS):
            answer = await client.get(url.format(id=page["data"][0]["id"]))
            assert answer.status_code in (200, 422), (url, answer.text)
            # Some combinations are none: `as_of` knows no regions, a comparison needs a first day.
            assert answer.status_code == 200 or "as_of" in url or "compare_to" in url, (url, answer.text)
    connection = await asyncpg.connect(citus)
    assert (await check(connection, await days_between(connection, date.min, date.max))).by_check["rollups"] == []
    await connection.close()
    with time_machine.travel("2024-05-15T03:10:00Z", tick=False):
        await drop_old_facts(settings)

    faults = sorted({fault for session in sessions() for fault in session.faults})
    assert faults == []
    sent = {sql for session in sessions() for sql in session.statements}
    for part in (
        "INSERT INTO dim_region", "INSERT INTO changes", "INSERT INTO removals", "DELETE FROM fact_ad_metrics_daily",
        "DELETE FROM dim_date", "INSERT INTO fact_ledger", "create_partition(", "drop_partition(", "EXCEPT ALL", "COPY (",
        "EXPLAIN", "width_bucket", "SELECT DISTINCT data_version",
    ):  # fmt: skip
        assert any(part.lower() in sql.lower() for sql in sent), part
    assert len(sent) > 120
