from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.errors import InvalidRequest
from project.query import cursors
from project.query.filters import Filters
from project.query.rows import RowsQuestion

POSITIONS = st.fixed_dictionaries(
    {"date_id": st.dates().map(lambda day: day.year * 10000 + day.month * 100 + day.day)}
    | dict.fromkeys(
        ("region_id", "age_id", "gender_id", "platform_id", "placement_id", "device_type_id"), st.integers(1, 2**31 - 1)
    ),
    optional={"clicks": st.integers(0, 2**63 - 1), "cost": st.decimals(0, Decimal("999999999999.999999"), places=6)},
)


@given(POSITIONS)
def test_a_cursor_reads_back_as_it_was_written(position: dict[str, Any]) -> None:
    question = RowsQuestion(Filters())
    text = cursors.encode(question.digest, position)
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert question.after_cursor(text).after == position


@given(POSITIONS, st.data())
def test_a_position_that_no_fact_can_have_is_malformed(position: dict[str, Any], data: st.DataObject) -> None:
    question = RowsQuestion(Filters())
    name = data.draw(st.sampled_from(sorted(position)))
    wrong = data.draw(st.sampled_from(["x", None, -1, 2**63, [], {}, "NaN"]))
    for other in ({**position, name: wrong}, {key: value for key, value in position.items() if key != "age_id"}, [1]):
        with pytest.raises(InvalidRequest):
            question.after_cursor(cursors.encode(question.digest, other))


@given(st.text())
def test_any_other_text_is_malformed(text: str) -> None:
    with pytest.raises(cursors.MalformedCursor):
        cursors.decode(text)


def test_equal_questions_have_equal_digests() -> None:
    assert cursors.digest(("a", 1)) == cursors.digest(("a", 1)) != cursors.digest(("a", 2))
