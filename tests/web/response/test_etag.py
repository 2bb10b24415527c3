import httpx
import time_machine

ROWS = "/v1/ad-metrics"


async def test_an_unchanged_answer_is_not_sent_twice(client: httpx.AsyncClient) -> None:
    for path in (ROWS, f"{ROWS}/1", "/v1/dimensions", "/v1/dimensions/region", "/v1/catalog"):
        first = await client.get(path, headers={"Accept-Encoding": "identity"})
        assert first.status_code == 200
        assert first.headers["cache-control"] == "no-cache"
        for known in (first.headers["etag"], f"W/{first.headers['etag']}", f'"x", {first.headers["etag"]}'):
            second = await client.get(path, headers={"If-None-Match": known})
            assert second.status_code == 304
            assert second.content == b""
            # A client that has a compressed answer has the weak tag.
            assert second.headers["etag"] == known.removeprefix('"x", ')
        assert (await client.get(path, headers={"If-None-Match": '"x"'})).status_code == 200


async def test_other_questions_have_other_tags(client: httpx.AsyncClient) -> None:
    queries = ["", "?limit=5", "?fields=id", "?expand=region", "?sort=-cost", "?platform=tiktok", "?count=true"]
    tags = {(await client.get(ROWS + query)).headers["etag"] for query in queries}
    assert len(tags) == len(queries)


async def test_a_preset_means_other_days_tomorrow(client: httpx.AsyncClient) -> None:
    tags = []
    for day in ("2024-03-10", "2024-03-11"):
        with time_machine.travel(f"{day}T12:00:00Z", tick=True):
            tags.append((await client.get(f"{ROWS}?date_preset=last_7d")).headers["etag"])
    assert tags[0] != tags[1]
