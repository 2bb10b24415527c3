"""Lines that are copied into a table of PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg

_SECONDS_TO_END = 1


async def copy_lines(
    connection: "asyncpg.Connection[Any]",
    table: str,
    lines: AsyncIterator[bytes],
    columns: Sequence[str],
    null: str | None = None,
) -> None:
    r"""Copy lines of COPY's text format into columns of a table; `null` stands for NULL, by default `\N`.

    Raises asyncpg.ConnectionDoesNotExistError where the connection ends meanwhile. asyncpg itself would wait for ever
    then, if the server was taking no more lines.
    """
    copying = asyncio.ensure_future(
        connection.copy_to_table(table, source=lines, columns=columns, format="text", null=null)
    )

    def end(_connection: object) -> None:
        # Where it can, asyncpg raises what the server said.
        asyncio.get_running_loop().call_later(_SECONDS_TO_END, copying.cancel)

    connection.add_termination_listener(end)
    try:
        await asyncio.wait({copying})
    finally:
        connection.remove_termination_listener(end)
        copying.cancel()
        await asyncio.wait({copying})
    if copying.cancelled():
        raise asyncpg.ConnectionDoesNotExistError("connection was closed during COPY")
    copying.result()
