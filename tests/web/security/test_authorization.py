"""A service that was opened: to anonymous clients, to proxies, to pages of other origins."""

import asyncpg
import pytest
from fastapi import Request

from project.errors import TooManyRequests
from project.store import api_keys
from project.web.security.rate_limit import RateLimit
from tests.conftest import Client
from tests.web.middleware.test_loopback_only import CATALOG, from_address


async def test_a_page_of_another_site_cannot_send_files(serving: Client, facts_database: str) -> None:
    async with serving(facts_database, ingest_http=True) as client:
        answer = await client.post("/v1/ingests", content=b"x", headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert "a page of another site" in answer.json()["detail"]


async def test_an_open_service_answers_everybody_so_often(serving: Client, facts_database: str) -> None:
    async with (
        serving(facts_database, api_allow_anonymous=True, api_rate_limit=5) as client,
        from_address(client, "203.0.113.9", "https://metrics.example") as one,
        from_address(client, "203.0.113.10", "https://metrics.example") as other,
    ):
        for left in (4, 3, 2, 1, 0):
            answer = await one.get(CATALOG)
            assert answer.status_code == 200
            assert answer.headers["ratelimit-policy"] == '"minute";q=5;w=60'
            assert answer.headers["ratelimit"].startswith(f'"minute";r={left};t=')
            assert answer.headers["strict-transport-security"]
        refused = await one.get(CATALOG)
        assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-requests")
        assert "203.0.113.9 may ask 5 times a minute" in refused.json()["detail"]
        assert 1 <= int(refused.headers["retry-after"]) <= 12
        assert (await one.get("/health/live")).status_code == 200
        assert (await other.get(CATALOG)).status_code == 200


async def test_proxies_are_believed_when_they_are_named(serving: Client, facts_database: str) -> None:
    settings = {"api_allow_anonymous": True, "api_rate_limit": 1}
    forwarded = {"X-Forwarded-For": "198.51.100.7"}
    async with serving(facts_database, **settings, trusted_proxies="10.0.0.0/8") as client:
        async with from_address(client, "10.1.2.3", "http://metrics.example") as proxy:
            assert (await proxy.get(CATALOG, headers=forwarded)).status_code == 200
            refused = await proxy.get(CATALOG, headers=forwarded)
            assert "198.51.100.7 may ask" in refused.json()["detail"]
        async with from_address(client, "192.0.2.1", "http://metrics.example") as liar:
            assert (await liar.get(CATALOG, headers={"X-Forwarded-For": "198.51.100.8"})).status_code == 200
            assert "192.0.2.1 may ask" in (await liar.get(CATALOG, headers=forwarded)).json()["detail"]


async def test_pages_of_other_origins_read_only_where_they_may(serving: Client, facts_database: str) -> None:
    origin = {"Origin": "https://dashboards.example"}
    async with serving(facts_database, cors_origins="https://dashboards.example") as client:
        allowed = await client.get(CATALOG, headers=origin)
        assert allowed.headers["access-control-allow-origin"] == "https://dashboards.example"
        assert "X-Request-ID" in allowed.headers["access-control-expose-headers"]
        other = await client.get(CATALOG, headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
        asked = origin | {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "Authorization"}
        assert (await client.options(CATALOG, headers=asked)).status_code == 200


async def test_each_key_has_a_bucket_of_its_own(serving: Client, database: str, connection: asyncpg.Connection) -> None:
    async with serving(database, api_auth="required", api_rate_limit=3) as client:
        one, other = [
            {"Authorization": f"Bearer {await api_keys.create(connection, name, 'read')}"} for name in ("one", "other")
        ]
        statuses = [(await client.get(CATALOG, headers=one)).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        refused = await client.get(CATALOG, headers=one)
        assert refused.json()["detail"].startswith("The key 'one' may ask 3 times a minute; the next may come in ")
        assert (await client.get(CATALOG, headers=other)).headers["ratelimit"].startswith('"minute";r=2;')
        # Who has no key takes nothing from the bucket of a key.
        assert (await client.get(CATALOG)).status_code == 401
        document = (await client.get("/openapi.json")).json()
        assert document["paths"][CATALOG]["get"]["security"] == [{"ApiKey": []}]
        assert {"401", "403", "429"} <= document["paths"][CATALOG]["get"]["responses"].keys()
        assert document["paths"]["/health/live"]["get"]["security"] == []
    async with serving(database) as client:
        document = (await client.get("/openapi.json")).json()
        # A client made of it can send a key, and need not.
        assert document["paths"][CATALOG]["get"]["security"] == [{}, {"ApiKey": []}]


async def test_a_network_of_ipv6_is_one_caller(serving: Client, facts_database: str) -> None:
    async with serving(facts_database, api_allow_anonymous=True, api_rate_limit=2) as client:
        statuses = []
        for address in ("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"):
            async with from_address(client, address, "http://metrics.example") as one:
                statuses.append((await one.get(CATALOG)).status_code)
        assert statuses == [200, 200, 429, 200]


async def test_a_rate_that_is_no_multiple_of_sixty(serving: Client, facts_database: str) -> None:
    """A caller at nine tenths of the rate is never refused, though a second brings a fraction of a request."""
    async with serving(facts_database, api_allow_anonymous=True, api_rate_limit=50) as client:
        limiter = RateLimit(client.app.state.ad_metrics.settings.api_rate_limit)
        now = 1000.0
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("throttled.utils.now_mono_f", lambda: now)
            for _ in range(200):
                now += 60 / 45
                assert not limiter._buckets.limit("caller").limited


@pytest.mark.parametrize("rate", [1, 7, 60, 600])
def test_a_caller_that_waits_as_long_as_told_is_not_refused(rate: int, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter, now = RateLimit(rate), 1000.3
    monkeypatch.setattr("throttled.utils.now_mono_f", lambda: now)

    def ask(times: int) -> None:
        for _ in range(times):
            limiter.count(Request({"type": "http", "answer_headers": {}}), "caller", "caller")

    for _ in range(3):
        with pytest.raises(TooManyRequests) as refused:
            ask(rate + 1)
        now += refused.value.retry_after
        ask(1)


async def test_who_has_no_key_is_told_whom_to_ask(
    serving: Client, database: str, connection: asyncpg.Connection
) -> None:
    key = await api_keys.create(connection, "old", "read")
    narrow = await api_keys.create(connection, "narrow", "read")
    await api_keys.revoke(connection, "old")
    async with serving(database, api_auth="required", ingest_http=True) as client:
        asked = [
            await client.get(CATALOG),
            await client.get(CATALOG, headers={"Authorization": "Bearer adm_1_x"}),
            await client.get(CATALOG, headers={"Authorization": f"Bearer {key}"}),
            await client.post("/v1/ingests", headers={"Authorization": f"Bearer {narrow}"}),
        ]
    assert [answer.status_code for answer in asked] == [401, 401, 401, 403]
    for answer in asked:
        assert "hoever runs this service" in answer.json()["detail"]
        assert "ad-metrics" not in answer.json()["detail"]
