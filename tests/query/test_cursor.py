from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.query import cursor

POSITIONS = st.fixed_dictionaries(
    {"date_id": st.dates().map(lambda day: day.year * 10000 + day.month * 100 + day.day)}
    | dict.fromkeys(
        ("region_id", "age_id", "gender_id", "platform_id", "placement_id", "device_type_id"), st.integers(1, 2**31 - 1)
    ),
    optional={"clicks": st.integers(0, 2**63 - 1), "cost": st.decimals(0, Decimal("999999999999.999999"), places=6)},
)


@given(POSITIONS)
def test_a_cursor_reads_back_as_it_was_written(position: dict[str, Any]) -> None:
    text = cursor.encode("d1gest", position)
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert cursor.decode(text) == ("d1gest", position)


@given(st.text())
def test_any_other_text_is_malformed(text: str) -> None:
    with pytest.raises(cursor.MalformedCursor):
        cursor.decode(text)


def test_equal_questions_have_equal_digests() -> None:
    assert cursor.digest(("a", 1)) == cursor.digest(("a", 1)) != cursor.digest(("a", 2))
