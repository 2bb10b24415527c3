"""Filters: what a question keeps and drops, first by label, then by number, then as a condition of a queryset."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from tortoise.expressions import Q

from project.catalog import DATE, LABELLED_DIMENSIONS, NOT_SET, date_id
from project.errors import Fault, InvalidRequest
from project.store.warehouse.labels import Labels


@dataclass(frozen=True, slots=True)
class Filters:
    """The common filters of a question, in the caller's words. Dates are inclusive; None is open.

    `keep` and `drop` hold (dimension, labels) pairs; `at_least` and `at_most` hold (metric, number) pairs.
    """

    date_from: date | None = None
    date_to: date | None = None
    keep: tuple[tuple[str, tuple[str, ...]], ...] = ()
    drop: tuple[tuple[str, tuple[str, ...]], ...] = ()
    at_least: tuple[tuple[str, int | Decimal], ...] = ()
    at_most: tuple[tuple[str, int | Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a column of the facts; `operator` is Tortoise's: gte, lte, in, not_in."""

    column: str
    operator: str
    value: Any

    @property
    def values(self) -> tuple[Any, ...]:
        """The value, or those of a list, one by one."""
        return self.value if isinstance(self.value, tuple) else (self.value,)


def plan_filters(filters: Filters, labels: Labels) -> tuple[Condition, ...]:
    """Turn labels into numbers. InvalidRequest where a label has gone since the question was checked."""
    conditions = []
    if filters.date_from:
        conditions.append(Condition(DATE.key, "gte", date_id(filters.date_from)))
    if filters.date_to:
        conditions.append(Condition(DATE.key, "lte", date_id(filters.date_to)))
    for pairs, operator, prefix in ((filters.keep, "in", ""), (filters.drop, "not_in", "exclude_")):
        for name, wanted in pairs:
            numbers = _numbers(f"{prefix}{name}", name, wanted, labels)
            conditions.append(Condition(_KEYS[name], operator, numbers))
    conditions += [Condition(metric, "gte", number) for metric, number in filters.at_least]
    conditions += [Condition(metric, "lte", number) for metric, number in filters.at_most]
    return tuple(conditions)


def matching(conditions: tuple[Condition, ...]) -> Q:
    """Return the conditions, all of which must hold, as Tortoise takes them."""
    return Q(*(Q(**{f"{condition.column}__{condition.operator}": condition.value}) for condition in conditions))


_KEYS = {dimension.name: dimension.key for dimension in LABELLED_DIMENSIONS}


def _numbers(parameter: str, dimension: str, wanted: tuple[str, ...], labels: Labels) -> tuple[int, ...]:
    known = labels[dimension]
    numbers = []
    for label in wanted:
        number = known.number(label)
        if number is None:
            raise InvalidRequest([unknown_label(parameter, dimension, label, labels)])
        numbers.append(number)
    return tuple(sorted(set(numbers)))


def unknown_label(parameter: str, dimension: str, label: str, labels: Labels) -> Fault:
    """Return the fault of a label that no fact ever had."""
    known = labels[dimension]
    detail = f"No {dimension.replace('_', ' ')} is called {label!r}."
    if not known.names:
        detail += " No data has been loaded yet."
    blank = (NOT_SET,) if not label.strip() and known.number(NOT_SET) else ()
    return Fault(parameter, "unknown_label", detail, label, blank or known.nearest(label))
