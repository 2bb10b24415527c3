"""Drawing: charts to pictures, in a process of its own, which keeps the event loop free and the memory apart.

The library, vl-convert, runs Vega-Lite in V8: 40 to 150 ms a picture, all of it holding Python's lock, and 190 MB.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import cast

import orjson
from loguru import logger

from project.charts.chart import Chart
from project.errors import CallerGone, PictureLost, PicturesFull
from project.store.postgres.admission import caller_gone

MOST_WAITING = 10
"""Pictures that may wait for the one that is drawn; more are refused."""

PATIENCE = 20.0
"""Seconds for one picture, and for the wait before it: one that takes longer would never end."""

IDLE = 300.0
"""Seconds without pictures after which the process is ended, for its memory."""

_DIED = (ValueError, OSError, asyncio.IncompleteReadError)
"""What it raises to ask a process that has died, or in vain: a TimeoutError is an OSError."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A format that a picture can have."""

    name: str
    media_type: str


PICTURES: Mapping[str, Picture] = {
    one.name: one for one in (Picture("svg", "image/svg+xml"), Picture("png", "image/png"))
}


class Drawing:
    """Draws one picture at a time."""

    def __init__(self) -> None:
        self._painter: Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._ending: asyncio.TimerHandle | None = None

    async def draw(self, chart: Chart, kind: Picture) -> bytes:
        """Return the picture of a chart. Raises PicturesFull, and PictureLost where it could not be drawn."""
        if self._waiting > MOST_WAITING:
            raise PicturesFull("As many pictures wait to be drawn as may. Try again in a moment.")
        self._waiting += 1
        asked = orjson.dumps({"kind": kind.name, "spec": chart.spec, "alt": chart.alt})
        try:
            async with self._in_turn():
                if await caller_gone.get()():
                    raise CallerGone("The caller left before the turn of the picture came.")
                return await self._drawn(asked)
        finally:
            self._waiting -= 1

    def end(self) -> None:
        """End the process; the next picture starts another."""
        painter, self._painter = self._painter, None
        if self._ending:
            self._ending.cancel()
        if painter:
            with suppress(ProcessLookupError):
                painter.kill()

    async def close(self) -> None:
        """End the process for good."""
        painter = self._painter
        self.end()
        if painter:
            await painter.wait()

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._turn.acquire()
        except TimeoutError as error:
            raise PicturesFull("The pictures before this one take too long. Try again in a moment.") from error
        try:
            yield
        finally:
            self._turn.release()

    async def _drawn(self, asked: bytes) -> bytes:
        if self._ending:
            self._ending.cancel()
        try:
            async with asyncio.timeout(PATIENCE):
                try:
                    picture = await self._painted(asked)
                except _DIED:
                    # The process died, which may have to do with what it drew before, or with nothing.
                    self.end()
                    picture = await self._painted(asked)
        except _DIED as error:
            self.end()
            logger.error("A picture could not be drawn ({!r}): {}", error, asked[:2000])
            raise PictureLost("The picture could not be drawn; the same report as JSON or CSV can be had.") from error
        except BaseException:
            # The caller has left in the middle of it; the next would get this picture.
            self.end()
            raise
        self._ending = asyncio.get_running_loop().call_later(IDLE, self.end)
        return picture

    async def _painted(self, asked: bytes) -> bytes:
        if self._painter is None or self._painter.returncode is not None:
            # What is typed at a terminal is for the service, in whose session it is not.
            self._painter = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "project.charts.render_worker", stdin=PIPE, stdout=PIPE, start_new_session=True
            )
        stdin = cast("asyncio.StreamWriter", self._painter.stdin)
        stdout = cast("asyncio.StreamReader", self._painter.stdout)
        stdin.write(asked + b"\n")
        await stdin.drain()
        return await stdout.readexactly(int(await stdout.readline()))
