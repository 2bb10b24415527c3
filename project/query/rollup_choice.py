"""Sources: what a report is read from, the smallest rollup that covers it or the facts."""

from collections.abc import Collection
from dataclasses import dataclass
from math import prod

from project.catalog import GROUPING_SETS, GroupingSet
from project.query.filters import Condition
from project.store.models import FactAdMetricsDaily, RollupAdMetricsDaily
from project.store.warehouse.labels import Labels


@dataclass(frozen=True, slots=True)
class Source:
    """A table to sum, and what makes its rows those of one grouping set; without a set it is the facts."""

    grouping_set: GroupingSet | None

    @property
    def model(self) -> type[FactAdMetricsDaily] | type[RollupAdMetricsDaily]:
        """The table."""
        return RollupAdMetricsDaily if self.grouping_set else FactAdMetricsDaily

    @property
    def name(self) -> str:
        """What an answer calls it."""
        return "rollup" if self.grouping_set else "facts"

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What its rows have in common."""
        return (Condition("grouping_set", "in", (self.grouping_set.number,)),) if self.grouping_set else ()


def source_for(dimensions: Collection[str], labels: Labels, *, facts_only: bool = False) -> Source:
    """Return the smallest grouping set that tells these labelled dimensions apart, or the facts where none does.

    A set is as small as few combinations of labels its rows can have.
    """
    there = [kept for kept in GROUPING_SETS if kept.number in labels.grouping_sets]
    covering = [kept for kept in there if set(dimensions) <= set(kept.dimensions)]
    if facts_only or not covering:
        return Source(None)
    return Source(min(covering, key=lambda kept: prod(len(labels[name].names) for name in kept.dimensions)))
