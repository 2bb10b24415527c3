"""Cached statements are what Tortoise compiles for the question itself, and save a good part of a request."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.query import rows
from project.query.filters import Filters
from project.query.keyset import SORTABLE, SortKey
from project.query.rows import COLUMNS, RowsQuestion, plan_rows, rows_queryset, rows_statement
from project.store.models import FactAdMetricsDaily
from project.store.postgres.statement_cache import compiled, statement
from project.store.warehouse.snapshot import known_labels
from tests.support.model import FACTS, LABELS

SORT = st.lists(
    st.builds(SortKey, st.sampled_from(SORTABLE), st.booleans()), max_size=3, unique_by=lambda key: key.name
).map(tuple)
LABEL_FILTERS = st.lists(
    st.sampled_from(sorted(LABELS)).flatmap(
        lambda name: st.tuples(
            st.just(name), st.lists(st.sampled_from(LABELS[name]), min_size=1, unique=True).map(tuple)
        )
    ),
    max_size=2,
    unique_by=lambda pair: pair[0],
).map(tuple)
POSITION = st.sampled_from(FACTS).map(
    lambda fact: (
        dict(
            zip(
                ("date_id", "region_id", "age_id", "gender_id", "platform_id", "placement_id", "device_type_id"),
                fact.key,
                strict=True,
            )
        )
        | {name: fact[name] for name in ("impressions", "clicks", "cost", "conversions", "likes")}
    )
)
FILTERS = st.builds(
    Filters,
    date_from=st.none() | st.just(FACTS[0]["date"]),
    date_to=st.none() | st.just(FACTS[-1]["date"]),
    include=LABEL_FILTERS,
    exclude=LABEL_FILTERS,
    minimum=st.sampled_from([(), (("clicks", 1),), (("clicks", 1), ("cost", FACTS[0]["cost"]))]),
    maximum=st.sampled_from([(), (("likes", 3),)]),
)


@given(filters=FILTERS, sort=SORT, limit=st.integers(1, 1000), after=st.none() | POSITION)
async def test_a_cached_statement_is_the_sql_of_its_queryset(
    client: httpx.AsyncClient, filters: Filters, sort: tuple[SortKey, ...], limit: int, after: dict[str, Any] | None
) -> None:
    await client.get("/v1/ad-metrics?limit=1")
    plan = plan_rows(RowsQuestion(filters, sort, limit, after), known_labels())
    cached = rows_statement(plan, limit + 1)
    expected = compiled(rows_queryset(plan).limit(limit + 1).values_list(*COLUMNS))
    assert (cached.sql, list(cached.values)) == expected


@pytest.mark.usefixtures("client")
def test_values_of_other_placeholders_are_refused() -> None:
    with pytest.raises(RuntimeError, match=r"take \[5\], not \[6\]"):
        statement("wrong", [6], lambda: FactAdMetricsDaily.filter(id=5).values_list("id"))


async def test_a_second_question_of_the_same_shape_builds_no_queryset(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await client.get("/v1/ad-metrics?min_clicks=1&max_likes=9&limit=3")
    monkeypatch.setattr(rows, "rows_queryset", None)
    second = await client.get("/v1/ad-metrics?min_clicks=2&max_likes=8&limit=4")
    assert (first.status_code, second.status_code) == (200, 200)
    assert len(second.json()["data"]) == 4


async def test_a_cached_statement_saves_building_a_queryset(client: httpx.AsyncClient) -> None:
    """The reason for the cache: without it, a tenth of a request would come on top of every one."""
    await client.get("/v1/ad-metrics?min_clicks=1&limit=3")
    plan = plan_rows(RowsQuestion(Filters(minimum=(("clicks", 1),))), known_labels())
    building = _fastest(lambda: compiled(rows_queryset(plan).limit(4).values_list(*COLUMNS)))
    assert building > 20 * _fastest(lambda: rows_statement(plan, 4))


def _fastest(run: Callable[[], object]) -> float:
    times = []
    for _ in range(20):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)
