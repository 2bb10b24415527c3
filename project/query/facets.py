"""Facets: how many facts, impressions and how much cost each label of a dimension has, under the common filters."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tortoise.functions import Count, Sum

from project.catalog import DATE, DIMENSIONS
from project.query.filters import Condition, Filters, matching, plan_filters
from project.query.rollup_choice import Source, source_for
from project.store.postgres.statement_cache import Statement, statement
from project.store.warehouse.labels import Labels
from project.store.warehouse.snapshot import Snapshot

_KEYS = {dimension.name: dimension.key for dimension in DIMENSIONS}


@dataclass(frozen=True, slots=True)
class Facet:
    """What the facts with one label come to."""

    facts: int = 0
    impressions: int = 0
    cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class FacetsPlan:
    """Which dimension's labels, and what to sum. Bounds of single facts' measures can only be read from the facts."""

    dimension: str
    source: Source
    conditions: tuple[Condition, ...]


def plan_facets(dimension: str, filters: Filters, labels: Labels) -> FacetsPlan:
    """Resolve names to numbers and choose the source. InvalidRequest where a label has gone since it was checked."""
    told_apart = {dimension, *(name for name, _ in (*filters.keep, *filters.drop))} - {DATE.name}
    source = source_for(told_apart, labels, facts_only=bool(filters.at_least or filters.at_most))
    return FacetsPlan(dimension, source, (*source.conditions, *plan_filters(filters, labels)))


def facets_statement(plan: FacetsPlan) -> Statement:
    """Return the SQL of the sums by label."""
    key = _KEYS[plan.dimension]
    counted = Sum("facts") if plan.source.grouping_set else Count("id")
    shape = ("facets", plan.source.name, key, *((one.column, one.operator, len(one.values)) for one in plan.conditions))
    values = [value for condition in plan.conditions for value in condition.values]
    return statement(
        shape,
        values,
        lambda: (
            plan.source.model.filter(matching(plan.conditions))
            # Not by the columns' own names: a condition on one would become one on its sum.
            .annotate(all_facts=counted, all_impressions=Sum("impressions"), all_cost=Sum("cost"))
            .group_by(key)
            .values(key, "all_facts", "all_impressions", "all_cost")
        ),
    )


async def fetch_facets(plan: FacetsPlan, snapshot: Snapshot) -> Mapping[int, Facet]:
    """Return the facets by the labels' numbers; a label without facts is left out."""
    return {
        number: Facet(int(facts), int(impressions), Decimal(cost))
        for number, facts, impressions, cost in await snapshot.fetch(facets_statement(plan))
    }
