"""Databases for the tests with real services."""

from collections.abc import Awaitable, Callable

import pytest

from tests.conftest import with_facts


@pytest.fixture
async def own_facts(new_database: Callable[[], Awaitable[str]]) -> str:
    """The URL of a database with the facts of `tests.support.model`, for this test alone."""
    return await with_facts(await new_database())
