"""Databases of the tests of the service as a whole."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from tests.model import FACTS, insert_facts


@pytest.fixture
async def own_facts(new_database: Callable[[], Awaitable[str]]) -> str:
    """The URL of a database with the facts of `tests.model`, for this test alone."""
    url = await new_database()
    connection = await asyncpg.connect(url)
    await insert_facts(connection, FACTS)
    await connection.close()
    return url
