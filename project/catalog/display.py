"""Display: how charts and the page write names and numbers."""

import re
from functools import cache

from project.catalog.metrics import METRICS, Number

_NAMES = {"ctr": "CTR", "cpc": "CPC", "cpm": "CPM"}
"""The names that people write otherwise than with spaces."""


@cache  # The page shows 73 names, and each takes 4 µs.
def display_name(name: str) -> str:
    """Return a name as people write it: `like_rate` is "like rate", `ctr` "CTR", and `last_7d` "last 7 days"."""
    return _NAMES.get(name) or re.sub(r"(\d)d$", r"\1 days", name.replace("_", " "))


def format_amount(metric: str, value: Number | None, currency: str = "") -> str:
    """Return a number of a metric, rounded as people read it: `1,234`, `12.50 USD`, `1.20%`; without one, "none"."""
    if value is None:
        return "none"
    match METRICS[metric].unit:
        case "ratio":
            return f"{value:.2%}"
        case "currency":
            return f"{value:,.2f} {currency}".rstrip()
    return f"{value:,}"
