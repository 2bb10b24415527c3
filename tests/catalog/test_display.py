"""How people read names and labels, and which change of a metric is good."""

import pytest

from project.catalog import KEY_METRICS, METRICS
from project.catalog.display import capitalised, display_label, display_name


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("right_column", "Right column"),
        ("iphone", "iPhone"),
        ("tiktok", "TikTok"),
        ("mon", "Monday"),
        ("(not set)", "(not set)"),
        ("25-34", "25-34"),
        ("Paris, Texas", "Paris, Texas"),
        ("North_Carolina", "North_Carolina"),
        ("éclair", "éclair"),
        ("", ""),
    ],
)
def test_labels_for_people(label: str, shown: str) -> None:
    assert display_label(label) == shown


def test_names_for_people() -> None:
    assert [display_name(name) for name in ("last_8w", "last_28d", "cost_per_conversion", "ctr")] == [
        "last 8 weeks", "last 28 days", "cost per conversion", "CTR",
    ]  # fmt: skip
    assert capitalised("CTR by week") == "CTR by week"
    assert capitalised("cost") == "Cost"


def test_which_change_is_good() -> None:
    worse_when_higher = {name for name, metric in METRICS.items() if metric.better == "lower"}
    assert worse_when_higher == {"cpc", "cpm", "cost_per_conversion"}
    assert METRICS["cost"].better == "neither"
    assert len(KEY_METRICS) == 5
    assert set(KEY_METRICS) <= set(METRICS)
