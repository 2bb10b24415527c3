"""The bytes of an export: encoded in its format, and compressed for its transfer, while it is read."""

import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import zstandard

from project.export.file_thread import in_file_thread
from project.export.open_export import Export

CODINGS: Mapping[str, Callable[[], Any]] = {
    "zstd": lambda: zstandard.ZstdCompressor(level=1).compressobj(),
    # At its default level of 6, gzip takes three times as long as everything else that a file needs.
    "gzip": lambda: zlib.compressobj(1, wbits=31),
}
"""The content codings of a transfer, the best first."""


async def encode(export: Export, coding: str | None = None) -> AsyncIterator[bytes]:
    """Yield the file in parts of about a quarter of a megabyte."""
    buffer = _Buffer(coding)
    encoder = await in_file_thread(export.format.encoder, buffer, export.schema)
    async for batch in export.batches():
        await in_file_thread(encoder.write, batch)
        if len(buffer.pending) >= 256 << 10:
            yield buffer.drain()
    await in_file_thread(encoder.close)
    await in_file_thread(buffer.end)
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
