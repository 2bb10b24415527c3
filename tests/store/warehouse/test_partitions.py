"""Partitions of one, three or twelve months, side by side."""

import asyncpg
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from project.catalog import date_of
from project.jobs.partition_maintenance import drop_old_facts
from project.settings import Settings
from project.store.warehouse import partitions
from project.store.warehouse.consistency import check, days_between
from tests.support.records import facts, loaded, record, write

BOUNDS = """
SELECT inhrelid::regclass::text, pg_get_expr(relpartbound, inhrelid) FROM pg_inherits JOIN pg_class ON oid = inhrelid
WHERE inhparent = $1::text::regclass ORDER BY 1"""

MONTHS = st.tuples(st.sampled_from([2023, 2024]), st.integers(1, 12))


@pytest.fixture(scope="module")
async def bare(new_database):
    connection = await asyncpg.connect(await new_database())
    yield connection
    await connection.close()


@settings(max_examples=settings.default.max_examples // 2)
@given(steps=st.lists(st.tuples(st.sampled_from([1, 3, 12]), st.lists(MONTHS, min_size=1, max_size=3)), max_size=4))
async def test_each_month_has_one_partition_whatever_the_width_was_before(bare: asyncpg.Connection, steps) -> None:
    wanted = {month for _, months in steps for month in months}
    transaction = bare.transaction()
    await transaction.start()
    try:
        for width, months in steps:
            created = await partitions.ensure(bare, months, width)
            assert len(set(created)) == len(created)
            assert await partitions.ensure(bare, months, width) == []
        for table in partitions.PARTITIONED:
            covered = []
            for name, bound in await bare.fetch(BOUNDS, table):
                lower, upper = (
                    int(number) for number in bound.replace("(", " ").replace(")", " ").split() if number.isdigit()
                )
                months = [(lower // 10000, month) for month in range(lower // 100 % 100, upper // 100 % 100)]
                last = f"_{months[-1][1]:02}" if len(months) > 1 else ""
                assert name == f"{table}_{lower // 10000}_{lower // 100 % 100:02}{last}"
                assert upper // 10000 == lower // 10000
                covered += months
            assert wanted <= set(covered)
            assert len(covered) == len(set(covered))
        assert await partitions.missing(bare, wanted) == []
    finally:
        await transaction.rollback()


@pytest.mark.parametrize("width", [3, 12])
async def test_loads_and_retention_work_with_wide_partitions(
    database: str, connection: asyncpg.Connection, tmp_path, width: int
) -> None:
    # A partition of one month is there before.
    await loaded(database, write(tmp_path / "a.csv", [record(date="2024-02-05")]))
    days = ("2024-01-05", "2024-02-06", "2024-03-05", "2024-07-01")
    wide = {"partition_months": width}
    report = await loaded(database, write(tmp_path / "b.csv", [record(date=day) for day in days]), **wide)
    assert (report.inserted, report.unchanged) == (4, 0)
    later = [record(date="2024-03-05", clicks="77"), record(date="2024-03-06")]
    report = await loaded(database, write(tmp_path / "c.csv", later), replace=True, **wide)
    assert (report.inserted, report.changed, report.removed) == (1, 1, 0)
    names = [name for name, _ in await connection.fetch(BOUNDS, "fact_ad_metrics_daily")]
    expected = {3: ["2024_01", "2024_02", "2024_03", "2024_07_09"], 12: ["2024_01", "2024_02", "2024_03_12"]}
    assert [name.removeprefix("fact_ad_metrics_daily_") for name in names if "2024" in name] == expected[width]

    with time_machine.travel("2024-08-15T03:10:00Z", tick=False):
        await drop_old_facts(Settings(database_url=database, retention_months=2, **wide))
    assert sorted(str(key[0]) for key in await facts(connection)) == ["2024-07-01"]
    assert await connection.fetchval("SELECT cause FROM data_change ORDER BY data_version DESC LIMIT 1") == "retention"
    findings = await check(connection, await days_between(connection, date_of(20200101), date_of(20301231)))
    assert not findings.by_check["rollups"]
    assert not findings.by_check["ledger"]
