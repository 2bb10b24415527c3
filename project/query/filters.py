"""Filters: what a question includes and excludes, first by label, then by id, then as a condition of a queryset."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pypika_tortoise.terms import Function as SqlFunction
from tortoise.expressions import Q, ResolveContext
from tortoise.query_utils import QueryModifier

from project.catalog import DATE, KEYS, NOT_SET, date_id, date_of
from project.catalog.natural_order import WEEKDAY, WEEKDAYS
from project.errors import Fault, InvalidRequest
from project.query.periods import ALL_WEEKDAYS
from project.store.warehouse.labels import Labels


@dataclass(frozen=True, slots=True)
class Filters:
    """The common filters of a question, by label. Dates are inclusive; None is open.

    `include` and `exclude` hold (dimension, labels) pairs; `minimum` and `maximum` hold (metric, number) pairs.
    """

    date_from: date | None = None
    date_to: date | None = None
    include: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[tuple[str, tuple[str, ...]], ...] = ()
    minimum: tuple[tuple[str, int | Decimal], ...] = ()
    maximum: tuple[tuple[str, int | Decimal], ...] = ()

    @property
    def values(self) -> tuple[Any, ...]:
        """Its values without their names: cursors are bound to these, and outlive a renamed field."""
        return self.date_from, self.date_to, self.include, self.exclude, self.minimum, self.maximum

    @property
    def dimensions(self) -> set[str]:
        """The dimensions whose labels it names."""
        return {name for name, _ in (*self.include, *self.exclude)} - {WEEKDAY}

    @property
    def weekdays(self) -> frozenset[int]:
        """The weekdays that it includes, numbered from Monday = 0."""
        included = dict(self.include).get(WEEKDAY, WEEKDAYS)
        excluded = dict(self.exclude).get(WEEKDAY, ())
        return frozenset(WEEKDAYS.index(weekday) for weekday in included if weekday not in excluded)

    @property
    def bounded(self) -> set[str]:
        """The metrics that it bounds."""
        return {name for name, _ in (*self.minimum, *self.maximum)}


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a column of the facts; `operator` is Tortoise's, or `eq`, or `any` of a list."""

    column: str
    operator: str
    value: Any

    @property
    def values(self) -> tuple[Any, ...]:
        """The value, or the values of a list."""
        return self.value if isinstance(self.value, tuple) else (self.value,)

    @property
    def shape(self) -> tuple[str, str, int]:
        """What decides its SQL, whatever its values are."""
        return self.column, self.operator, len(self.values)


def plan_filters(filters: Filters, labels: Labels) -> tuple[Condition, ...]:
    """Resolve labels to ids. Raises InvalidRequest where a label has gone since the question was validated."""
    first, last = (date_id(day) if day else None for day in (filters.date_from, filters.date_to))
    conditions = [*between(first, last)]
    for pairs, operator, prefix in ((filters.include, "in", ""), (filters.exclude, "not_in", "exclude_")):
        for name, wanted in pairs:
            if name == WEEKDAY:
                continue
            conditions.append(Condition(KEYS[name], operator, _ids(f"{prefix}{name}", name, wanted, labels)))
    if filters.weekdays != ALL_WEEKDAYS:
        conditions.append(Condition(DATE.key, "any", _days(filters, labels)))
    conditions += [Condition(metric, "gte", number) for metric, number in filters.minimum]
    conditions += [Condition(metric, "lte", number) for metric, number in filters.maximum]
    return tuple(conditions)


def between(first: int | None, last: int | None) -> tuple[Condition, ...]:
    """Return the conditions of the days from the first to the last (YYYYMMDD), inclusive; None is open.

    A single day is one comparison: Citus asks the one shard that has it, but all of them for two bounds.
    """
    if first == last:
        return (Condition(DATE.key, "eq", first),) if first else ()
    bounds = (("gte", first), ("lte", last))
    return tuple(Condition(DATE.key, operator, day) for operator, day in bounds if day)


def matching(conditions: tuple[Condition, ...]) -> Q:
    """Return the conditions, all of which must hold, as Tortoise takes them."""
    return Q(
        *(
            AnyOf(condition.column, condition.value)
            if condition.operator == "any"
            else Q(**{condition.column + f"__{condition.operator}".removesuffix("__eq"): condition.value})
            for condition in conditions
        )
    )


class AnyOf(Q):
    """The rows with one of these numbers, which are one value of the statement, however many they are."""

    __slots__ = ("_column", "_numbers")

    def __init__(self, column: str, numbers: list[int]) -> None:
        super().__init__()
        self._column, self._numbers = column, numbers

    def __bool__(self) -> bool:
        return True

    def resolve(self, resolve_context: ResolveContext) -> QueryModifier:
        """Return the WHERE criterion; called by Tortoise."""
        column = resolve_context.table[self._column]
        return QueryModifier(where_criterion=column == SqlFunction("ANY", self._numbers))


def unknown_label(parameter: str, dimension: str, label: str, labels: Labels) -> Fault:
    """Return the fault of a label that no fact ever had."""
    known = labels[dimension]
    detail = f"No {dimension.replace('_', ' ')} is called {label!r}."
    if not known.labels:
        detail += " No data has been loaded yet."
    blank = (NOT_SET,) if not label.strip() and known.id(NOT_SET) else ()
    return Fault(parameter, "unknown_label", detail, label, blank or known.nearest(label))


def _days(filters: Filters, labels: Labels) -> list[int]:
    """Return the days with facts that are of the weekdays: an index finds them, which knows no weekdays."""
    first, last = date_id(filters.date_from or date.min), date_id(filters.date_to or date.max)
    days = (day for day in labels[DATE.name].labels if first <= day <= last)
    return sorted(day for day in days if date_of(day).weekday() in filters.weekdays)


def _ids(parameter: str, dimension: str, wanted: tuple[str, ...], labels: Labels) -> tuple[int, ...]:
    ids = set()
    for label in wanted:
        id_ = labels[dimension].id(label)
        if id_ is None:
            raise InvalidRequest([unknown_label(parameter, dimension, label, labels)])
        ids.add(id_)
    return tuple(sorted(ids))
