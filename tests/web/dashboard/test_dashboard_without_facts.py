"""The page without facts, without tables, and without a key."""

import re

import asyncpg
import httpx

from project.commands import typed
from project.store import api_keys
from tests.conftest import Client


async def test_an_empty_database_shows_how_to_load(serving: Client, database: str) -> None:
    async with serving(database) as client:
        answer = await client.get("/")
    assert answer.status_code == 200
    assert "There are no facts yet" in answer.text
    assert f"<code>{typed('ad-metrics load export.csv')}</code>" in answer.text


async def test_a_database_without_tables_shows_what_to_run(serving: Client, server) -> None:
    async with serving(server.url("postgres")) as client:
        answer = await client.get("/?metric=cost")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert typed("ad-metrics db upgrade") in answer.text
    assert answer.headers["retry-after"] == "10"
    assert 'href="?metric=cost"' in answer.text


async def test_the_form_sets_the_key_for_the_session(serving: Client, facts_database: str) -> None:
    connection = await asyncpg.connect(facts_database)
    key = await api_keys.create(connection, "an analyst", "ingest")
    async with serving(facts_database, api_auth="required", ingest_http=True) as client:
        form = await client.get("/?metric=ctr")
        assert form.status_code == 401
        assert form.headers["www-authenticate"].startswith("Bearer")
        assert 'action="key?metric=ctr"' in form.text
        assert "facebook" not in form.text
        refused = await client.post("/key?metric=ctr", data={"key": "adm_1_" + "x" * 43})
        assert refused.status_code == 401
        # Who asks need not be who runs the service.
        assert "There is no such key. Ask whoever runs this service for a key." in refused.text
        assert "ad-metrics keys" not in refused.text
        assert "set-cookie" not in refused.headers
        accepted = await client.post("/key?metric=ctr", data={"key": f" {key} "})
        assert (accepted.status_code, accepted.headers["location"]) == (303, "./?metric=ctr")
        cookie = accepted.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Path=/;" in cookie
        assert not re.search("max-age|expires", cookie, re.IGNORECASE)
        # The cookie opens the page, its pictures and files, but writes nothing.
        assert (await client.get("/?metric=ctr")).status_code == 200
        assert (await client.get("/v1/ad-metrics?format=csv")).status_code == 200
        assert (await client.post("/v1/ingests", content=b"x")).status_code == 401
        # A page of another site can neither delete nor replace it.
        cross_site = await client.post("/key", data={"key": ""}, headers={"Sec-Fetch-Site": "cross-site"})
        assert (cross_site.status_code, cross_site.headers.get("set-cookie")) == (403, None)
        deleted = await client.post("/key", data={"key": ""}, headers={"Sec-Fetch-Site": "same-origin"})
        assert deleted.status_code == 303
        assert (await client.get("/")).status_code == 401
        await api_keys.revoke(connection, "an analyst")
    await connection.close()


async def test_over_tls_the_cookie_is_for_tls_only(serving: Client, facts_database: str) -> None:
    connection = await asyncpg.connect(facts_database)
    key = await api_keys.create(connection, "another analyst", "read")
    async with serving(facts_database, api_auth="required") as client:
        transport = client._transport
        async with httpx.AsyncClient(transport=transport, base_url="https://localhost") as secure:
            accepted = await secure.post("/key", data={"key": key})
            assert "Secure" in accepted.headers["set-cookie"]
    await api_keys.revoke(connection, "another analyst")
    await connection.close()


async def test_without_keys_there_is_no_form_for_one(serving: Client, facts_database: str) -> None:
    async with serving(facts_database) as client:
        assert (await client.post("/key", data={"key": "x"})).status_code == 404
