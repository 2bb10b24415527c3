"""`/v1/changes` and `/v1/loads`, against the plain-Python model of `tests.store.warehouse.test_ledger`."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import polars as pl
import pytest
from httpx import AsyncClient
from hypothesis import given, settings
from hypothesis import strategies as st

from project.ingest.sample import load_sample
from project.settings import Settings
from project.web.api.changes.schemas import ChangesAnswer
from project.web.api.loads.schemas import LoadsAnswer
from tests.conftest import Client
from tests.store.warehouse.test_ledger import LOADS, SUMS, Known, Model, version
from tests.support.records import Record, loaded, record, write


def changes(before: Known, after: Known) -> dict[tuple[str, str], dict[str, tuple[Any, ...]]]:
    """Return the difference of two states, in plain Python."""
    nothing = (0,) * len(SUMS)
    return {
        (key[0].isoformat(), key[1]): {
            name: (old, new, new - old)
            for name, old, new in zip(SUMS, before.get(key, nothing), after.get(key, nothing), strict=True)
        }
        for key in sorted({*before, *after})
        if before.get(key, nothing) != after.get(key, nothing)
    }


def entries(answer: Any) -> dict[tuple[str, str], dict[str, tuple[Any, ...]]]:
    members = ("before", "after", "change")
    return {
        (entry["date"], entry["platform"]): {
            name: tuple(Decimal(str(entry[name][member])) for member in members) for name in SUMS
        }
        for entry in answer["data"]
    }


async def every_page(client: AsyncClient, **parameters: Any) -> Any:
    """Follow the cursors, and return all entries as one answer."""
    data: list[Any] = []
    while True:
        answer = (await client.get("/v1/changes", params=parameters)).json()
        ChangesAnswer.model_validate_json(orjson.dumps(answer))
        data += answer["data"]
        if answer["page"]["next_cursor"] is None:
            return answer | {"data": data}
        parameters["cursor"] = answer["page"]["next_cursor"]


@pytest.mark.slow
@settings(max_examples=15)
@given(loads=LOADS, limit=st.integers(1, 4))
async def test_changes_are_the_differences_of_what_was_known(
    serving: Client,
    new_database: Callable[[], Awaitable[str]],
    tmp_path_factory: pytest.TempPathFactory,
    loads: list[tuple[list[Record], bool]],
    limit: int,
) -> None:
    url, file = await new_database(), tmp_path_factory.mktemp("changes") / "a.csv"
    model, history = Model(), {0: {}}
    connection = await asyncpg.connect(url)
    try:
        for rows, replace in loads:
            await loaded(url, write(file, rows), replace=replace)
            model.load(rows, replace)
            history[await version(connection)] = model.known()
        async with serving(url) as client:
            for since, known in history.items():
                answer = await every_page(client, since=since, limit=limit)
                assert entries(answer) == changes(known, model.known())
                # The changes of the loads add up to the change of all.
                by_load = await every_page(client, since=since, limit=limit, group_by="load")
                assert [entry["data_version"] for entry in by_load["data"]] == [v for v in history if v > since]
                for name in SUMS:
                    total = sum(Decimal(str(entry[name]["change"])) for entry in by_load["data"])
                    assert total == sum(entry[name][2] for entry in changes(known, model.known()).values())
    finally:
        await connection.close()


async def with_two_loads(url: str, directory: Path) -> str:
    """Load two files into an empty database, and return its URL."""
    first, second = directory / "monday.csv", directory / "tuesday.csv"
    await loaded(url, write(first, [record(), record(platform="tiktok"), record(date="2024-03-02")]))
    await loaded(url, write(second, [record(clicks=32, cost="18.5"), record(date="2024-03-03")]))
    return url


@pytest.fixture
async def two_loads(database: str, tmp_path: Path) -> str:
    """The URL of a database that the test may change."""
    return await with_two_loads(database, tmp_path)


@pytest.fixture(scope="module")
async def shared_database(new_database: Callable[[], Awaitable[str]], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database that nobody changes."""
    return await with_two_loads(await new_database(), tmp_path_factory.mktemp("loads"))


