"""The catalogue: dimensions, metrics, date grains, date presets and rollups, declared as data.

Parameters, filters, documentation and tests derive from these declarations. A new formula is one entry in `metrics`.
"""

from project.catalog.dates import DATE_PRESETS, date_id, date_of
from project.catalog.dimensions import (
    DATE,
    DIMENSION_NAMES,
    DIMENSIONS,
    FACT_TABLE,
    KEYS,
    LABELLED_DIMENSIONS,
    LABELLED_NAMES,
    NATURAL_KEY,
    NOT_SET,
    ROLLUP_TABLE,
    Dimension,
)
from project.catalog.grains import GRAINS, Grain, coarser_than
from project.catalog.metrics import (
    FORMULAS,
    KEY_METRICS,
    MEASURE_NAMES,
    MEASURES,
    METRICS,
    ROUNDED,
    Formula,
    Measure,
    Number,
)
from project.catalog.rollups import BASES, GROUPING_SETS, IN_ORDER, GroupingSet, summed_from

RECORD = (*DIMENSION_NAMES, *MEASURE_NAMES)
"""The fields of a record, in the order of the schema."""

__all__ = [
    "BASES", "DATE", "DATE_PRESETS", "DIMENSIONS", "DIMENSION_NAMES", "FACT_TABLE", "FORMULAS", "GRAINS",
    "GROUPING_SETS", "IN_ORDER", "KEYS", "KEY_METRICS", "LABELLED_DIMENSIONS", "LABELLED_NAMES", "MEASURES",
    "MEASURE_NAMES", "METRICS", "NATURAL_KEY", "NOT_SET", "RECORD", "ROLLUP_TABLE", "ROUNDED", "Dimension", "Formula",
    "Grain", "GroupingSet", "Measure", "Number", "coarser_than", "date_id", "date_of", "summed_from",
]  # fmt: skip
