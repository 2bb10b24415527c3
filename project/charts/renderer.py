"""Charts become pictures in a process of its own, which keeps the event loop free and the memory apart.

The library, vl-convert, runs Vega-Lite in V8: a picture takes 40 to 150 ms, all of it under Python's lock, and 190 MB.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

import orjson
from loguru import logger

from project.charts.chart import Chart
from project.errors import PicturesFull, RenderFailed
from project.store.postgres.admission import AdmissionControl

LARGEST_QUEUE = 10
"""Pictures that may wait for the one that is being rendered; more are refused."""

TIMEOUT = 20.0
"""Seconds for one picture, and for the wait before it: in practice, one that takes longer never ends."""

IDLE_TIMEOUT = 300.0
"""Seconds without pictures after which the process ends, for its memory."""

_WORKER_LOST = (ValueError, OSError, asyncio.IncompleteReadError)
"""What a request raises when the process died or takes too long: a TimeoutError is an OSError."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A format that a chart can have: a picture, or the definition, which answers the pointer where it is drawn."""

    name: str
    media_type: str
    is_definition: bool = False


PICTURES: Mapping[str, Picture] = {
    picture.name: picture
    for picture in (
        Picture("svg", "image/svg+xml"),
        Picture("png", "image/png"),
        Picture("vega", "application/vnd.vegalite.v6+json", is_definition=True),
    )
}


class Renderer:
    """Renders one picture at a time."""

    def __init__(self) -> None:
        self._worker: Process | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._admission = AdmissionControl(
            1,
            LARGEST_QUEUE,
            TIMEOUT,
            full=lambda: PicturesFull(
                "The limit of pictures that wait to be rendered is reached. Try again in a moment."
            ),
            timed_out=lambda: PicturesFull("The pictures before this one take too long. Try again in a moment."),
        )

    async def render(self, chart: Chart, picture: Picture) -> bytes:
        """Return the picture of a chart. Raises PicturesFull, RenderFailed and ClientDisconnected."""
        if picture.is_definition:
            return orjson.dumps(chart.spec)
        request = orjson.dumps({"format": picture.name, "spec": chart.spec, "alt": chart.alt})
        async with self._admission.slot():
            return await self._render(request)

    def end_worker(self) -> None:
        """End the process; the next picture starts another."""
        worker, self._worker = self._worker, None
        if self._idle:
            self._idle.cancel()
        if worker:
            with suppress(ProcessLookupError):
                worker.kill()

    async def close(self) -> None:
        """End the process and wait until it is gone."""
        worker = self._worker
        self.end_worker()
        if worker:
            await worker.wait()

    async def _render(self, request: bytes) -> bytes:
        if self._idle:
            self._idle.cancel()
        try:
            async with asyncio.timeout(TIMEOUT):
                try:
                    content = await self._ask_worker(request)
                except _WORKER_LOST:
                    # The process died, perhaps of an earlier picture.
                    self.end_worker()
                    content = await self._ask_worker(request)
        except _WORKER_LOST as error:
            self.end_worker()
            logger.error("A chart of {:,} bytes could not be rendered: {!r}", len(request), error)
            raise RenderFailed(
                "The chart could not be rendered; the same report is available as JSON or CSV."
            ) from error
        except BaseException:
            # The client disconnected: the next request would get this picture.
            self.end_worker()
            raise
        self._idle = asyncio.get_running_loop().call_later(IDLE_TIMEOUT, self.end_worker)
        return content

    async def _ask_worker(self, request: bytes) -> bytes:
        if self._worker is None or self._worker.returncode is not None:
            # In a session of its own, so that Ctrl-C in the service's terminal does not reach it.
            self._worker = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "project.charts.render_worker", stdin=PIPE, stdout=PIPE, start_new_session=True
            )
        stdin = cast("asyncio.StreamWriter", self._worker.stdin)
        stdout = cast("asyncio.StreamReader", self._worker.stdout)
        stdin.write(request + b"\n")
        await stdin.drain()
        return await stdout.readexactly(int(await stdout.readline()))
