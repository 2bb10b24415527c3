"""Who is answered: this machine only, unless the service is opened; and how often."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from project.settings import Settings
from project.web.middleware.security_headers import SECURITY_HEADERS
from project.web.middleware.size_limits import LARGEST_BODY, LARGEST_URL

CATALOG = "/v1/catalog"


@asynccontextmanager
async def from_address(client: httpx.AsyncClient, address: str, site: str) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(client.app, client=(address, 4711), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=site) as remote:
        yield remote


@pytest.mark.parametrize(
    ("address", "site", "headers", "why"),
    [
        ("203.0.113.9", "http://localhost", {}, "comes from 203.0.113.9"),
        ("2001:db8::1", "http://localhost", {}, "comes from 2001:db8::1"),
        ("127.0.0.1", "http://localhost", {"X-Forwarded-For": "127.0.0.1"}, "through a proxy (x-forwarded-for)"),
        ("127.0.0.1", "http://localhost", {"Forwarded": "for=127.0.0.1"}, "through a proxy (forwarded)"),
        ("127.0.0.1", "http://127.0.0.1", {"X-Forwarded-Proto": "https"}, "through a proxy (x-forwarded-proto)"),
        ("127.0.0.1", "http://evil.example", {}, "for the host 'evil.example'"),
        ("127.0.0.1", "http://localhost.evil.example", {}, "for the host 'localhost.evil.example'"),
    ],
)
async def test_a_request_from_elsewhere_is_refused_with_the_reason(
    client: httpx.AsyncClient, address: str, site: str, headers: dict[str, str], why: str
) -> None:
    async with from_address(client, address, site) as remote:
        for path in (CATALOG, "/docs", "/openapi.json", "/metrics", "/", "/nowhere"):
            answer = await remote.get(path, headers=headers)
            assert answer.status_code == 403, path
            problem = answer.json()
            assert problem["type"] == "/problems/loopback-only"
            assert why in problem["detail"]
            assert "API_AUTH=required" in problem["detail"]
        assert (await remote.get("/health/live", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("address", "site"),
    [
        ("127.0.0.1", "http://localhost:8000"),
        ("127.8.8.8", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("127.0.0.1", "http://ad-metrics.localhost"),
        ("127.0.0.1", "http://localhost.:8000"),
        ("::1", "http://[::1]"),
        ("::ffff:127.0.0.1", "http://127.0.0.1"),
    ],
)
async def test_this_machine_is_answered(client: httpx.AsyncClient, address: str, site: str) -> None:
    async with from_address(client, address, site) as user:
        assert (await user.get(CATALOG)).status_code == 200


async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient) -> None:
    for path in (CATALOG, "/v1/ad-metrics?limit=0", "/nowhere", "/health/live", "/docs", "/v1/reports"):
        answer = await client.get(path)
        for name, value in SECURITY_HEADERS.items():
            shown = answer.headers[name]
            assert shown == value or (path == "/docs" and name == "Content-Security-Policy")
        assert "access-control-allow-origin" not in answer.headers
        assert "unsafe-inline' 'unsafe" not in answer.headers["content-security-policy"]
    policy = (await client.get("/docs")).headers["content-security-policy"]
    assert "script-src 'self' 'sha256-" in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy


async def test_what_is_too_large_is_refused(client: httpx.AsyncClient) -> None:
    long = await client.get("/v1/ad-metrics", params={"region": "x" * LARGEST_URL})
    assert (long.status_code, long.json()["type"]) == (414, "/problems/url-too-long")
    assert f"{LARGEST_URL:,}" in long.json()["detail"]
    large = await client.request("GET", CATALOG, content=b"x" * (LARGEST_BODY + 1))
    assert (large.status_code, large.json()["type"]) == (413, "/problems/too-large")
    assert (await client.request("GET", CATALOG, content=b"x" * 10)).status_code == 200


async def test_the_document_says_of_every_resource_that_too_much_is_refused(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    for path, operations in paths.items():
        long = await client.get(path, params={"region": "x" * LARGEST_URL})
        assert long.status_code == 414
        for operation in operations.values():
            assert path.startswith("/health/") or {"413", "414", "431"} <= set(operation["responses"]), path


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"api_allow_anonymous": True, "api_auth": "required"}, "contradicts"),
        ({"api_allow_anonymous": True, "ingest_http": True}, "would let anonymous clients load"),
        ({"cors_origins": "https://a.example/path"}, "is not an origin"),
        ({"trusted_proxies": "10.0.0.0/33"}, "10.0.0.0/33"),
        ({"database_url": "postgresql://me:pass/word@host/db"}, "must be percent-encoded"),
        ({"database_url": "postgresql://me:pass#word@host/db"}, "must be percent-encoded"),
    ],
)
def test_settings_that_would_open_too_much_are_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Settings(_env_file=None, **changes)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:pass%2Fword@host/db",
        "postgresql://host:5432/db?user=a@b",
        "postgres://postgres@/db?host=/var/run",
        "postgresql://h1:5432,h2:5433/db",
    ],
)
def test_database_urls_of_all_spellings_work(url: str) -> None:
    assert Settings(_env_file=None, database_url=url).database_url == url


async def test_a_path_before_the_applications_own(client: httpx.AsyncClient) -> None:
    transport = httpx.ASGITransport(client.app, client=("203.0.113.9", 1), root_path="/api")
    async with httpx.AsyncClient(transport=transport, base_url="http://metrics.example/api") as remote:
        assert (await remote.get("/health/live")).status_code == 200
        assert (await remote.get("/v1/catalog")).status_code == 403
