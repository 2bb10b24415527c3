"""What caches may store: every route and every status has a policy, whichever route comes next."""

from collections.abc import Iterator

import asyncpg
import httpx
import pytest
from fastapi.routing import iter_route_contexts

from project import errors
from project.store import api_keys
from project.web.api.health import routes as health
from tests.conftest import Client

NEVER = ("/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json", "/v1/ingests", "/problems/", "/views")
"""Paths whose answers nothing stores, in part or whole."""


def paths(client: httpx.AsyncClient) -> Iterator[str]:
    """Yield each path that the application answers."""
    for context in iter_route_contexts(client.app.routes):
        if context.path:
            yield context.path.format(id=1, name="region", ingest_id=1, code="no-key", format="csv")
    yield from ("/static/page.css", "/static/page.js", "/static/nothing.css", "/static-offline-docs/favicon.png")
    yield from (
        "/nowhere",
        "/v1/catalog?colour=red",
        "/v1/ad-metrics?format=csv",
        "/v1/reports.parquet",
    )


def checked(answer: httpx.Response, needs_key: bool) -> None:
    """Assert that an answer has the policy that it should have."""
    policy, vary = answer.headers["cache-control"], answer.headers.get("vary", "")
    path = answer.url.path
    if answer.status_code >= 400 or path.startswith(NEVER) or answer.request.method == "POST":
        assert policy == "no-store", answer.url
    else:
        private = needs_key and not path.startswith("/static")
        assert answer.headers["etag"], answer.url
        if path.startswith("/static/vega-"):
            assert policy == "public, max-age=31536000, immutable"
            return
        assert policy == ("private, no-cache" if private else "no-cache"), answer.url
        assert ("Authorization" in vary, "Cookie" in vary) == (private, private), answer.url
        assert "Accept-Encoding" in vary, answer.url


@pytest.mark.slow
@pytest.mark.parametrize("needs_key", [False, True])
async def test_every_route_and_status_has_a_policy(serving: Client, facts_database: str, needs_key: bool) -> None:
    connection = await asyncpg.connect(facts_database)
    key = await api_keys.create(connection, f"caches {needs_key}", "ingest")
    await connection.close()
    access = {"api_auth": "required"} if needs_key else {}
    holder = {"Authorization": f"Bearer {key}"}
    asked = [(method, holder) for method in ("GET", "HEAD", "DELETE", "POST")]
    asked += [("GET", {}), ("GET", {"Authorization": "Bearer adm_1_x"})]
    statuses = set()
    async with serving(facts_database, ingest_http=True, cors_origins="https://a.example", **access) as client:
        seen = list(paths(client))
        assert len(seen) > 18
        for path in seen:
            for method, headers in asked:
                if (method, path) == ("POST", "/v1/ingests"):
                    continue
                answer = await client.request(method, path, headers=headers)
                checked(answer, needs_key)
                statuses.add(answer.status_code)
                if (etag := answer.headers.get("etag")) and method == "GET":
                    unchanged = await client.get(path, headers=headers | {"If-None-Match": etag})
                    assert unchanged.status_code == 304
                    checked(unchanged, needs_key)
                    assert unchanged.headers["etag"] == etag or path.startswith("/static")
                    vary, vary_before = (one.headers["vary"].split(", ") for one in (unchanged, answer))
                    assert sorted(vary) == sorted(vary_before)
            statuses.add((await client.get(f"{path}?{'x' * 33_000}")).status_code)
        allowed = await client.options(
            "/v1/catalog", headers={"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
        )
        assert (allowed.status_code, allowed.headers["cache-control"]) == (200, "no-store")
    assert statuses >= {200, 404, 405, 414, 422} | ({401} if needs_key else set())


@pytest.mark.parametrize("error", [errors.DatabaseUnavailable("away"), errors.QueryTooSlow("slow"), RuntimeError("x")])
async def test_an_outage_is_not_stored(
    serving: Client, facts_database: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Health was 200 in a cache for two minutes while the service said 503."""

    def broken(*_arguments: object, **_options: object) -> None:
        raise error

    async with serving(facts_database) as client:
        assert (await client.get("/health/ready")).headers["cache-control"] == "no-store"
        monkeypatch.setattr(health, "_looked", broken)
        answer = await client.get("/health/ready")
        assert answer.status_code >= 500
        assert answer.headers["cache-control"] == "no-store"
