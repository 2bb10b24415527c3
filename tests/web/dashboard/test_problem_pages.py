"""The type of a problem is an address that explains it."""

import http

import httpx
import pytest

from project.web.response.problem_types import EXPLANATIONS
from project.web.response.problems import PROBLEMS
from tests.conftest import Client

CODES = {problem.code for problem in PROBLEMS.values()} | {"head-too-large", "head-too-slow"}


async def test_every_type_explains_itself(serving: Client, facts_database: str) -> None:
    """Also those of errors that Starlette raises; without a key."""
    statuses = [status for status in http.HTTPStatus if status >= 400]
    async with serving(facts_database, api_auth="required") as client:
        for code in sorted(CODES | {status.phrase.lower().replace(" ", "-") for status in statuses}):
            page = await client.get(f"/problems/{code}")
            assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8"), code
            answer = await client.get(f"/problems/{code}", headers={"Accept": "application/json"})
            explanation = answer.json()
            assert explanation["code"] == code
            assert 400 <= explanation["status"] < 600
            for text in (explanation["meaning"], explanation["remedy"]):
                assert text.endswith(".")
                # A page of a path: what it names is not below the root of the host.
                assert " /" not in text


def test_every_type_of_ours_has_texts_of_its_own() -> None:
    texts = {EXPLANATIONS[code].meaning for code in CODES}
    assert len(texts) == len(CODES)
    for problem in PROBLEMS.values():
        assert EXPLANATIONS[problem.code].status == problem.status


async def test_an_unknown_type_names_those_like_it(client: httpx.AsyncClient) -> None:
    page = await client.get("/problems/sever-full")
    assert page.status_code == 404
    assert '<a href="/problems/server-full">' in page.text
    # Its own links work from where it is.
    assert 'href="../static/page.css' in page.text
    problem = await client.get("/problems/sever-full", headers={"Accept": "application/json"})
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["suggestions"][0] == "/problems/server-full"


@pytest.mark.parametrize("path", ["/nowhere", "/v1/ad-metrics?limit=0", "/v1/dimensions/x"])
async def test_a_problem_leads_to_its_explanation(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get((await client.get(path)).json()["type"])).status_code == 200
