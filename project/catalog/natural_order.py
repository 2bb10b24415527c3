"""Natural order: labels that people read in an order of their own, not in the alphabet's."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

WEEKDAY = "weekday"
"""What a date's day of the week is called, as a filter and in `group_by`."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

WEEK_PARTS = {WEEKDAYS[:5]: "Monday to Friday", WEEKDAYS[5:]: "the weekend"}
"""What several weekdays are called together."""


@lru_cache(1000)
def by_first_number(label: str) -> tuple[bool, int, str]:
    """Return the place of an age range: by its first number, and after all numbers where it has none."""
    number = re.search(r"\d{1,9}", label)
    return number is None, int(number[0]) if number else 0, label


NATURAL_ORDERS: dict[str, Callable[[str], Any]] = {"age_range": by_first_number, WEEKDAY: WEEKDAYS.index}
"""For a name of `group_by`, what its labels are sorted by; all others are sorted as text."""
