"""Facets: how many facts, impressions and how much cost each label of a dimension has, under the common filters."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tortoise.functions import Count, Sum

from project.catalog import DATE, KEYS
from project.query.filters import Condition, Filters, matching, plan_filters
from project.query.rollup_choice import Source, choose_source
from project.store.postgres.statement_cache import Statement, statement
from project.store.warehouse.labels import Labels
from project.store.warehouse.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Facet:
    """The totals of the facts with one label."""

    facts: int = 0
    impressions: int = 0
    cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class FacetsPlan:
    """Which dimension's labels to count, in which source."""

    dimension: str
    source: Source
    conditions: tuple[Condition, ...]


def plan_facets(dimension: str, filters: Filters, labels: Labels) -> FacetsPlan:
    """Resolve labels to ids and choose the source; bounds of single facts can only be read from the facts.

    Raises InvalidRequest where a label has gone since the question was validated.
    """
    required_dimensions = {dimension, *filters.dimensions} - {DATE.name}
    source = choose_source(required_dimensions, labels, facts_only=bool(filters.bounded))
    return FacetsPlan(dimension, source, (*source.conditions, *plan_filters(filters, labels)))


def facets_statement(plan: FacetsPlan) -> Statement:
    """Return the SQL of the sums by label."""
    key = KEYS[plan.dimension]
    facts = Sum("facts") if plan.source.grouping_set else Count("id")
    shape = ("facets", plan.source.name, key, *(condition.shape for condition in plan.conditions))
    values = [value for condition in plan.conditions for value in condition.values]
    return statement(
        shape,
        values,
        lambda: (
            plan.source.model.filter(matching(plan.conditions))
            # Sums have other names than their columns: a condition on a column would become one on its sum.
            .annotate(all_facts=facts, all_impressions=Sum("impressions"), all_cost=Sum("cost"))
            .group_by(key)
            .values(key, "all_facts", "all_impressions", "all_cost")
        ),
    )


async def fetch_facets(plan: FacetsPlan, snapshot: Snapshot) -> Mapping[int, Facet]:
    """Return the facets by the labels' ids; a label without facts is left out."""
    return {
        id_: Facet(int(facts), int(impressions), Decimal(cost))
        for id_, facts, impressions, cost, *_ in await snapshot.fetch(facets_statement(plan))
    }
