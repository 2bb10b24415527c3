"""Rollups of facts in memory, to be copied; PostgreSQL sums and inserts them in three times the time."""

import pyarrow as pa
import pyarrow.compute as pc

from project.catalog import DATE, GROUPING_SETS, IN_ORDER, KEYS, MEASURES, GroupingSet, summed_from
from project.store.warehouse.rollups import COLUMNS, SUMS


def rollup_rows(facts: pa.Table) -> pa.Table | None:
    """Return the rollups of all days of the facts, in the order of their keys.

    None where a sum may be larger than its column: Arrow's would wrap around.
    """
    for measure in MEASURES:
        if (pc.max(facts[measure.name]).as_py() or 0) * facts.num_rows >= measure.bound:
            return None
    facts = facts.append_column("facts", pa.repeat(pa.scalar(1, pa.int64()), facts.num_rows))
    sums: dict[GroupingSet | None, pa.Table] = {None: facts}
    for grouping_set in IN_ORDER:
        groups = sums[summed_from(grouping_set)].group_by(_keys(grouping_set))
        summed = groups.aggregate([(name, "sum") for name in SUMS])
        sums[grouping_set] = summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names])
    ordered = sorted(GROUPING_SETS, key=lambda grouping_set: grouping_set.number)
    return pa.concat_tables([_rows(grouping_set, sums[grouping_set]) for grouping_set in ordered])


def _keys(grouping_set: GroupingSet) -> list[str]:
    return [DATE.key, *(KEYS[name] for name in grouping_set.dimensions)]


def _rows(grouping_set: GroupingSet, sums: pa.Table) -> pa.Table:
    ordered = sums.sort_by([(key, "ascending") for key in _keys(grouping_set)])
    number, zero = (pa.repeat(pa.scalar(value, pa.int32()), sums.num_rows) for value in (grouping_set.number, 0))
    columns = {name: ordered[name] if name in sums.column_names else zero for name in COLUMNS}
    return pa.table(columns | {"grouping_set": number})
