"""The bytes of an export: encoded in its format, and compressed for its transfer, while it is read."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import zstandard

from project.export.open_export import Export

CODINGS: Mapping[str, Callable[[], Any]] = {
    "zstd": lambda: zstandard.ZstdCompressor(level=1).compressobj(),
    # At its default level of 6, gzip takes three times as long as everything else that a file needs.
    "gzip": lambda: zlib.compressobj(1, wbits=31),
}
"""The content codings of a transfer, the best first."""

_thread = ThreadPoolExecutor(1, "file")
"""All files of a process share one thread: more would take cores and memory from requests."""


async def encode(export: Export, coding: str | None = None) -> AsyncIterator[bytes]:
    """Yield the file in parts of about a quarter of a megabyte.

    A thread makes them, so that requests go on meanwhile.
    """

    def in_thread(work: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().run_in_executor(_thread, work, *arguments)

    buffer = _Buffer(coding)
    encoder = await in_thread(export.format.encoder, buffer, export.schema)
    async for block in export.read():
        # One call for a block: two took half as long again, since each waits for the thread.
        await in_thread(export.write, encoder, block)
        if len(buffer.pending) >= 256 << 10:
            yield buffer.drain()
    await in_thread(encoder.close)
    await in_thread(buffer.end)
    yield buffer.drain()


class _Buffer:
    """A file in memory that is drained while it is written."""

    closed = False

    def __init__(self, coding: str | None) -> None:
        self._compressor = CODINGS[coding]() if coding else None
        self.pending = bytearray()

    def write(self, data: Any) -> int:
        self.pending += self._compressor.compress(data) if self._compressor else data
        return len(data)

    def flush(self) -> None:
        """Do nothing: a compressor does better when it is not flushed."""

    def end(self) -> None:
        if self._compressor:
            self.pending += self._compressor.flush()

    def drain(self) -> bytes:
        drained, self.pending = self.pending, bytearray()
        return bytes(drained)
