"""The order in which people read labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.catalog.natural_order import NATURAL_ORDERS, WEEKDAYS

AGES = ["13-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65+", "(not set)", "unknown"]


@pytest.mark.parametrize(("name", "labels"), [("age_range", AGES), ("weekday", list(WEEKDAYS))])
@given(data=st.data())
def test_labels_come_in_their_order(name: str, labels: list[str], data: st.DataObject) -> None:
    assert sorted(data.draw(st.permutations(labels)), key=NATURAL_ORDERS[name]) == labels


@given(st.lists(st.text()))
def test_any_label_has_a_place(labels: list[str]) -> None:
    assert sorted(sorted(labels, key=NATURAL_ORDERS["age_range"])) == sorted(labels)
