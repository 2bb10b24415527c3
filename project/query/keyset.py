"""Keyset pagination: an order that gives every row one position, and the rows after a position."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import and_, or_
from typing import Any

from pypika_tortoise.terms import Criterion, Term, Tuple
from pypika_tortoise.terms import Function as SqlFunction
from tortoise.expressions import F, Function, Q, ResolveContext
from tortoise.query_utils import QueryModifier

from project.catalog import DATE, DIMENSIONS, KEYS, MEASURE_NAMES, NATURAL_KEY
from project.catalog.natural_order import NATURAL_ORDERS

PLACES = {f"place_of_{name}": name for name in KEYS if name in NATURAL_ORDERS}
"""The fields that order rows by labels of a natural order, and their dimensions."""

_FIELDS = (
    {name: name for name in MEASURE_NAMES}
    | {
        dimension.name: dimension.key if dimension is DATE else f"{dimension.relation}__{dimension.label}"
        for dimension in DIMENSIONS
    }
    | {name: place for place, name in PLACES.items()}
)
SORTABLE = tuple(_FIELDS)
"""What rows can be sorted by. Dimensions sort by label."""

Places = Mapping[str, list[int]]
"""For each of PLACES in an order, the ids of its dimension in their order."""


@dataclass(frozen=True, slots=True)
class SortKey:
    """A name and its direction: in a question one of SORTABLE or of a report's columns, in an order Tortoise's name."""

    name: str
    descending: bool = False

    def __str__(self) -> str:
        return f"-{self.name}" if self.descending else self.name


def plan_order(sort: Sequence[SortKey]) -> tuple[SortKey, ...]:
    """Return the complete order.

    The natural key follows the direction of the last sort key: then `sort=-date` reads the natural key's index
    backwards, where a mixed order would sort a day's rows for every page.
    """
    terms = [SortKey(_FIELDS[key.name], key.descending) for key in sort]
    descending = terms[-1].descending if terms else False
    fields = {term.name for term in terms}
    return (*terms, *(SortKey(column, descending) for column in NATURAL_KEY if column not in fields))


class Place(Function):
    """The place of an id in a list."""

    class database_func(SqlFunction):  # noqa: N801 - Tortoise's name
        """PostgreSQL's array_position(list, element), counted from 1."""

        def __init__(self, id_: Any, ids: Any) -> None:
            super().__init__("array_position", ids, id_)


class After(Q):
    """The rows that come after one whose values are given, in an order of any directions.

    Neighbours of one direction are compared as one SQL row, `(a, b) > (x, y)`, which an index on them serves; a change
    of direction nests: `a < x OR (a = x AND (b, c) > (y, z))`.
    """

    __slots__ = ("_places", "_runs")

    def __init__(self, order: Sequence[SortKey], values: Mapping[str, Any], places: Places) -> None:
        super().__init__()
        self._places = places
        self._runs = [
            (descending, [(term.name, values[term.name]) for term in run])
            for descending, run in groupby(order, key=lambda term: term.descending)
        ]

    @property
    def values(self) -> list[Any]:
        """The values in the order in which the criterion takes them."""
        of_runs = [
            [*(self._places[field] for field, _ in run if field in self._places), *(value for _, value in run)]
            for _, run in self._runs
        ]
        return [value for index in range(len(of_runs)) for values in of_runs[: index + 1] for value in values]

    def __bool__(self) -> bool:
        return True

    def resolve(self, resolve_context: ResolveContext) -> QueryModifier:
        """Return the WHERE criterion, and the joins that its fields need; called by Tortoise."""
        joins: list[Any] = []

        def row(run: list[tuple[str, Any]]) -> tuple[Term, Term]:
            terms: list[Term] = []
            for field, _ in run:
                if field in self._places:
                    key = resolve_context.table[KEYS[PLACES[field]]]
                    terms.append(Place.database_func(key, self._places[field]))
                    continue
                if "__" not in field:
                    # F would leave out the table, and a joined one may have a column of this name.
                    terms.append(resolve_context.table[field])
                    continue
                resolved = F(field).resolve(resolve_context)
                joins.extend(resolved.joins)
                terms.append(resolved.term)
            return Tuple(*terms), Tuple(*(value for _, value in run))

        alternatives: list[Criterion] = []
        equal: list[Criterion] = []
        for descending, run in self._runs:
            left, right = row(run)
            beyond = left < right if descending else left > right
            alternatives.append(reduce(and_, [*equal, beyond]))
            equal.append(left == right)
        return QueryModifier(where_criterion=reduce(or_, alternatives), joins=list(dict.fromkeys(joins)))
