"""The dimensions: the attributes of a fact.

A new dimension needs an entry with the next unused bit, its model, a migration and its columns in the load presets.
"""

from dataclasses import dataclass

NOT_SET = "(not set)"
"""The label of a blank dimension cell, as Google Analytics writes it."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """One dimension.

    `name` is the parameter and JSON key. `table` has its labels in the column `label`, and their ids in `key`; `key` is
    also its column in the facts, and `relation` its field on the fact model.

    `bit` marks the dimension in the stored number of every grouping set that contains it (`GroupingSet.number`). A bit
    is never changed or reused, since stored rollups would change their meaning. Bits 0 to 5 have been used, before
    migration 5.

    `within` is the dimension that tells equal labels apart: the placement `search` of Google is not that of TikTok.
    """

    name: str
    table: str
    key: str
    label: str
    relation: str
    description: str
    example: str
    bit: int = 0
    within: str = ""


DATE = Dimension("date", "dim_date", "date_id", "date_value", "date", "The day the ad was shown.", "2024-03-01")
"""The day. It has no bit: every grouping set contains it."""

LABELLED_DIMENSIONS = (
    Dimension(
        "region", "dim_region", "region_id", "region_name", "region",
        "Where the viewer was, as the platform names it.", "California", bit=11,
    ),
    Dimension(
        "age_range", "dim_age_group", "age_id", "age_range", "age",
        "The viewer's age range.", "25-34", bit=10,
    ),
    Dimension(
        "gender", "dim_gender", "gender_id", "gender_name", "gender",
        "The viewer's gender, as the platform knows it.", "female", bit=9,
    ),
    Dimension(
        "platform", "dim_platform", "platform_id", "platform_name", "platform",
        "The advertising platform.", "facebook", bit=8,
    ),
    Dimension(
        "placement", "dim_placement", "placement_id", "placement_name", "placement",
        "Where on the platform the ad stood.", "feed", bit=7, within="platform",
    ),
    Dimension(
        "device_type", "dim_device_type", "device_type_id", "device_type_name", "device_type",
        "The device the ad was shown on.", "iphone", bit=6,
    ),
)  # fmt: skip
"""The dimensions that have labels, in the order of the natural key."""

DIMENSIONS = (DATE, *LABELLED_DIMENSIONS)

DIMENSION_NAMES = tuple(dimension.name for dimension in DIMENSIONS)
LABELLED_NAMES = tuple(dimension.name for dimension in LABELLED_DIMENSIONS)

WITHIN = {dimension.name: dimension.within for dimension in LABELLED_DIMENSIONS if dimension.within}
"""For a dimension whose labels mean little alone, the dimension that tells them apart."""

KEYS = {dimension.name: dimension.key for dimension in DIMENSIONS}
"""The column of each dimension, by its name."""

NATURAL_KEY = tuple(KEYS.values())
"""The columns that identify a fact, in the order of their unique index."""

FACT_TABLE = "fact_ad_metrics_daily"
ROLLUP_TABLE = "rollup_ad_metrics_daily"
