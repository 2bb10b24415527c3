"""The vocabulary of the service, declared as data: what can be asked for, filtered by and loaded.

Parameters, filters, documentation and tests derive from these declarations. Adding a metric is one entry here.
"""

from project.catalog.dates import DATE_PRESETS, date_id, date_of
from project.catalog.dimensions import DATE, DIMENSIONS, LABELLED_DIMENSIONS, NATURAL_KEY, NOT_SET, Dimension
from project.catalog.grains import GRAINS, Grain, coarser_than
from project.catalog.metrics import FORMULAS, MEASURES, METRICS, ROUNDED, Formula, Measure, Number
from project.catalog.rollups import BASES, GROUPING_SETS, GroupingSet, summed_from

__all__ = [
    "BASES",
    "DATE",
    "DATE_PRESETS",
    "DIMENSIONS",
    "FORMULAS",
    "GRAINS",
    "GROUPING_SETS",
    "LABELLED_DIMENSIONS",
    "MEASURES",
    "METRICS",
    "NATURAL_KEY",
    "NOT_SET",
    "ROUNDED",
    "Dimension",
    "Formula",
    "Grain",
    "GroupingSet",
    "Measure",
    "Number",
    "coarser_than",
    "date_id",
    "date_of",
    "summed_from",
]
