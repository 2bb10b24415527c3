"""`/v1/views` and `/views/{name}`: the page's queries under names."""

import asyncio
import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import parse_qsl, urlencode

import asyncpg
import pytest
from httpx import AsyncClient
from hypothesis import given, settings
from hypothesis import strategies as st

from project.catalog import DATE_PRESETS, METRICS
from project.store import api_keys
from project.web.middleware.size_limits import LARGEST_BODY
from tests.conftest import Client, with_facts
from tests.web.middleware.test_loopback_only import from_address

WEEKLY = {"title": "Weekly spend", "query": "date_preset=last_week&metric=cost&group_by=platform"}
VIEW = "/v1/views/weekly-spend"


async def names(client: AsyncClient) -> list[str]:
    return [view["name"] for view in (await client.get("/v1/views")).json()["data"]]


async def test_a_view_is_made_shown_changed_and_deleted(serving: Client, database: str) -> None:
    async with serving(await with_facts(database)) as client:
        made = await client.put(VIEW, json=WEEKLY | {"query": f"?{WEEKLY['query']}&platform="})
        assert (made.status_code, made.headers["location"]) == (201, VIEW)
        assert made.json()["data"] | WEEKLY == made.json()["data"]
        shown = await client.get(VIEW)
        assert (shown.json(), shown.headers["etag"]) == (made.json(), made.headers["etag"])
        assert (await client.get(VIEW, headers={"If-None-Match": shown.headers["etag"]})).status_code == 304
        page = await client.get("/views/weekly-spend")
        assert (page.status_code, page.headers["location"]) == (302, f"/?{WEEKLY['query']}&view=weekly-spend")
        again = await client.put(VIEW, json=WEEKLY)
        assert (again.status_code, again.json()) == (200, made.json())
        changed = await client.put(VIEW, json=WEEKLY | {"title": "Spend, weekly"})
        assert changed.json()["data"]["changed_at"] > made.json()["data"]["changed_at"]
        assert changed.headers["etag"] != made.headers["etag"]
        await client.put("/v1/views/a", json={"title": "zebra", "query": ""})
        assert await names(client) == ["weekly-spend", "a"]
        assert (await client.delete(VIEW)).status_code == 204
        assert await names(client) == ["a"]
        gone = await client.get("/v1/views/b")
        assert (gone.status_code, gone.json()["detail"][:22]) == (404, "No view is called 'b';")
        assert (await client.get("/views/aa", headers={"Accept": "text/html"})).status_code == 404


async def test_the_page_of_a_view_has_its_title(serving: Client, database: str) -> None:
    async with serving(await with_facts(database)) as client:
        await client.put(VIEW, json=WEEKLY | {"title": "Spend & more"})
        opened = (await client.get("/views/weekly-spend")).headers["location"]
        page = (await client.get(opened)).text
        assert "<h1>Spend &amp; more</h1><p>Cost by platform, " in page
        assert "<title>Spend &amp; more, " in page
        assert "Changed" not in page
        # All its links stay pages of the view, in which something was changed.
        for name, value in (("date_preset", "maximum"), ("compare_to", "previous_year")):
            links = (html.unescape(link) for link in re.findall(r'href="(\?[^"]+)"', page))
            [link, *_] = [link for link in links if f"{name}={value}" in link]
            changed = (await client.get(f"/{link}")).text
            assert "<h1>Spend &amp; more</h1>" in changed, link
            assert "<title>Spend &amp; more (changed), " in changed
            assert '<a href="views/weekly-spend">Undo the changes</a>' in changed
        # The same question in other words is the same view.
        same = (await client.get(f"{opened}&compare_to=previous_period&limit=15")).text
        assert "Changed" not in same
        # A view of what is shown does not say where it came from, and a title that changes is shown at once.
        stored = await client.put(VIEW, json={"title": "Spend", "query": opened.partition("?")[2]})
        assert stored.json()["data"]["query"] == WEEKLY["query"]
        assert "<h1>Spend</h1>" in (await client.get(opened)).text
        await client.delete(VIEW)
        assert "<h1>Cost by platform</h1>" in (await client.get(opened)).text


