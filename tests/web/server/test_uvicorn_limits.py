"""Heads that come too slowly, over a real socket."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn

from project.web.server import uvicorn_limits

pytestmark = pytest.mark.slow


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@asynccontextmanager
async def served(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(uvicorn_limits, "HEAD_TIMEOUT", 0.4)
    monkeypatch.setattr(uvicorn_limits, "LINGER_TIMEOUT", 0.4)
    uvicorn_limits.limit_connections()
    server = uvicorn.Server(uvicorn.Config(hello, port=0, lifespan="off", log_config=None, http="httptools"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await running


async def test_who_does_not_end_his_head_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(monkeypatch) as port:
        for beginning in (b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: a\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            started = time.monotonic()
            writer.write(beginning)
            answer = await asyncio.wait_for(reader.read(), 5)
            assert answer.startswith(b"HTTP/1.1 408")
            assert b"application/problem+json" in answer
            assert 0.3 < time.monotonic() - started < 3
            writer.close()


async def test_a_client_that_pauses_or_sends_in_bulk_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(monkeypatch) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.6)
        # Many small requests at once are no large head.
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 5000)
        for _ in range(5000):
            await asyncio.wait_for(reader.readuntil(b"hello"), 10)
        writer.close()


@pytest.mark.parametrize(
    "remaining",
    [
        b"Content-Length: 1000\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n",
    ],
)
async def test_what_follows_an_answer_has_its_time(monkeypatch: pytest.MonkeyPatch, remaining: bytes) -> None:
    async with served(monkeypatch) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n" + remaining)
        await reader.readuntil(b"hello")
        started = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - started < 5 and not reader.at_eof():
                writer.write(b"x" if b"Length" in remaining else b"1\r\nx\r\n")
                await asyncio.sleep(0.05)
                with suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(1), 0.01)
        assert time.monotonic() - started < 3
        writer.close()


async def test_trailers_are_part_of_the_head(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(monkeypatch) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
        started = time.monotonic()
        sent = 0
        with suppress(ConnectionError):
            while not writer.is_closing() and sent < 50 << 20:
                writer.write(b"X: " + b"a" * 8000 + b"\r\n")
                sent += 8000
                await writer.drain()
                await asyncio.sleep(0)
        assert sent < 20 << 20
        assert time.monotonic() - started < 5
