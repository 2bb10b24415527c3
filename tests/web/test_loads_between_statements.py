"""Answers are of one state: labels, rows, counts and ETag, though a load is committed after each statement of a request."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.conftest import Client
from tests.support.records import loaded, record, write

Between = Callable[[], Awaitable[None]]


@contextmanager
def after_each_statement(service: str, call: Between) -> Iterator[list[str]]:
    """Call a function after each statement of the service's connections, inside the block; yields the statements."""
    patch, statements, original = pytest.MonkeyPatch(), [], asyncpg.Connection._do_execute
    original_execute = asyncpg.Connection.execute

    def is_of_service(connection: asyncpg.Connection) -> bool:
        return connection._params.server_settings.get("application_name") == service

    async def do_execute(self: asyncpg.Connection, query: str, *arguments: Any, **options: Any) -> Any:
        result = await original(self, query, *arguments, **options)
        if is_of_service(self):
            statements.append(query)
            await call()
        return result

    async def execute(self: asyncpg.Connection, query: str, *arguments: Any, **options: Any) -> str:
        status = await original_execute(self, query, *arguments, **options)
        if is_of_service(self) and not arguments:  # else _do_execute has run it
            statements.append(query)
            await call()
        return status

    patch.setattr(asyncpg.Connection, "_do_execute", do_execute)
    patch.setattr(asyncpg.Connection, "execute", execute)
    try:
        yield statements
    finally:
        patch.undo()


class Loads:
    """Loads of which each gives every fact the same new number, and adds a region and its fact."""

    def __init__(self, database: str, directory: Path) -> None:
        self.database, self.directory = database, directory
        self.number_of_version: dict[int, int] = {}

    async def __call__(self) -> None:
        number = len(self.number_of_version) + 1
        days, regions = ("2024-03-01", "2024-03-02"), [f"R{index}" for index in range(number)]
        rows = [record(date=day, region=region, impressions=number) for day in days for region in regions]
        report = await loaded(self.database, write(self.directory / "day.csv", rows))
        self.number_of_version[report.data_version] = number


@pytest.fixture
async def loads(database: str, tmp_path: Path) -> Loads:
    loads = Loads(database, tmp_path)
    await loads()
    await loads()
    return loads


@pytest.fixture
async def moving(loads: Loads, serving: Client) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(loads.database) as client:
        client.headers["Accept-Encoding"] = "identity"  # compressed answers have weak tags
        yield client


def rows_of(answer: dict[str, Any]) -> tuple[set[str], set[int], int]:
    """Return the regions of an answer, the numbers of its facts, and how many facts it says that there are."""
    regions = {
        row["region"] if isinstance(row["region"], str) else row["region"]["region_name"] for row in answer["data"]
    }
    counted = answer["page"].get("count", len(answer["data"]))
    return regions, {row["impressions"] for row in answer["data"]}, counted


def report_of(answer: dict[str, Any]) -> tuple[set[str], set[int], int]:
    total = answer["totals"]["impressions"]
    numbers = {row["impressions"] for row in answer["data"]}
    numbers |= {row["compare"]["impressions"]["value"] for row in answer["data"] if "compare" in row}
    return {row["region"] for row in answer["data"]}, numbers, total // max(numbers)


def facets_of(answer: dict[str, Any]) -> tuple[set[str], set[int], int]:
    facets = [row for row in answer["data"] if row["facts"]]
    return {row["label"] for row in facets}, {row["impressions"] for row in facets}, len(answer["data"])


def changes_of(answer: dict[str, Any]) -> tuple[set[str], set[int], int]:
    """A day's changes have no regions: those that their number of facts means."""
    [day] = answer["data"]
    facts = day["facts"]["after"]
    return {f"R{index}" for index in range(facts)}, {day["impressions"]["after"] // facts}, facts


QUESTIONS: dict[str, tuple[str, Callable[[dict[str, Any]], tuple[set[str], set[int], int]]]] = {
    "rows": ("/v1/ad-metrics?date_from=2024-03-02&limit=1000", rows_of),
    "rows, counted": ("/v1/ad-metrics?date_from=2024-03-02&limit=1000&count=true", rows_of),
    "rows, expanded": ("/v1/ad-metrics?date_from=2024-03-02&limit=1000&expand=region", rows_of),
    "report": (
        "/v1/reports?date_from=2024-03-02&group_by=region&metrics=impressions&totals=true&limit=1000",
        report_of,
    ),
    "report, compared": (
        "/v1/reports?date_from=2024-03-02&group_by=region&metrics=impressions&totals=true&limit=1000&compare_to=previous_period&date_to=2024-03-02",
        report_of,
    ),
    "facets": ("/v1/dimensions/region?date_from=2024-03-02&counts=true", facets_of),
    "changes": ("/v1/changes?date_from=2024-03-02&since=1", changes_of),
}


@pytest.mark.parametrize("name", ["rows", *(pytest.param(name, marks=pytest.mark.slow) for name in [*QUESTIONS][1:])])
async def test_an_answer_is_of_one_state_whatever_is_loaded_meanwhile(
    moving: httpx.AsyncClient, loads: Loads, name: str
) -> None:
    url, parts_of = QUESTIONS[name]
    known: dict[str, str] = {}
    for turn in ("first", "older labels", "older answer"):
        # With another URL, though of the same question, nobody looks at the data version before it is answered.
        path = f"{url}&" if turn == "older labels" else url
        if turn == "older answer":
            known["If-None-Match"] = (await moving.get(url)).headers["etag"]
        if turn != "first":
            await loads()
        newest = max(loads.number_of_version)
        with after_each_statement("ad-metrics", loads) as statements:
            response = await moving.get(path, headers=known)
        assert response.status_code == 200
        answer = response.json()
        version = answer["meta"]["data_version"]
        number = loads.number_of_version[version]
        assert version >= newest
        assert parts_of(answer) == ({f"R{index}" for index in range(number)}, {number}, number), statements
        assert response.headers["etag"].startswith(f'"{version}-')
    # The first request after the loads has them.
    current = await moving.get(url, headers=known)
    assert current.json()["meta"]["data_version"] == max(loads.number_of_version)
    known["If-None-Match"] = current.headers["etag"]
    assert (await moving.get(url, headers=known)).status_code == 304


async def test_a_question_of_one_statement_takes_one(moving: httpx.AsyncClient) -> None:
    async def nothing() -> None:
        pass

    await moving.get("/health/ready")  # It waits for the heartbeat.
    for path in (QUESTIONS[name][0] for name in ("rows", "report", "facets")):
        for url in (path, path, path.replace("2024", "2034"), "/v1/dimensions"):
            with after_each_statement("ad-metrics", nothing) as statements:
                assert (await moving.get(url)).status_code == 200
            assert len(statements) == 1, statements
