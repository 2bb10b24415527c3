"""Commands that need one connection to the database, and no pool."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg

from project.cli.exit_codes import exit_codes
from project.settings import get_settings
from project.store.postgres.connections import write_connection

Result = TypeVar("Result")


def on_connection(
    action: Callable[["asyncpg.Connection[Any]"], Awaitable[Result]],
    purpose: str,
    needs: str = "data_version",
) -> Result:
    """Run an action on a `write_connection`, and return its result. An error ends the command with an exit code."""

    async def run() -> Result:
        async with write_connection(get_settings(), purpose, needs) as connection:
            return await action(connection)

    with exit_codes():
        return asyncio.run(run())
