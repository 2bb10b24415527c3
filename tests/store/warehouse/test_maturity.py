"""Maturity, on ledgers whose lesson is known beforehand."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest

from project.web.api.changes.schemas import MaturityAnswer
from tests.conftest import Client
from tests.support.history import LAST, write_history
from tests.support.records import loaded, record, write


async def maturity(serving: Client, url: str) -> tuple[list[Any], Any]:
    async with serving(url) as client:
        answer = await client.get("/v1/changes/maturity")
        MaturityAnswer.model_validate_json(answer.content)
        rows = (await client.get("/v1/ad-metrics?limit=1")).json()
        return answer.json()["data"], rows["meta"]["settled_to"]


@pytest.fixture
async def facts(database: str, tmp_path: Path) -> str:
    """A database with a fact of the last day, whose own load teaches nothing."""
    await loaded(database, write(tmp_path / "a.csv", [record(date=str(LAST))]))
    connection = await asyncpg.connect(database)
    await connection.execute("TRUNCATE fact_ledger, data_change, ingest_log")
    await connection.close()
    return database


async def test_re_pulls_teach_how_much_of_a_day_is_known(
    facts: str, connection: asyncpg.Connection, serving: Client
) -> None:
    # Conversions: half of them after a day, nine tenths after three, all after a week.
    await write_history(connection, 60, [50, 70, 90, 90, 90, 95, 100])
    [platform], settled_to = await maturity(serving, facts)
    assert platform["platform"] == "instagram"
    # The last 27 days are younger than 28 days.
    assert platform["days"] == 60 - 27
    assert [part["median"] for part in platform["known"]["conversions"]] == [0, 0.5, 0.7, 0.9, 0.9, 0.9, 0.95] + [
        1
    ] * 22
    assert [part["p10"] for part in platform["known"]["impressions"]] == [0] + [1] * 28
    assert platform["settles_after_days"] == {
        "impressions": 1, "clicks": 1, "cost": 1, "conversions": 7, "likes": 1,
    }  # fmt: skip
    # The load of 1 June had the days that were seven days old.
    assert platform["settled_to"] == settled_to == "2024-05-25"


async def test_too_few_days_of_re_pulls_teach_nothing(
    facts: str, connection: asyncpg.Connection, serving: Client
) -> None:
    await write_history(connection, 54, [50, 100])
    [platform], settled_to = await maturity(serving, facts)
    assert platform == {
        "platform": "instagram", "days": 27, "settled_to": None, "settles_after_days": None, "known": None,
    }  # fmt: skip
    assert settled_to is None


async def test_days_that_are_never_pulled_again_teach_nothing(
    facts: str, connection: asyncpg.Connection, serving: Client
) -> None:
    await write_history(connection, 100, [100], repulls=7)
    [platform], settled_to = await maturity(serving, facts)
    assert (platform["days"], settled_to) == (0, None)


async def test_a_re_pull_that_finds_nothing_new_teaches(
    facts: str, connection: asyncpg.Connection, serving: Client
) -> None:
    await write_history(connection, 60, [100])
    [platform], settled_to = await maturity(serving, facts)
    assert set(platform["settles_after_days"].values()) == {1}
    assert settled_to == "2024-05-31"


async def test_the_newest_settled_day_is_that_of_the_slowest_platform(
    facts: str, connection: asyncpg.Connection, serving: Client
) -> None:
    await connection.execute("INSERT INTO dim_platform VALUES (2, 'tiktok'), (3, 'bing')")
    await write_history(connection, 60, [50, 100])
    await write_history(connection, 60, [50, 50, 50, 50, 100], platform=2)
    async with serving(facts) as client:
        for query, day in (
            ("", "2024-05-27"),
            ("&platform=instagram", "2024-05-30"),
            ("&exclude_platform=instagram", "2024-05-27"),
        ):
            for path in ("/v1/ad-metrics?limit=1", "/v1/reports?metrics=clicks"):
                assert (await client.get(path + query)).json()["meta"]["settled_to"] == day
    # One platform of which nothing is known makes the whole unknown.
    await write_history(connection, 20, [50, 100], platform=3)
    platforms, settled_to = await maturity(serving, facts)
    assert [(entry["platform"], entry["settled_to"]) for entry in platforms] == [
        ("instagram", "2024-05-30"), ("tiktok", "2024-05-27"), ("bing", None),
    ]  # fmt: skip
    assert settled_to is None


async def test_days_that_come_back_or_differ_settle_late(
    facts: str, connection: asyncpg.Connection, serving: Client
) -> None:
    # Numbers are taken back on the 20th day.
    await write_history(connection, 60, [100] * 19 + [98])
    [platform], settled_to = await maturity(serving, facts)
    assert platform["settles_after_days"]["conversions"] == 20
    assert platform["known"]["conversions"][1]["median"] == pytest.approx(100 / 98)
    assert settled_to == "2024-05-12"
