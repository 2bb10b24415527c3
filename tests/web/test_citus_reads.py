"""On Citus a request is not one snapshot: an answer is made anew where a load was committed meanwhile, and never mixed.

It is simulated on plain PostgreSQL: the stand-in says that Citus is there, and each statement has a snapshot of its own,
as each server's first query of a request has on Citus. That is coarser: Citus mixes servers, this mixes statements.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from project.store.warehouse import commits
from tests.conftest import Client
from tests.web.test_loads_between_statements import QUESTIONS, Loads, after_each_statement


@contextmanager
def snapshot_per_statement() -> Iterator[None]:
    """Begin each transaction of the service without one snapshot for all its statements."""
    original, patch = asyncpg.Connection.execute, pytest.MonkeyPatch()

    async def execute(self: asyncpg.Connection, query: str, *arguments: Any, **options: Any) -> str:
        return await original(self, query.replace("REPEATABLE READ", "READ COMMITTED"), *arguments, **options)

    patch.setattr(asyncpg.Connection, "execute", execute)
    try:
        yield
    finally:
        patch.undo()


@pytest.fixture
async def loads(citus_database: str, tmp_path: Path) -> Loads:
    connection = await asyncpg.connect(citus_database)
    await connection.execute("CREATE EXTENSION citus")
    await connection.close()
    loads = Loads(citus_database, tmp_path)
    await loads()
    await loads()
    return loads


@pytest.fixture
async def moving(loads: Loads, serving: Client) -> AsyncIterator[httpx.AsyncClient]:
    with snapshot_per_statement():
        async with serving(loads.database) as client:
            client.headers["Accept-Encoding"] = "identity"
            yield client


class Once:
    """Loads after this many statements, and not again."""

    def __init__(self, loads: Loads, position: int) -> None:
        self.loads, self.left = loads, position

    @property
    def is_done(self) -> bool:
        return self.left <= 0

    async def __call__(self) -> None:
        self.left -= 1
        if self.left == 0:
            await self.loads()


def number_of(loads: Loads, version: int) -> int:
    # Each load moves the version once in its transaction, and once more afterwards.
    return loads.number_of_version.get(version) or loads.number_of_version[version - 1]


@pytest.mark.parametrize(
    "name", ["report", *(pytest.param(name, marks=pytest.mark.slow) for name in ("rows, counted", "facets", "changes"))]
)
async def test_no_answer_is_mixed_whenever_a_load_is_committed(
    moving: httpx.AsyncClient, loads: Loads, name: str
) -> None:
    url, parts_of = QUESTIONS[name]
    for position in range(1, 20):
        await loads()  # so that no answer is in memory
        once = Once(loads, position)
        with after_each_statement("ad-metrics", once) as statements:
            response = await moving.get(url)
        if not once.is_done:
            break
        assert response.status_code == 200
        answer = response.json()
        number = number_of(loads, answer["meta"]["data_version"])
        assert parts_of(answer) == ({f"R{index}" for index in range(number)}, {number}, number), statements
        # Its tag does not outlive the state: who has it now has the newest answer, or gets that.
        newest = max(loads.number_of_version.values())
        again = await moving.get(url, headers={"If-None-Match": response.headers["etag"]})
        assert newest == (
            number if again.status_code == 304 else number_of(loads, again.json()["meta"]["data_version"])
        )
    # Version, labels, the question itself, and the version once more: the load was committed after each of them.
    assert 5 < position < 19


async def test_while_a_load_commits_there_is_no_answer(moving: httpx.AsyncClient, loads: Loads) -> None:
    url = QUESTIONS["rows"][0]
    tag = (await moving.get(url)).headers["etag"]
    writer = await asyncpg.connect(loads.database)
    transaction = writer.transaction()
    await transaction.start()
    await writer.execute(f"SELECT pg_advisory_xact_lock({commits._KEYS})")
    refused = await moving.get(url + "&sort=cost")
    assert (refused.status_code, refused.json()["detail"]) == (503, "The data changed while it was read. Ask again.")
    waiting = asyncio.create_task(moving.get(url + "&sort=clicks"))
    await asyncio.sleep(0.1)
    await transaction.rollback()
    await writer.close()
    assert (await waiting).status_code == 200
    assert (await moving.get(url, headers={"If-None-Match": tag})).status_code == 304


async def test_a_file_that_is_sent_while_a_load_is_committed_is_cut_off(
    moving: httpx.AsyncClient, loads: Loads
) -> None:
    url = "/v1/ad-metrics?format=csv"
    assert (await moving.get(url)).status_code == 200
    # After the version, and before the rows are counted and read.
    async with httpx.AsyncClient(transport=httpx.ASGITransport(moving.app), base_url="http://localhost") as strict:
        with after_each_statement("ad-metrics", Once(loads, 3)), pytest.raises(RuntimeError, match="already started"):
            await strict.get(url)
    assert (await moving.get(url)).status_code == 200
