"""Rollups and their checks, on a real database."""

from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from runpy import run_path
from typing import Any

import asyncpg
import pytest

from project.catalog import BASES, GROUPING_SETS, LABELLED_DIMENSIONS, GroupingSet, rollups
from project.ingest.load import load
from project.ingest.options import Options
from project.settings import Settings
from project.store.warehouse import partitions
from project.store.warehouse.consistency import Findings, check, days_between
from project.store.warehouse.rebuild import rebuild
from tests.conftest import ROOT, Client
from tests.support.model import MEASURES, insert_facts
from tests.support.records import record, write
from tests.support.report_model import REPORT_FACTS

KEYS = [dimension.key for dimension in LABELLED_DIMENSIONS]

NUMBERS = {
    (): 0,
    ("region",): 2048,
    ("age_range",): 1024,
    ("gender",): 512,
    ("platform",): 256,
    ("placement",): 128,
    ("device_type",): 64,
    ("region", "age_range"): 3072,
    ("region", "gender"): 2560,
    ("region", "platform"): 2304,
    ("region", "placement"): 2176,
    ("region", "device_type"): 2112,
    ("age_range", "gender"): 1536,
    ("age_range", "platform"): 1280,
    ("age_range", "placement"): 1152,
    ("age_range", "device_type"): 1088,
    ("gender", "platform"): 768,
    ("gender", "placement"): 640,
    ("gender", "device_type"): 576,
    ("platform", "placement"): 384,
    ("platform", "device_type"): 320,
    ("placement", "device_type"): 192,
    ("platform", "placement", "device_type"): 448,
    ("region", "age_range", "gender"): 3584,
    ("age_range", "gender", "platform"): 1792,
    ("region", "platform", "placement"): 2432,
    ("age_range", "gender", "platform", "placement", "device_type"): 1984,
    ("region", "platform", "placement", "device_type"): 2496,
}
"""The numbers in stored rollups: a new set gets a new number, and no number ever changes."""

_DIMENSIONS = {number: dimensions for dimensions, number in NUMBERS.items()}
_OLD_NUMBERS = {
    grouping_set.dimensions: sum(
        bit
        for bit, name in zip(
            (32, 16, 8, 4, 2, 1), ("region", "age_range", "gender", "platform", "placement", "device_type"), strict=True
        )
        if name not in grouping_set.dimensions
    )
    for grouping_set in GROUPING_SETS
}
"""Before migration 5: `GROUPING()` of the keys, a bit for each dimension outside the set."""


async def load_rows(url: str, path: Path, *rows: Any) -> None:
    await load([write(path, rows)], Options(), Settings(database_url=url), notify=lambda _: None)


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
        for s in GROUPING_SETS:
            ids = [fact[dimension.key] if dimension.name in s.dimensions else 0 for dimension in LABELLED_DIMENSIONS]
            total = sums[NUMBERS[s.dimensions], fact["date_id"], *ids]
            for index, amount in enumerate([*(fact[name] for name in MEASURES), 1]):
                total[index] += amount
    return {key: tuple(total) for key, total in sums.items()}


async def test_a_load_updates_the_rollups_of_its_days_only(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await load_rows(database, tmp_path / "a.csv", record(), record(platform="facebook"), record(date="2024-04-01"))
    assert await stored(connection) == await summed(connection)
    # The rows of an unchanged day are not rewritten.
    before = await connection.fetch("SELECT ctid FROM rollup_ad_metrics_daily WHERE date_id = 20240401")
    await load_rows(database, tmp_path / "b.csv", record(impressions=5000), record(date="2024-04-01"))
    assert await connection.fetch("SELECT ctid FROM rollup_ad_metrics_daily WHERE date_id = 20240401") == before
    assert await stored(connection) == await summed(connection)
    assert (await checked(connection)).ok


def test_the_number_of_a_grouping_set_never_changes() -> None:
    assert {s.dimensions: s.number for s in (*GROUPING_SETS, *BASES)} == NUMBERS


def test_a_set_that_no_base_covers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "BASES", BASES[1:])
    with pytest.raises(ValueError, match=r"No base covers the grouping set age_range × platform; add a base"):
        rollups.summed_from(GroupingSet(("age_range", "platform")))


async def test_the_stored_sets_cover_up_to_two_dimensions() -> None:
    assert sum(1 for s in GROUPING_SETS if len(s.dimensions) <= 2) == 1 + 6 + 15


@pytest.mark.slow
async def test_an_upgrade_sums_existing_facts(database: str, connection: asyncpg.Connection) -> None:
    """The migration's own SQL sums as the loader's does."""
    await insert_facts(connection, REPORT_FACTS)
    await connection.execute("DROP TABLE rollup_ad_metrics_daily")
    path = next((ROOT / "migrations" / "models").glob("1_*_rollups.py"))
    await connection.execute(await run_path(str(path))["upgrade"](None))
    await connection.execute("UPDATE data_version SET grouping_sets = $1", sorted(_OLD_NUMBERS.values()))
    await connection.execute(await _renumbering("upgrade"))
    assert await stored(connection) == await summed(connection)
    assert (await checked(connection)).by_check["rollups"] == []