@pytest.fixture
async def asked(shared_database: str, serving: Client) -> AsyncIterator[AsyncClient]:
    """A client of a service over two loads, for tests that only read."""
    async with serving(shared_database) as client:
        yield client


async def test_an_entry_has_before_after_and_change(asked: AsyncClient) -> None:
    answer = (await asked.get("/v1/changes?since=1")).json()
    assert answer["meta"] == {"since": 1, "data_version": 2}
    assert [(entry["date"], entry["platform"]) for entry in answer["data"]] == [
        ("2024-03-01", "instagram"),
        ("2024-03-03", "instagram"),
    ]
    assert answer["data"][0]["clicks"] == {"before": 31, "after": 32, "change": 1}
    assert answer["data"][0]["cost"] == {"before": 18.4, "after": 18.5, "change": 0.1}
    assert answer["data"][1]["facts"] == {"before": 0, "after": 1, "change": 1}
    assert entries((await asked.get("/v1/changes?since=2")).json()) == {}
    filtered = (await asked.get("/v1/changes?since=0&platform=tiktok")).json()["data"]
    assert [entry["platform"] for entry in filtered] == ["tiktok"]
    filtered = (await asked.get("/v1/changes?since=0&exclude_platform=tiktok&date_to=2024-03-01")).json()["data"]
    assert [(entry["date"], entry["platform"]) for entry in filtered] == [("2024-03-01", "instagram")]


async def test_an_entry_of_a_load_names_its_files(asked: AsyncClient) -> None:
    data = (await asked.get("/v1/changes?since=0&group_by=load")).json()["data"]
    assert [(entry["data_version"], entry["cause"], entry["files"]) for entry in data] == [
        (1, "load", ["monday.csv"]),
        (2, "load", ["tuesday.csv"]),
    ]
    # Only the days and platforms that the load changed count.
    assert data[1]["clicks"] == {"before": 31, "after": 63, "change": 32}
    assert (data[1]["date_from"], data[1]["date_to"]) == ("2024-03-01", "2024-03-03")
    data = (await asked.get("/v1/changes?since=0&group_by=load&platform=tiktok")).json()["data"]
    assert [entry["data_version"] for entry in data] == [1]


async def test_a_load_that_changes_nothing_is_no_part_of_a_retention(
    two_loads: str, connection: asyncpg.Connection, serving: Client, tmp_path: Path
) -> None:
    await connection.execute("UPDATE data_change SET cause = 'retention' WHERE data_version = 2")
    await connection.execute("DELETE FROM ingest_log WHERE data_version = 2")
    await loaded(two_loads, tmp_path / "tuesday.csv")
    async with serving(two_loads) as client:
        [entry] = (await client.get("/v1/changes?since=1&group_by=load")).json()["data"]
        assert (entry["cause"], entry["files"]) == ("retention", [])


async def test_since_may_be_a_time(two_loads: str, connection: asyncpg.Connection, serving: Client) -> None:
    await connection.execute("UPDATE data_change SET changed_at = '2024-03-04T06:00:00Z' WHERE data_version = 1")
    async with serving(two_loads) as client:
        for since, number in {
            "2024-03-04T05:59:59Z": 0,
            "2024-03-04T06:00:00Z": 1,
            "2024-03-04T08:30:00+02:30": 1,
            "2024-03-04t12:00z": 1,
        }.items():
            answer = await client.get("/v1/changes", params={"since": since})
            assert answer.json()["meta"]["since"] == number


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("", "The parameter 'since' is required."),
        ("since=3", "There is no data version 3 yet; the newest is 2."),
        ("since=2999-01-01T00:00:00Z", "2999-01-01T00:00:00Z has not come yet."),
        ("since=2024-03-01", "neither a data version such as 12 nor a time"),
        ("since=yesterday", "neither a data version such as 12 nor a time"),
        ("since=-1", "neither a data version"),
        ("since=99999999999999999999", "neither a data version"),
        ("since=1&region=Texas", "There is no parameter 'region'"),
        ("since=1&group_by=region", "group_by must be one of: date, platform, load"),
        ("since=1&format=csv&cursor=eA", "cursor"),
    ],
)
async def test_a_wrong_question_says_what_would_work(asked: AsyncClient, query: str, detail: str) -> None:
    answer = await asked.get(f"/v1/changes?{query}")
    assert answer.status_code == 422
    assert detail in " ".join(fault["detail"] + fault["parameter"] for fault in answer.json()["errors"])


