"""The choice of a source: the smallest rollup that covers a question, or the facts."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from math import prod

from project.catalog import GROUPING_SETS, GroupingSet
from project.query.filters import Condition
from project.store.models import FactAdMetricsDaily, RollupAdMetricsDaily
from project.store.warehouse.labels import Labels


@dataclass(frozen=True, slots=True)
class Source:
    """What is summed: the rollup of one grouping set, or the facts, which have none."""

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
        """What selects its rows of the table."""
        return (Condition("grouping_set", "in", (self.grouping_set.number,)),) if self.grouping_set else ()


def choose_source(dimensions: AbstractSet[str], labels: Labels, *, facts_only: bool = False) -> Source:
    """Return the smallest grouping set that has these labelled dimensions, or the facts where none has.

    The size of a set is how many combinations of labels its rows can have.
    """
    covering = [grouping_set for grouping_set in GROUPING_SETS if dimensions <= set(grouping_set.dimensions)]
    stored = [grouping_set for grouping_set in covering if grouping_set.number in labels.grouping_sets]
    if facts_only or not stored:
        return Source(None)
    return Source(min(stored, key=lambda grouping_set: _size(grouping_set, labels)))


def _size(grouping_set: GroupingSet, labels: Labels) -> int:
    return prod(len(labels[name].labels) for name in grouping_set.dimensions)
