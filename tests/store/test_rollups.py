"""Rollups and the checks of them, on a real database."""

from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from runpy import run_path
from typing import Any

import asyncpg
import pytest

from project.catalog import GROUPING_SETS, LABELLED_DIMENSIONS, GroupingSet
from project.ingest.load import load
from project.ingest.options import Options
from project.ingest.rebuild import rebuild
from project.settings import Settings
from project.store import partitions
from project.store.checks import Findings, check, days_between
from tests.conftest import Client
from tests.ingest.test_load import ONE, write
from tests.model import MEASURES, insert_facts
from tests.report_model import REPORT_FACTS

KEYS = [dimension.key for dimension in LABELLED_DIMENSIONS]


async def load_rows(url: str, path: Path, *rows: Any) -> None:
    await load([write(path, rows)], Options(), Settings(database_url=url), tell=lambda _: None)


async def checked(connection: asyncpg.Connection, first: date = date.min, last: date = date.max) -> Findings:
    return await check(connection, await days_between(connection, first, last))


async def stored(connection: asyncpg.Connection) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    rows = await connection.fetch(
        f"SELECT grouping_set, date_id, {', '.join(KEYS)}, {', '.join(MEASURES)}, facts FROM rollup_ad_metrics_daily"
    )
    return {tuple(row)[:8]: tuple(row)[8:] for row in rows}


async def summed(connection: asyncpg.Connection) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Sum the facts in plain Python."""
    sums: dict[Any, list[Any]] = defaultdict(lambda: [0] * 6)
    for fact in await connection.fetch("SELECT * FROM fact_ad_metrics_daily"):
        for kept in GROUPING_SETS:
            bits = ["0" if dimension.name in kept.dimensions else "1" for dimension in LABELLED_DIMENSIONS]
            ids = [0 if bit == "1" else fact[key] for bit, key in zip(bits, KEYS, strict=True)]
            total = sums[int("".join(bits), 2), fact["date_id"], *ids]
            for place, amount in enumerate([*(fact[name] for name in MEASURES), 1]):
                total[place] += amount
    return {key: tuple(total) for key, total in sums.items()}


async def test_a_load_sums_the_days_that_it_touched(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await load_rows(database, tmp_path / "a.csv", ONE, (*ONE[:4], "facebook", *ONE[5:]), ("2024-04-01", *ONE[1:]))
    assert await stored(connection) == await summed(connection)
    # A day that did not change keeps its rows as they are.
    before = await connection.fetch("SELECT ctid FROM rollup_ad_metrics_daily WHERE date_id = 20240401")
    await load_rows(database, tmp_path / "b.csv", (*ONE[:7], 5000, *ONE[8:]), ("2024-04-01", *ONE[1:]))
    assert await connection.fetch("SELECT ctid FROM rollup_ad_metrics_daily WHERE date_id = 20240401") == before
    assert await stored(connection) == await summed(connection)
    assert (await checked(connection)).ok


async def test_the_kept_sets_cover_up_to_two_dimensions() -> None:
    masks = [kept.mask for kept in GROUPING_SETS]
    assert len(set(masks)) == len(masks)
    assert sum(1 for mask in masks if mask.bit_count() >= 4) == 1 + 6 + 15


@pytest.mark.slow
async def test_an_upgrade_sums_the_facts_that_there_are(database: str, connection: asyncpg.Connection) -> None:
    """The migration's own SQL sums as the loader's does."""
    await insert_facts(connection, REPORT_FACTS)
    await connection.execute("DROP TABLE rollup_ad_metrics_daily")
    path = next((Path(__file__).parents[2] / "migrations" / "models").glob("1_*_rollups.py"))
    await connection.execute(await run_path(str(path))["upgrade"](None))
    assert await stored(connection) == await summed(connection)
    assert (await checked(connection)).rollups == ()


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        ("UPDATE rollup_ad_metrics_daily SET clicks = clicks + 1 WHERE grouping_set = 63", "rollups"),
        ("DELETE FROM rollup_ad_metrics_daily WHERE grouping_set = 59", "rollups"),
        ("UPDATE fact_ad_metrics_daily SET cost = cost + 0.000001", "rollups"),
        ("DELETE FROM fact_ad_metrics_daily", "rollups"),
        ("UPDATE rollup_ad_metrics_daily SET platform_id = 99 WHERE grouping_set = 59", "labels"),
        ("DROP TABLE rollup_ad_metrics_daily_{next_month}", "partitions"),
        ("DROP TABLE fact_ad_metrics_daily_{next_month}", "partitions"),
        ("UPDATE data_version SET version = 0", "versions"),
        ("UPDATE ingest_log SET data_version = 0", "versions"),
    ],
)
async def test_a_check_finds_what_is_wrong_and_a_rebuild_mends_rollups(
    database: str, connection: asyncpg.Connection, tmp_path: Path, harm: str, found: str
) -> None:
    await load_rows(database, tmp_path / "a.csv", ONE)
    assert (await checked(connection)).ok
    next_month = "{:04}_{:02}".format(*partitions.months_ahead(datetime.now(UTC).date())[1])
    await connection.execute(harm.format(next_month=next_month))
    findings = await checked(connection)
    assert not findings.ok
    assert findings.by_check[found]
    if found in ("rollups", "labels"):
        before = await connection.fetchval("SELECT version FROM data_version")
        day = date(2024, 3, 1)
        assert await rebuild(Settings(database_url=database), day, day, tell=lambda _: None) == 1
        assert await stored(connection) == await summed(connection)
        assert (await checked(connection)).ok
        assert await connection.fetchval("SELECT version FROM data_version") == before + 1


async def test_a_check_of_other_days_sees_nothing(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await load_rows(database, tmp_path / "a.csv", ONE)
    await connection.execute("UPDATE rollup_ad_metrics_daily SET clicks = clicks + 1")
    assert (await checked(connection, last=date(2024, 2, 29))).ok
    findings = await checked(connection, date(2024, 3, 1))
    assert findings.rollups == (f"2024-03-01: {2 * len(GROUPING_SETS)} rows are not what its facts sum to",)


async def test_a_set_that_is_new_in_the_catalogue_is_read_once_the_rollups_have_it(
    database: str, connection: asyncpg.Connection, serving: Client, tmp_path: Path
) -> None:
    await load_rows(database, tmp_path / "a.csv", ONE)
    # The database as a release without region × gender left it.
    mask = GroupingSet(("region", "gender")).mask
    await connection.execute("DELETE FROM rollup_ad_metrics_daily WHERE grouping_set = $1", mask)
    await connection.execute("UPDATE data_version SET grouping_sets = array_remove(grouping_sets, $1)", mask)
    query = "/v1/reports?group_by=region,gender&metrics=clicks"
    async with serving(database) as client:
        before = (await client.get(query)).json()
        assert "the grouping set region × gender is not there yet" in (await checked(connection)).rollups
        # Part of it is not enough.
        await rebuild(Settings(database_url=database), date(2024, 3, 1), date(2024, 3, 1), tell=lambda _: None)
        assert (await client.get(query)).json()["meta"]["source"] == "rollup"
        plan = (await client.get(query.replace("reports", "reports/plan"))).json()["data"]
        assert plan["grouping_set"] == ["region", "age_range", "gender"]
        await rebuild(Settings(database_url=database), date.min, date.max, tell=lambda _: None)
        plan = (await client.get(query.replace("reports", "reports/plan"))).json()["data"]
        assert plan["grouping_set"] == ["region", "gender"]
        after = (await client.get(query)).json()
    assert after["data"] == before["data"] != []
    assert (await checked(connection)).ok