async def test_of_two_requests_at_once_that_make_a_view_one_does(serving: Client, database: str) -> None:
    url = await with_facts(database)
    other = await asyncpg.connect(url)
    async with serving(url) as client:
        async with other.transaction():
            # As another request does.
            await other.execute("INSERT INTO saved_view VALUES ('weekly-spend', 'Theirs', '')")
            putting = asyncio.create_task(client.put(VIEW, json=WEEKLY, headers={"If-None-Match": "*"}))
            while not await other.fetchval("SELECT true FROM pg_locks WHERE NOT granted LIMIT 1"):
                await asyncio.sleep(0.02)
        assert (await putting).status_code == 412
        assert (await client.get(VIEW)).json()["data"]["title"] == "Theirs"
    await other.close()


async def test_a_body_that_is_too_large_is_refused_as_such(serving: Client, database: str) -> None:
    async with serving(await with_facts(database)) as client:
        refused = await client.put(VIEW, json=WEEKLY | {"query": "x" * LARGEST_BODY})
    assert (refused.status_code, refused.json()["detail"]) == (
        413,
        f"{VIEW} takes no body of more than 65,536 bytes, or of a length that is not declared.",
    )


async def test_a_change_of_what_somebody_changed_meanwhile_is_refused(serving: Client, database: str) -> None:
    async with serving(await with_facts(database)) as client:
        refused = await client.put(VIEW, json=WEEKLY, headers={"If-Match": "*"})
        assert (refused.status_code, refused.json()["type"]) == (412, "/problems/precondition-failed")
        first = await client.put(VIEW, json=WEEKLY, headers={"If-None-Match": "*"})
        assert first.status_code == 201
        assert (await client.put(VIEW, json=WEEKLY, headers={"If-None-Match": "*"})).status_code == 412
        held = {"If-Match": first.headers["etag"]}
        assert (await client.put(VIEW, json=WEEKLY | {"title": "Mine"}, headers=held)).status_code == 200
        assert (await client.put(VIEW, json=WEEKLY | {"title": "Theirs"}, headers=held)).status_code == 412
        assert (await client.delete(VIEW, headers=held)).status_code == 412
        assert (await client.get(VIEW)).json()["data"]["title"] == "Mine"
        assert (await client.delete(VIEW, headers={"If-Match": "*"})).status_code == 204


async def test_a_view_that_subscriptions_send_is_not_deleted(
    serving: Client, database: str, connection: asyncpg.Connection
) -> None:
    async with serving(await with_facts(database)) as client:
        assert (await client.put(VIEW, json=WEEKLY)).status_code == 201
        for _ in range(2):
            await connection.execute(
                "INSERT INTO subscription (view, cron, targets, slot) VALUES ($1, '@daily', '{a@b.de}', now())",
                VIEW.rpartition("/")[2],
            )
        refused = await client.delete(VIEW)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/in-use")
        assert "is sent by subscriptions 1, 2; first `" in refused.json()["detail"]
        assert "subscriptions remove 2`." in refused.json()["detail"]
        assert (await client.get(VIEW)).status_code == 200


async def test_editing_needs_a_key_of_that_scope(
    serving: Client, database: str, connection: asyncpg.Connection
) -> None:
    async with serving(await with_facts(database), api_auth="required") as client:
        read, edit, ingest = [
            {"Authorization": f"Bearer {await api_keys.create(connection, scope, scope)}"} for scope in api_keys.SCOPES
        ]
        assert (await client.put(VIEW, json=WEEKLY)).status_code == 401
        assert (await client.put(VIEW, json=WEEKLY, headers=read)).status_code == 403
        assert (await client.put(VIEW, json=WEEKLY, headers=edit)).status_code == 201
        assert (await client.put(VIEW, json=WEEKLY, headers=ingest)).status_code == 200
        assert (await client.get(VIEW, headers=read)).status_code == 200
        # The page's cookie counts too: browsers send it with no PUT of another site.
        cookie = {"Cookie": f"ad_metrics_key={edit['Authorization'].removeprefix('Bearer ')}"}
        assert (await client.delete(VIEW, headers=cookie)).status_code == 204


