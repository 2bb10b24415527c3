"""Files: an answer of any length in a format of its own, written while it is read."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any, Protocol

import pyarrow as pa
import zstandard
from fastapi import Request, Response
from loguru import logger
from starlette.types import Receive, Scope, Send

from project.export.formats import Format
from project.web.response.etag import caching_headers

# Arrow's own pool keeps what it once had: ten files at once left twice as much behind.
pa.set_memory_pool(pa.system_memory_pool())

STALLED = 60.0
"""Seconds after which a client that takes nothing is given up: it holds a connection of the database."""

_CODINGS: Mapping[str, Callable[[], Any]] = {
    "zstd": lambda: zstandard.ZstdCompressor(level=1).compressobj(),
    # At its usual 6, gzip takes three times as long as all the rest of a file.
    "gzip": lambda: zlib.compressobj(1, wbits=31),
}
"""How files are compressed for those who accept it, the best first."""

_ENOUGH = 256 << 10
"""Bytes to send at once."""


def coding_of(request: Request, kind: Format) -> str | None:
    """Return how the file is compressed on its way: not at all where it is already, or where the client cannot."""
    codings = {
        part.split(";")[0].strip()
        for part in request.headers.get("accept-encoding", "").split(",")
        if not part.replace(" ", "").endswith(";q=0")
    }
    return next((one for one in _CODINGS if one in codings), None) if kind.textual else None


async def begun(blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Return the same blocks, the first of them fetched: what goes wrong with a query goes wrong now."""
    first = await anext(blocks, None)

    async def every() -> AsyncIterator[bytes]:
        if first is not None:
            yield first
        async for block in blocks:
            yield block

    return every()


async def whole(rows: Any) -> AsyncIterator[Any]:
    """Return a table that is there already as its only block."""
    yield rows


def file_name(question: Sequence[str], days: Mapping[str, Any]) -> str:
    """Return a name that tells files of different questions apart, without its ending."""
    dates = [str(days[name]) for name in ("date_from", "date_to") if days[name]]
    return "_".join(["ad-metrics", *(["sample"] if "sample_data" in days else []), *question, *dates])


def told_in_file(request: Request, meta: Mapping[str, Any]) -> dict[str, str]:
    """Return what a file says of itself, where its format has a place for it."""
    told = {"question": str(request.url.query), "data_version": str(meta["data_version"])}
    return told | ({"sample_data": "true"} if "sample_data" in meta else {})


class Table(Protocol):
    """Rows in blocks, and how they become batches of typed columns."""

    schema: pa.Schema

    def batch(self, block: Any, /) -> pa.RecordBatch:
        """Return the rows of a block; called in a thread."""


class FileResponse(Response):
    """Sends a file while it is made, from blocks of a table.

    `held` is closed when the last block is sent, or the client has left. What goes wrong on the way breaks the
    connection, so that a file that was cut off never looks whole.
    """

    def __init__(
        self,
        kind: Format,
        coding: str | None,
        name: str,
        table: Table,
        blocks: AsyncIterator[Any],
        rows: int,
        tag: str,
        held: AsyncExitStack | None = None,
    ) -> None:
        headers = {
            **caching_headers(tag),
            "Content-Disposition": f'attachment; filename="{name}.{kind.extension}"',
            "X-Row-Count": str(rows),
        }
        super().__init__(None, headers=headers, media_type=kind.media_type)
        del self.headers["content-length"]
        if coding:
            self.headers["Content-Encoding"] = coding
        self._table = table
        self._blocks = blocks
        self._held = held or AsyncExitStack()
        self.rows_written = 0
        self.patience: float | None = STALLED
        self._file = _Outgoing(coding)
        self._encoder = kind.encoder(self._file, table.schema)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; called by Starlette."""
        gone = asyncio.ensure_future(receive())
        try:
            async with self._held:
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                async for part in self._parts():
                    if gone.done() and gone.result()["type"] == "http.disconnect":
                        logger.info("The client left in the middle of a file.")
                        return
                    if gone.done():
                        gone = asyncio.ensure_future(receive())
                    async with asyncio.timeout(self.patience):
                        await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()

    async def _parts(self) -> AsyncIterator[bytes]:
        async for block in self._blocks:
            # In a thread: it is work for tens of milliseconds, and other requests go on.
            await _in_turn(self._encode, block)
            if self._file.waiting >= _ENOUGH:
                yield self._file.taken()
        await _in_turn(self._end)
        yield self._file.taken()

    def _encode(self, block: Any) -> None:
        batch = self._table.batch(block)
        self._encoder.write(batch)
        self.rows_written += batch.num_rows

    def _end(self) -> None:
        self._encoder.close()
        self._file.end()


_one_at_a_time = ThreadPoolExecutor(1, "file")
"""All files of a process share one thread: more would take the cores from other requests, and memory."""


async def _in_turn(work: Callable[..., None], *arguments: Any) -> None:
    await asyncio.get_running_loop().run_in_executor(_one_at_a_time, work, *arguments)


class _Outgoing:
    """A file in memory that is emptied while it is written, compressed or not."""

    closed = False

    def __init__(self, coding: str | None) -> None:
        self._compressor = _CODINGS[coding]() if coding else None
        self._parts: list[bytes] = []
        self.waiting = 0

    def write(self, data: Any) -> int:
        part = self._compressor.compress(data) if self._compressor else bytes(data)
        self._parts.append(part)
        self.waiting += len(part)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back but by the compressor, which does better when it is not asked."""

    def end(self) -> None:
        if self._compressor:
            self._parts.append(self._compressor.flush())

    def taken(self) -> bytes:
        parts, self._parts, self.waiting = self._parts, [], 0
        return b"".join(parts)
