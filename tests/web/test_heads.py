"""Heads that come too slowly, over a real socket."""

import asyncio
import time

import pytest
import uvicorn

from project.web import heads


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def test_who_does_not_end_his_head_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heads, "SLOWEST_HEAD", 0.4)
    heads.limit_heads()
    server = uvicorn.Server(uvicorn.Config(hello, port=0, lifespan="off", log_config=None, http="httptools"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    for beginning in (b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: a\r\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        begun = time.monotonic()
        writer.write(beginning)
        told = await asyncio.wait_for(reader.read(), 5)
        assert told.startswith(b"HTTP/1.1 408")
        assert b"application/problem+json" in told
        assert 0.3 < time.monotonic() - begun < 3
        writer.close()
    # Who rests between requests is not slow, nor is who sends a body slowly.
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        await asyncio.sleep(0.6)
        writer.write(b"body")
        assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.6)
    writer.close()
    server.should_exit = True
    await running
