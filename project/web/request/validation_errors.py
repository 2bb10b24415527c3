"""Pydantic's errors as faults: each names the value, what is expected and the nearest value that works."""

from collections.abc import Iterable, Sequence
from typing import Any

from project.errors import Fault
from project.suggestions import nearest


def faults_of(errors: Iterable[Any], known: Sequence[str] = ()) -> list[Fault]:
    """Return the faults of a model's validation errors; `known` are the parameters of the resource."""
    return [_fault(item, known) for item in errors]


def _fault(item: Any, known: Sequence[str]) -> Fault:
    context = item.get("ctx", {})
    if "fault" in context:
        return context["fault"]  # type: ignore[no-any-return]
    name = str(item["loc"][0]) if item["loc"] else "body"
    value = item.get("input")
    match item["type"]:
        case "extra_forbidden":
            synonyms = _SYNONYMS.get(name.lower(), "").split()
            expected = tuple(synonym for synonym in synonyms if synonym in known) or nearest(name, known)
            detail = f"There is no parameter {name!r}." if known else f"There is no parameter {name!r}; none is taken."
            return Fault(name, "unknown_parameter", detail, suggestions=expected)
        case "missing":
            return Fault(name, "missing", f"The parameter {name!r} is required.")
        case "greater_than_equal":
            return _out_of_range(name, value, f"at least {context['ge']}", str(context["ge"]))
        case "less_than_equal":
            return _out_of_range(name, value, f"at most {context['le']}", str(context["le"]))
        case "int_parsing" | "int_parsing_size":
            return Fault(name, "invalid_value", f"{value!r} is not a whole number.", value)
        case "json_invalid":
            return Fault(name, "invalid_value", f"The body is not JSON: {context['error']}.")
        case "bool_parsing":
            return Fault(name, "invalid_value", f"{value!r} is neither true nor false.", value, ("true", "false"))
        case _:
            return Fault(name, "invalid_value", f"{value!r} is invalid: {item['msg'].lower()}.", value)


_SYNONYMS = {
    "start_date": "date_from", "since": "date_from", "from": "date_from", "start": "date_from",
    "end_date": "date_to", "until": "date_to", "to": "date_to", "end": "date_to",
    "order_by": "sort", "order": "sort", "sort_by": "sort", "select": "fields metrics",
    "fields": "metrics", "measures": "metrics", "breakdowns": "group_by", "breakdown": "group_by",
    "dimensions": "group_by", "grain": "group_by", "granularity": "grain group_by", "compare": "compare_to",
    "comparison": "compare_to", "total": "totals", "page": "cursor", "offset": "cursor", "after": "cursor",
    "per_page": "limit", "page_size": "limit",
    "time_range": "date_preset", "age": "age_range", "device": "device_type", "country": "region",
}  # fmt: skip
"""What other services call the parameters. Of several names, those that the resource has are suggested."""


def _out_of_range(name: str, value: Any, wanted: str, nearest_value: str) -> Fault:
    return Fault(name, "out_of_range", f"{value!r} is out of range: {name} is {wanted}.", value, (nearest_value,))