async def test_a_migration_renumbers_stored_rollups(
    database: str, connection: asyncpg.Connection, serving: Client, tmp_path: Path
) -> None:
    await load_rows(database, tmp_path / "a.csv", record(), record(platform="facebook"), record(date="2024-04-01"))
    after = await stored(connection)
    version = await connection.fetchrow("SELECT * FROM data_version")
    await connection.execute(await _renumbering("downgrade"))
    before = {(_OLD_NUMBERS[_DIMENSIONS[key[0]]], *key[1:]): sums for key, sums in after.items()}
    assert await stored(connection) == before
    assert await connection.fetchval("SELECT grouping_sets FROM data_version") == sorted(_OLD_NUMBERS.values())
    await connection.execute(await _renumbering("upgrade"))
    assert await stored(connection) == after
    upgraded = await connection.fetchrow("SELECT * FROM data_version")
    assert upgraded["grouping_sets"] == version["grouping_sets"]
    # Running processes reload the numbers.
    assert upgraded["version"] == version["version"] + 2


async def test_a_release_with_other_numbers_neither_reads_nor_writes_rollups(connection: asyncpg.Connection) -> None:
    assert set(_OLD_NUMBERS.values()).isdisjoint(NUMBERS.values())
    await partitions.ensure(connection, [(2024, 3)])
    for number in _OLD_NUMBERS.values():
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(
                "INSERT INTO rollup_ad_metrics_daily VALUES (20240301, $1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)", number
            )


@pytest.mark.parametrize(
    ("damage", "check_name"),
    [
        ("UPDATE rollup_ad_metrics_daily SET clicks = clicks + 1 WHERE grouping_set = 0", "rollups"),
        ("DELETE FROM rollup_ad_metrics_daily WHERE grouping_set = 256", "rollups"),
        ("UPDATE fact_ad_metrics_daily SET cost = cost + 0.000001", "rollups"),
        ("DELETE FROM fact_ad_metrics_daily", "rollups"),
        ("UPDATE rollup_ad_metrics_daily SET platform_id = 99 WHERE grouping_set = 256", "labels"),
        ("DROP TABLE rollup_ad_metrics_daily_{next_month}", "partitions"),
        ("DROP TABLE fact_ad_metrics_daily_{next_month}", "partitions"),
        ("UPDATE data_version SET version = 0", "versions"),
        ("UPDATE ingest_log SET data_version = 0", "versions"),
        ("UPDATE data_change SET first_date_id = 20240101", "versions"),
    ],
)
async def test_a_check_finds_damage_and_a_rebuild_repairs_rollups(
    database: str, connection: asyncpg.Connection, tmp_path: Path, damage: str, check_name: str
) -> None:
    await load_rows(database, tmp_path / "a.csv", record())
    assert (await checked(connection)).ok
    next_month = "{:04}_{:02}".format(*partitions.months_ahead(datetime.now(UTC).date())[1])
    await connection.execute(damage.format(next_month=next_month))
    findings = await checked(connection)
    assert not findings.ok
    assert findings.by_check[check_name]
    if check_name in ("rollups", "labels"):
        before = await connection.fetchval("SELECT version FROM data_version")
        day = date(2024, 3, 1)
        assert await rebuild(Settings(database_url=database), day, day, notify=lambda _: None) == 1
        assert await stored(connection) == await summed(connection)
        assert (await checked(connection)).ok
        assert await connection.fetchval("SELECT version FROM data_version") == before + 1


async def test_a_check_of_other_days_finds_nothing(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await load_rows(database, tmp_path / "a.csv", record())
    await connection.execute("UPDATE rollup_ad_metrics_daily SET clicks = clicks + 1")
    assert (await checked(connection, last=date(2024, 2, 29))).ok
    findings = await checked(connection, date(2024, 3, 1))
    assert findings.by_check["rollups"] == [f"2024-03-01: {2 * len(GROUPING_SETS)} rows are not what its facts sum to"]


async def test_reports_read_a_new_set_once_the_rollups_have_it(
    database: str, connection: asyncpg.Connection, serving: Client, tmp_path: Path
) -> None:
    await load_rows(database, tmp_path / "a.csv", record())
    # The database as a release without region × gender left it.
    number = GroupingSet(("region", "gender")).number
    await connection.execute("DELETE FROM rollup_ad_metrics_daily WHERE grouping_set = $1", number)
    await connection.execute("UPDATE data_version SET grouping_sets = array_remove(grouping_sets, $1)", number)
    query = "/v1/reports?group_by=region,gender&metrics=clicks"
    async with serving(database) as client:
        before = (await client.get(query)).json()
        assert "the grouping set region × gender is not there yet" in (await checked(connection)).by_check["rollups"]
        # A rebuild of some days is not enough.
        await rebuild(Settings(database_url=database), date(2024, 3, 1), date(2024, 3, 1), notify=lambda _: None)
        assert (await client.get(query)).json()["meta"]["source"] == "rollup"
        plan = (await client.get(query.replace("reports", "reports/plan"))).json()["data"]
        assert plan["grouping_set"] == ["region", "age_range", "gender"]
        await rebuild(Settings(database_url=database), date.min, date.max, notify=lambda _: None)
        plan = (await client.get(query.replace("reports", "reports/plan"))).json()["data"]
        assert plan["grouping_set"] == ["region", "gender"]
        after = (await client.get(query)).json()
    assert after["data"] == before["data"] != []
    assert (await checked(connection)).ok


async def _renumbering(direction: str) -> str:
    path = next((ROOT / "migrations" / "models").glob("5_*_grouping_set_numbers.py"))
    return await run_path(str(path))[direction](None)
