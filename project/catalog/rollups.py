"""The grouping sets of rollups: the labelled dimensions, beside the day, by which facts are summed.

Their choice follows Harinarayan, Rajaraman, Ullman (1996): a set is worth its rows when many questions would otherwise
read a far larger one. The number of labels limits the rows of a small set, whatever the number of facts, so all sets of
up to two dimensions are cheap: 980 rows a day in the sample data, where a day may have 19,008 facts. A third dimension
multiplies them, so the triples are only those that people ask for. With them a day has at most 1,840 rows, an eighth of
the benchmark's 13,680 facts a day (`docs/benchmarks.md`). Reports read a new set after `ad-metrics rollups rebuild`.
"""

from dataclasses import dataclass
from itertools import combinations

from project.catalog.dimensions import LABELLED_DIMENSIONS


@dataclass(frozen=True, slots=True)
class GroupingSet:
    """Names of labelled dimensions, in the catalogue's order; the day always belongs to it."""

    dimensions: tuple[str, ...]

    @property
    def number(self) -> int:
        """The number of this set in stored rollups: the declared bits of its dimensions.

        A new dimension in the catalogue changes no number.
        """
        return sum(1 << dimension.bit for dimension in LABELLED_DIMENSIONS if dimension.name in self.dimensions)


_UP_TO_TWO = tuple(
    tuple(dimension.name for dimension in chosen)
    for size in range(3)
    for chosen in combinations(LABELLED_DIMENSIONS, size)
)
_TRIPLES = (
    ("platform", "placement", "device_type"),  # where the ad appeared: what Meta and Google break down together
    ("region", "age_range", "gender"),  # who saw it
    ("age_range", "gender", "platform"),  # who saw it, by platform
    ("region", "platform", "placement"),  # where it appeared, by region: small, as a placement has one platform or two
)

GROUPING_SETS = tuple(GroupingSet(dimensions) for dimensions in (*_UP_TO_TWO, *_TRIPLES))
"""All stored sets."""

BASES = tuple(
    GroupingSet(dimensions)
    for dimensions in (
        ("age_range", "gender", "platform", "placement", "device_type"),
        ("region", "platform", "placement", "device_type"),
        ("region", "age_range", "gender"),
    )
)
"""Sets that are summed from the facts, each a twentieth of their number; all stored sets are summed from these.

So the facts are read three times, and not once for each of 26 sets: 1.2 s instead of 4.3 for a month of 400,000.
"""

IN_ORDER = tuple(sorted({*BASES, *GROUPING_SETS}, key=lambda s: (-len(s.dimensions), s.number)))
"""All bases and stored sets; each comes after the one that it is summed from."""


def summed_from(grouping_set: GroupingSet) -> GroupingSet | None:
    """Return the smallest set from which a set is summed; None for a base, which is summed from the facts.

    Raises ValueError where no base covers the set.
    """
    if grouping_set in BASES:
        return None
    wider = [s for s in (*GROUPING_SETS, *BASES) if set(grouping_set.dimensions) < set(s.dimensions)]
    if not any(base in wider for base in BASES):
        raise ValueError(
            f"No base covers the grouping set {' × '.join(grouping_set.dimensions)};"
            " add a base that has all of its dimensions."
        )
    return min(wider, key=lambda s: len(s.dimensions))
