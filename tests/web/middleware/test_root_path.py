"""The prefix of `uvicorn --root-path`, spelled in any way, which a proxy has removed or kept."""

import httpx
import pytest


@pytest.mark.parametrize("root_path", ["/adm", "adm", "/adm/", "/a/dm"])
@pytest.mark.parametrize("kept", [False, True])
async def test_a_prefix_means_the_same_everywhere(client: httpx.AsyncClient, root_path: str, kept: bool) -> None:
    prefix = "/" + root_path.strip("/")

    async def application(scope: dict, receive: object, send: object) -> None:
        # As uvicorn does it.
        path = (prefix if kept else "") + scope["path"]
        await client.app(scope | {"root_path": root_path, "path": root_path + path}, receive, send)

    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as remote:
        entries = (await remote.get("/v1/dimensions")).json()["data"]
        assert [entry["href"] for entry in entries][:2] == [
            f"{prefix}/v1/dimensions/{name}" for name in ("date", "region")
        ]
        problem = (await remote.get("/v1/dimension")).json()
        assert problem["type"] == f"{prefix}/problems/not-found"
        assert problem["instance"] == f"{prefix}/v1/dimension"
        assert problem["suggestions"] == [f"{prefix}/v1/dimensions"]
        assert (await remote.get("/")).status_code == 200
        assert (await remote.get("/static/page.css")).status_code == 200


async def test_a_path_that_only_begins_like_the_prefix_is_another(client: httpx.AsyncClient) -> None:
    transport = httpx.ASGITransport(client.app, root_path="/v")
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as remote:
        assert (await remote.get("/v1/dimensions")).json()["data"][0]["href"] == "/v/v1/dimensions/date"


async def test_the_prefix_alone_leads_to_the_page(client: httpx.AsyncClient) -> None:
    transport = httpx.ASGITransport(client.app, root_path="/adm")
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as remote:
        answer = await remote.get("/adm?metric=ctr")
        assert (answer.status_code, answer.headers["location"]) == (308, "/adm/?metric=ctr")
        assert answer.headers["x-request-id"]
        assert answer.headers["cache-control"] == "no-store"
