"""Files that are sent: a client that stalls is told apart from a database that does."""

import asyncio

import pytest
from loguru import logger

from tests.conftest import Client


async def test_a_client_that_takes_nothing_is_cut_off_and_named(
    facts_database: str, serving: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("project.web.response.file_stream.STALL_TIMEOUT", 0.1)
    sent: list[str] = []
    lines: list[str] = []

    async def receive() -> dict[str, object]:
        if "http.request" not in sent:
            sent.append("http.request")
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, object]) -> None:
        sent.append(str(message["type"]))
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async with serving(facts_database) as client:
        sink = logger.add(lines.append, format="{message}")
        scope = {
            "type": "http", "method": "GET", "path": "/v1/ad-metrics", "raw_path": b"/v1/ad-metrics", "root_path": "",
            "query_string": b"format=csv", "headers": [(b"host", b"localhost")], "scheme": "http",
            "server": ("localhost", 80), "client": ("127.0.0.1", 1), "http_version": "1.1", "asgi": {"version": "3.0"},
        }  # fmt: skip
        await client.app(scope, receive, send)
        logger.remove(sink)
        # The connection of the database is free again.
        assert (await client.get("/v1/ad-metrics?format=csv")).status_code == 200
    assert sent.count("http.response.body") == 1, "the file has no end"
    said = "".join(lines)
    assert "The client took nothing of a file for 0 s; it is cut off." in said
    assert "did not answer" not in said
    assert "Traceback" not in said
