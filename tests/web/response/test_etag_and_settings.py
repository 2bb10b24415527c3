"""An answer that shows a setting is another one after the setting has changed."""

import pytest

from tests.conftest import Client


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/v1/reports?group_by=month&format=svg", marks=pytest.mark.slow),
        "/v1/ad-metrics?format=csv",
        "/v1/catalog",
    ],
)
async def test_a_setting_that_an_answer_shows_changes_its_tag(serving: Client, facts_database: str, path: str) -> None:
    tags = []
    for currency in ("USD", "EUR"):
        async with serving(facts_database, currency=currency) as client:
            tags.append((await client.get(path)).headers["etag"])
            known = await client.get(path, headers={"If-None-Match": tags[0]})
            assert known.status_code == (304 if currency == "USD" else 200)
    assert tags[0] != tags[1]
