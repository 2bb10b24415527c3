"""Copies for exports: an unfinished one leaves no query and no connection behind."""

import asyncio
from contextlib import aclosing

import pytest

from project.store.postgres.statement_cache import Statement
from project.store.warehouse.snapshot import long_snapshot
from tests.conftest import Client
from tests.store.warehouse.test_snapshot import backends
from tests.support.hosting import soon

LONG = Statement("SELECT generate_series(1, 100000000)", ())


async def test_an_unfinished_copy_ends_its_query(database: str, serving: Client) -> None:
    async with serving(database, database_exports=1):
        for _ in range(3):
            async with asyncio.timeout(20), long_snapshot() as current:
                copied = current.copied(LONG)
                await anext(copied)
                await asyncio.sleep(0.2)  # until the queue of blocks is full
                await copied.aclose()
        await soon(lambda: none_active(database), what="the end of the queries")


async def test_an_error_of_the_reader_is_raised_unchanged(database: str, serving: Client) -> None:
    async with serving(database, database_exports=1):
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await read_and_fail()


async def none_active(database: str) -> bool:
    return all(row["state"] != "active" for row in await backends(database))


async def read_and_fail() -> None:
    async with long_snapshot() as current, aclosing(current.copied(LONG)) as copied:
        await anext(copied)
        await asyncio.sleep(0.2)
        raise ZeroDivisionError
