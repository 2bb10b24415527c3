"""The vocabulary of the service, declared as data: what can be asked for, filtered by and loaded.

Parameters, filters, documentation and tests derive from these declarations. Adding a metric is one entry here.
"""

from project.catalog.dates import DATE_PRESETS, date_id, date_of
from project.catalog.dimensions import DATE, DIMENSIONS, LABELLED_DIMENSIONS, NATURAL_KEY, NOT_SET, Dimension
from project.catalog.metrics import FORMULAS, MEASURES, Formula, Measure

__all__ = [
    "DATE",
    "DATE_PRESETS",
    "DIMENSIONS",
    "FORMULAS",
    "LABELLED_DIMENSIONS",
    "MEASURES",
    "NATURAL_KEY",
    "NOT_SET",
    "Dimension",
    "Formula",
    "Measure",
    "date_id",
    "date_of",
]
