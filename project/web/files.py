"""Files: an answer of any length in a format of its own, written while it is read."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any

import pyarrow as pa
from fastapi import Request, Response
from loguru import logger
from starlette.types import Receive, Scope, Send

from project.formats import FORMATS, Format

STALLED = 60.0
"""Seconds after which a client that takes nothing is given up: it holds a connection of the database."""

_ENOUGH = 256 << 10
"""Bytes to send at once."""


def format_of(request: Request, asked: str | None) -> Format | None:
    """Return the format that was asked for by parameter, or else by `Accept`; None for JSON."""
    if asked is not None:
        return FORMATS.get(asked)
    accepted = request.headers.get("accept", "")
    kinds = [part.split(";")[0].strip() for part in accepted.split(",")]
    return next((one for one in FORMATS.values() if one.media_type.split(";")[0] in kinds), None)


def media_types() -> dict[str, Any]:
    """Return the formats as the OpenAPI document has them, beside JSON."""
    binary = {"type": "string", "format": "binary"}
    return {
        one.media_type.split(";")[0]: {"schema": {"type": "string"} if one.textual else binary}
        for one in FORMATS.values()
    }


def coding_of(request: Request, kind: Format) -> str | None:
    """Return how the file is compressed on its way: not at all where it is already, or where the client cannot."""
    codings = {
        part.split(";")[0].strip()
        for part in request.headers.get("accept-encoding", "").split(",")
        if not part.replace(" ", "").endswith(";q=0")
    }
    return next((one for one in _COMPRESSORS if one in codings), None) if kind.textual else None


async def begun(blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Return the same blocks, the first of them fetched: what goes wrong with a query goes wrong now."""
    first = await anext(blocks, None)

    async def every() -> AsyncIterator[bytes]:
        if first is not None:
            yield first
        async for block in blocks:
            yield block

    return every()


class FileResponse(Response):
    """Sends a file while it is made: `blocks` are what `batch_of` makes batches of.

    `held` is closed when the last block is sent, or the client has left. What goes wrong on the way breaks the
    connection, so that a file that was cut off never looks whole.
    """

    def __init__(
        self,
        kind: Format,
        schema: pa.Schema,
        blocks: AsyncIterator[bytes],
        batch_of: Callable[[bytes], pa.RecordBatch],
        held: AsyncExitStack,
        coding: str | None,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(None, headers=dict(headers), media_type=kind.media_type)
        del self.headers["content-length"]
        if coding:
            self.headers["Content-Encoding"] = coding
        self._blocks = blocks
        self._batch_of = batch_of
        self._held = held
        self._file = _Outgoing(coding)
        self._encoder = kind.encoder(self._file, schema)

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
                    async with asyncio.timeout(STALLED):
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

    def _encode(self, block: bytes) -> None:
        self._encoder.write(self._batch_of(block))

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
        self._compressor = _COMPRESSORS[coding]() if coding else None
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


_COMPRESSORS: dict[str, Callable[[], Any]] = {
    # Level 1: at 6, gzip takes three times as long as all the rest of a file.
    "gzip": lambda: zlib.compressobj(1, wbits=31),
}