async def test_without_keys_only_this_machine_edits(serving: Client, facts_database: str) -> None:
    async with (
        serving(facts_database, api_allow_anonymous=True) as client,
        from_address(client, "203.0.113.9", "https://metrics.example") as other,
    ):
        refused = await other.put(VIEW, json=WEEKLY)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/loopback-only")
        assert "--scope edit" in refused.json()["detail"]
        assert (await other.get("/v1/views")).status_code == 200


@pytest.fixture(scope="module")
async def client(serving: Client, new_database: Callable[[], Awaitable[str]]) -> AsyncIterator[AsyncClient]:
    """A client of a service whose views the tests may change. The tests above make services of their own."""
    async with serving(await with_facts(await new_database())) as client:
        yield client


@pytest.mark.parametrize(
    ("name", "body", "faults"),
    [
        ("Weekly Spend", WEEKLY, {"name"}),
        ("a", {"title": " ", "query": ""}, {"title"}),
        ("a", {"title": "a\nb", "query": "metric=costs&platform=facebok"}, {"title", "query.metric", "query.platform"}),
        ("a", WEEKLY | {"query": "since=2024-01-01&metrics=cost"}, {"query.since", "query.metrics"}),
        ("a", WEEKLY | {"query": "region=" + "x" * 9000}, {"query", "query.region"}),
        ("a", WEEKLY | {"owner": "me"}, {"owner"}),
        ("a", {"title": "A"}, {"query"}),
        ("a", ["A"], {"body"}),
    ],
)
async def test_what_the_page_would_refuse_is_refused(
    client: AsyncClient, name: str, body: object, faults: set[str]
) -> None:
    answer = await client.put(f"/v1/views/{name}", json=body)
    assert answer.status_code == 422
    assert {fault["parameter"] for fault in answer.json()["errors"]} == faults
    assert await names(client) == []


async def test_a_body_that_is_no_json_is_refused(client: AsyncClient) -> None:
    answer = await client.put("/v1/views/a", content=b'{"title')
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, "body")
    answer = await client.post("/v1/views/a", json=WEEKLY)
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, PUT")
    assert (await client.get("/v1/views/%00")).status_code == 404


QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "metric": st.sampled_from(sorted(METRICS)),
        "date_preset": st.sampled_from(sorted(DATE_PRESETS)),
        "platform": st.sampled_from(["instagram", "facebook,instagram"]),
        "limit": st.integers(1, 1000),
        "unknown": st.just(""),
    },
)


@settings(max_examples=settings.default.max_examples // 3)
@given(
    query=QUERIES,
    title=st.text(
        st.characters(categories=["L", "N", "S", "P"], exclude_characters="\u3164\u115f"), min_size=1, max_size=30
    ),
)
async def test_a_view_gives_back_what_was_saved(client: AsyncClient, query: dict[str, object], title: str) -> None:
    answer = await client.put("/v1/views/any", json={"title": title, "query": urlencode(query)})
    assert answer.status_code in (200, 201)
    view = (await client.get("/v1/views/any")).json()["data"]
    assert view["title"] == title
    assert dict(parse_qsl(view["query"])) == {name: str(value) for name, value in query.items() if value != ""}
    assert (await client.get(f"/?{view['query']}")).status_code == 200
    await client.delete("/v1/views/any")


async def test_the_page_of_all_views(client: AsyncClient) -> None:
    await client.put(VIEW, json={"title": "Weekly <spend>", "query": "date_preset=last_week"})
    page = await client.get("/views")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert '<a href="views/weekly-spend">Weekly &lt;spend&gt;</a>' in page.text
    assert 'subscribe weekly-spend --cron "0 7 * * mon"' in html.unescape(page.text)
    assert (await client.get("/views?x=1", headers={"Accept": "text/html"})).status_code == 422
    await client.delete(VIEW)
