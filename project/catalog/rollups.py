"""The grouping sets that rollups keep: by which labelled dimensions, beside the day, facts are summed.

Which ones follows Harinarayan, Rajaraman, Ullman (1996): a set is worth its rows when many questions would otherwise
read a far larger one. A set of few dimensions is bounded by the labels there are, whatever the number of facts, so all
sets of up to two cost next to nothing: 985 rows a day in the sample data, where a day may have 19,008 facts. A third
dimension multiplies, so only the triples that people ask for are kept. With all of them a day has 1,845 rows at most:
an eighth of the 13,680 facts a day that the benchmark has (`docs/benchmarks.md`). A set that is added
here has no rows yet, and is read from the first `ad-metrics rollups rebuild` on.
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
        """The number that rollups store for this set: the declared bit of each dimension that it keeps.

        A dimension that joins the catalogue changes no number.
        """
        return sum(1 << dimension.bit for dimension in LABELLED_DIMENSIONS if dimension.name in self.dimensions)


_UP_TO_TWO = tuple(
    tuple(dimension.name for dimension in chosen)
    for size in range(3)
    for chosen in combinations(LABELLED_DIMENSIONS, size)
)
_TRIPLES = (
    ("platform", "placement", "device_type"),  # where the ad stood: what Meta and Google break down together
    ("region", "age_range", "gender"),  # who saw it
    ("age_range", "gender", "platform"),  # … and through whom
    ("region", "platform", "placement"),  # … and where; a placement is of one platform or two, so this one is small
)

GROUPING_SETS = tuple(GroupingSet(dimensions) for dimensions in (*_UP_TO_TWO, *_TRIPLES))
"""All that are kept."""

BASES = tuple(
    GroupingSet(dimensions)
    for dimensions in (
        ("age_range", "gender", "platform", "placement", "device_type"),
        ("region", "platform", "placement", "device_type"),
        ("region", "age_range", "gender"),
    )
)
"""Sets that are summed from the facts themselves, a twentieth of them each; all kept ones can be summed from these.

So facts are read three times instead of once for each of 26 sets: 1.2 s instead of 4.3 for a month of 400,000.
"""


def summed_from(kept: GroupingSet) -> GroupingSet | None:
    """Return the smallest set that a set is summed from; None for a base, which is summed from the facts.

    Raises ValueError where no base covers the set.
    """
    if kept in BASES:
        return None
    wider = [one for one in (*GROUPING_SETS, *BASES) if set(kept.dimensions) < set(one.dimensions)]
    if not any(base in wider for base in BASES):
        raise ValueError(
            f"No base covers the grouping set {' × '.join(kept.dimensions)}; add a base that has all of its dimensions."
        )
    return min(wider, key=lambda one: len(one.dimensions))
