"""Pages and JSON are compressed for clients that ask for it, and are the same answers."""

import gzip

import httpx
import pytest
import zstandard

ROWS = "/v1/ad-metrics?limit=1000"


async def raw(client: httpx.AsyncClient, path: str, accepted: str, **headers: str) -> tuple[httpx.Response, bytes]:
    async with client.stream(
        "GET", path, headers={"Accept-Encoding": accepted, **headers}, extensions={"stream": True}
    ) as answer:
        return answer, b"".join([chunk async for chunk in answer.aiter_raw()])


@pytest.mark.parametrize("path", [ROWS, "/", "/openapi.json", "/static/page.css", "/metrics", "/?platform=facebok"])
@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_a_compressed_answer_is_the_same(client: httpx.AsyncClient, path: str, coding: str) -> None:
    plain, body = await raw(client, path, "identity")
    answer, compressed = await raw(client, path, coding)
    assert answer.headers["content-encoding"] == coding
    assert int(answer.headers["content-length"]) == len(compressed) < len(body) * 0.7
    unpacked = (
        gzip.decompress(compressed)
        if coding == "gzip"
        else zstandard.ZstdDecompressor().decompressobj().decompress(compressed)
    )
    if path not in ("/metrics", "/?platform=facebok"):  # which say when they were made
        assert unpacked == body
    if tag := plain.headers.get("etag"):
        # Other bytes of the same: the tags match weakly, and each client gets the one that it has.
        assert answer.headers["etag"] == f"W/{tag}"
        for known in (tag, f"W/{tag}"):
            for accepted in ("identity", coding):
                unchanged, nothing = await raw(client, path, accepted, **{"If-None-Match": known})
                assert (unchanged.status_code, nothing, "content-encoding" in unchanged.headers) == (304, b"", False)
                assert unchanged.headers["etag"].removeprefix("W/") == tag
                assert path.startswith("/static") or unchanged.headers["etag"] == known


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", None),
        ("identity", None),
        ("br", None),
        ("*", None),
        ("gzip;q=0", None),
        ("gzip; q=0.0", None),
        ("gzip;q=0.000, zstd;q=0", None),
        ("GZIP", "gzip"),
        ("gzip;q=0.1", "gzip"),
        ("gzip, zstd;q=0", "gzip"),
        ("gzip, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
    ],
)
async def test_the_client_chooses(client: httpx.AsyncClient, accepted: str, coding: str | None) -> None:
    for path in (ROWS, "/v1/ad-metrics?format=csv"):
        answer, _ = await raw(client, path, accepted)
        assert answer.headers.get("content-encoding") == coding
        assert "Accept-Encoding" in answer.headers["vary"]


async def test_small_and_compressed_answers_are_left_alone(client: httpx.AsyncClient) -> None:
    for path in ("/health/live", "/nowhere", "/v1/ad-metrics?format=parquet", "/v1/reports?group_by=month&format=png"):
        answer, _ = await raw(client, path, "gzip, zstd")
        assert "content-encoding" not in answer.headers, path
    part, body = await raw(client, "/static/page.css", "gzip", Range="bytes=0-1999")
    assert (part.status_code, len(body), "content-encoding" in part.headers) == (206, 2000, False)


async def test_head_has_the_headers_of_get(client: httpx.AsyncClient) -> None:
    headers = {"Accept-Encoding": "gzip"}
    head, get = await client.head(ROWS, headers=headers), await client.get(ROWS, headers=headers)
    for name in ("content-length", "content-encoding", "etag", "vary"):
        assert head.headers[name] == get.headers[name]
