"""The rows of a statement as CSV, in blocks, while PostgreSQL copies them out."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import asyncpg

from project.store.postgres.statement_cache import Statement

_BLOCK_BYTES = 128 << 10
_BLOCKS_AHEAD = 1


async def copied_rows(
    connection: "asyncpg.Connection[Any]", statement: Statement, block_bytes: int = _BLOCK_BYTES
) -> AsyncGenerator[bytes, None]:
    """Run a statement and yield its rows as CSV, in blocks of that size that end at the end of a row.

    It reads at most one block ahead of its consumer.
    """
    blocks: asyncio.Queue[bytes | None] = asyncio.Queue(_BLOCKS_AHEAD)
    buffer = bytearray()

    async def buffer_chunk(chunk: bytes) -> None:
        buffer.extend(chunk)
        if len(buffer) >= block_bytes:
            end = buffer.rindex(b"\n") + 1
            await blocks.put(bytes(buffer[:end]))
            del buffer[:end]

    async def copy() -> None:
        try:
            await connection.copy_from_query(statement.sql, *statement.values, output=buffer_chunk, format="csv")
            if buffer:
                await blocks.put(bytes(buffer))
        finally:
            if consuming:
                await blocks.put(None)

    consuming = True
    copying = asyncio.create_task(copy())
    try:
        while (block := await blocks.get()) is not None:
            yield block
        await copying
    finally:
        consuming = False
        if not copying.done():
            # Nobody reads the remaining rows, and the connection is unusable until they are read.
            copying.cancel()
            connection.terminate()
        await asyncio.wait({copying})
        if not copying.cancelled():
            copying.exception()