async def test_a_ledger_that_began_later_says_so(
    two_loads: str, connection: asyncpg.Connection, serving: Client
) -> None:
    await connection.execute("DELETE FROM data_change WHERE data_version = 1")
    await connection.execute("UPDATE data_change SET cause = 'upgrade'")
    async with serving(two_loads) as client:
        [fault] = (await client.get("/v1/changes?since=1")).json()["errors"]
        assert "was not recorded: the ledger begins with data version 2" in fault["detail"]
        assert fault["suggestions"] == ["2"]
        assert (await client.get("/v1/changes?since=2")).status_code == 200
        [fault] = (await client.get("/v1/changes?since=2020-01-01T00:00:00Z")).json()["errors"]
        assert (await client.get("/v1/changes", params={"since": fault["suggestions"][0]})).status_code in (200, 422)


async def test_changes_come_as_files_with_an_etag(asked: AsyncClient) -> None:
    answer = await asked.get("/v1/changes?since=0&format=parquet")
    table = pl.read_parquet(io.BytesIO(answer.content))
    assert table["clicks.after"].to_list() == [32, 31, 31, 31]
    assert table["platform"].to_list() == ["instagram", "tiktok", "instagram", "instagram"]
    assert "since-0" in answer.headers["Content-Disposition"]
    text = (await asked.get("/v1/changes?since=0&group_by=load&format=csv")).text
    assert text.splitlines()[0].startswith("data_version,changed_at,cause,files,date_from,date_to,facts.before")
    assert len(text.splitlines()) == 3
    for query in ("", "&format=csv", "&group_by=load"):
        tag = (await asked.get(f"/v1/changes?since=0{query}")).headers["ETag"]
        again = await asked.get(f"/v1/changes?since=0{query}", headers={"If-None-Match": tag})
        assert again.status_code == 304


async def test_loads_are_listed_newest_first(two_loads: str, serving: Client, tmp_path: Path) -> None:
    async with serving(two_loads) as client:
        before = await client.get("/v1/loads")
        # The same file again changes nothing, and is listed.
        await loaded(two_loads, tmp_path / "tuesday.csv")
        after = await client.get("/v1/loads", headers={"If-None-Match": before.headers["ETag"]})
        assert after.status_code == 200
        LoadsAnswer.model_validate_json(after.content)
        listed = [
            (load["files"][0]["name"], load["inserted"], load["changed"], load["data_version"])
            for load in after.json()["data"]
        ]
        assert listed == [("tuesday.csv", 0, 0, 2), ("tuesday.csv", 1, 1, 2), ("monday.csv", 3, 0, 1)]
        assert str(tmp_path) not in after.text
        first = (await client.get("/v1/loads?limit=2")).json()
        second = (await client.get(f"/v1/loads?limit=2&cursor={first['page']['next_cursor']}")).json()
        assert first["data"] + second["data"] == after.json()["data"]
        assert second["page"]["next_cursor"] is None
        assert (await client.get("/v1/loads?cursor=eA")).status_code == 422


async def test_sample_data_is_a_load_without_a_file(database: str, serving: Client) -> None:
    await load_sample(Settings(database_url=database), date(2024, 3, 5), days=2, notify=lambda _: None)
    async with serving(database) as client:
        [load] = (await client.get("/v1/loads")).json()["data"]
        assert load["files"] == [{"name": "sample data"}]
        [entry] = (await client.get("/v1/changes?since=0&group_by=load")).json()["data"]
        assert entry["files"] == ["sample data"]


async def test_without_facts_nothing_changed(database: str, serving: Client) -> None:
    async with serving(database) as client:
        assert (await client.get("/v1/changes?since=0")).json()["data"] == []
        assert (await client.get("/v1/changes?since=0&group_by=load")).json()["data"] == []
        assert (await client.get("/v1/loads")).json()["data"] == []
