"""For people with SQL: the view `ad_metrics_daily`, and comments on every table and column."""

import re
from typing import Any

import asyncpg

from project.catalog import DIMENSIONS, MEASURES
from tests.support.model import FACTS

COLUMNS = [*(dimension.name for dimension in DIMENSIONS), *(measure.name for measure in MEASURES)]


async def test_the_view_has_each_fact_with_its_labels(facts_database: str) -> None:
    connection = await asyncpg.connect(facts_database)
    rows = await connection.fetch("SELECT * FROM ad_metrics_daily")
    await connection.close()
    assert list(rows[0].keys()) == COLUMNS
    expected = [tuple(fact.values[name] for name in COLUMNS) for fact in FACTS]
    assert sorted(map(tuple, rows), key=str) == sorted(expected, key=str)


async def test_a_sum_over_days_reads_their_partitions_only(facts_database: str) -> None:
    connection = await asyncpg.connect(facts_database)
    day = FACTS[0].values["date"]
    plan = await connection.fetch(
        "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT sum(cost) FROM ad_metrics_daily WHERE date = $1", day
    )
    await connection.close()
    scans = [row[0] for row in plan if "fact_ad_metrics_daily_" in row[0] and "never executed" not in row[0]]
    assert scans
    assert [scan for scan in scans if not re.search(f"fact_ad_metrics_daily_{day:%Y_?%m}", scan)] == []


async def test_every_table_and_column_has_a_comment(connection: asyncpg.Connection) -> None:
    rows = await connection.fetch(
        """
        SELECT pg_class.relname, attname, col_description(pg_class.oid, attnum) AS of_column,
               obj_description(pg_class.oid, 'pg_class') AS of_table
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT relispartition
        """
    )
    assert {row["relname"] for row in rows} > {"fact_ad_metrics_daily", "dim_date", "ad_metrics_daily", "api_key"}
    assert [(row["relname"], row["attname"]) for row in rows if not (row["of_column"] and row["of_table"])] == []
    comments: dict[tuple[str, str], Any] = {(row["relname"], row["attname"]): row["of_column"] for row in rows}
    for dimension in DIMENSIONS:
        assert comments["ad_metrics_daily", dimension.name] == dimension.description
        assert comments[dimension.table, dimension.label] == dimension.description
    for measure in MEASURES:
        for table in ("ad_metrics_daily", "fact_ad_metrics_daily"):
            assert comments[table, measure.name] == measure.description
