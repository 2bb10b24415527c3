"""What is compiled once for each shape of question is what Tortoise would compile for the question itself."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.query.filters import Filters
from project.query.keyset import SORTABLE, SortKey
from project.query.rows import COLUMNS, RowsQuestion, plan_rows, rows_queryset, rows_statement
from project.store.models import FactAdMetricsDaily
from project.store.postgres.statement_cache import compiled, statement
from project.store.warehouse.snapshot import known_labels
from tests.model import FACTS, LABELS

SORT = st.lists(
    st.builds(SortKey, st.sampled_from(SORTABLE), st.booleans()), max_size=3, unique_by=lambda key: key.name
).map(tuple)
KEEP = st.lists(
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
    include=KEEP,
    exclude=KEEP,
    minimum=st.sampled_from([(), (("clicks", 1),), (("clicks", 1), ("cost", FACTS[0]["cost"]))]),
    maximum=st.sampled_from([(), (("likes", 3),)]),
)


@given(filters=FILTERS, sort=SORT, limit=st.integers(1, 1000), after=st.none() | POSITION)
async def test_a_compiled_page_is_the_querysets_own_sql(
    client: httpx.AsyncClient, filters: Filters, sort: tuple[SortKey, ...], limit: int, after: dict[str, Any] | None
) -> None:
    await client.get("/v1/ad-metrics?limit=1")
    plan = plan_rows(RowsQuestion(filters, sort, limit, after), known_labels())
    made = rows_statement(plan, limit + 1)
    expected = compiled(rows_queryset(plan).limit(limit + 1).values_list(*COLUMNS))
    assert (made.sql, list(made.values)) == expected


@pytest.mark.usefixtures("client")
def test_values_that_are_not_the_placeholders_are_noticed() -> None:
    with pytest.raises(RuntimeError, match=r"take \[5\], not \[6\]"):
        statement("wrong", [6], lambda: FactAdMetricsDaily.filter(id=5).values_list("id"))
