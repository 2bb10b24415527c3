"""Rows of facts: the question, its plan, the queryset and the page that it fetches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from tortoise.queryset import QuerySet

from project.catalog import DATE, DIMENSIONS, LABELLED_DIMENSIONS, MEASURES, NATURAL_KEY, date_of
from project.errors import InvalidRequest, NoSuchThing
from project.query import cursors
from project.query.filters import Condition, Filters, matching, plan_filters
from project.query.keyset import After, Place, SortKey, plan_order
from project.store.models import FactAdMetricsDaily
from project.store.postgres.statement_cache import Statement, statement
from project.store.warehouse.labels import Labels
from project.store.warehouse.snapshot import Snapshot

COLUMNS = ("id", *NATURAL_KEY, *(measure.name for measure in MEASURES))
"""What is read of every fact, in this order."""

FIELDS = ("id", *(dimension.name for dimension in DIMENSIONS), *(measure.name for measure in MEASURES))
"""What an answer calls those columns: position by position the same."""

Position = Mapping[str, Any]
"""Values of the columns that a page went up to: the natural key's, and those of the measures it is sorted by."""

Records = Sequence[Sequence[Any]]
Nested = Mapping[str, Mapping[int, Mapping[str, Any]]]

_LARGEST_ID = 2**31 - 1
_LARGEST_COUNT = 2**63 - 1
_LARGEST_COST = Decimal(10) ** 12
_MEASURES = {measure.name: measure for measure in MEASURES}
_BY_NAME = {dimension.name: dimension for dimension in DIMENSIONS}


@dataclass(frozen=True, slots=True)
class RowsQuestion:
    """What `GET /v1/ad-metrics` asks. `after` is where the previous page ended."""

    filters: Filters
    sort: tuple[SortKey, ...] = ()
    limit: int = 100
    after: Position | None = None
    expand: tuple[str, ...] = ()
    count: bool = False

    @property
    def digest(self) -> str:
        """What a cursor of this question is bound to: everything that decides which rows come in which order."""
        return cursors.digest((self.filters, self.sort))

    def at(self, text: str) -> "RowsQuestion":
        """Return this question for the page after the one that gave out the cursor.

        Raises InvalidRequest where it is no cursor of ours, or belongs to another question.
        """
        return replace(self, after=_checked_position(cursors.position_for(self.digest, text)))


@dataclass(frozen=True, slots=True)
class RowsPlan:
    """The same, in the database's terms."""

    question: RowsQuestion
    conditions: tuple[Condition, ...]
    order: tuple[Place, ...]
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Page:
    """Records as COLUMNS; `nested` has, for each expanded dimension, its row by number; `count` is of all pages."""

    records: Records
    nested: Nested
    next_cursor: str | None = None
    count: int | None = None


def plan_rows(question: RowsQuestion, labels: Labels) -> RowsPlan:
    """Resolve names to numbers. Raises InvalidRequest where a label has gone since the question was checked."""
    return RowsPlan(
        question, plan_filters(question.filters, labels), plan_order(question.sort), _after(question, labels)
    )


def rows_queryset(plan: RowsPlan) -> "QuerySet[FactAdMetricsDaily]":
    """Return the filtered facts, in order, from the page's start; without its limit."""
    queryset = FactAdMetricsDaily.filter(matching(plan.conditions)).order_by(*map(str, plan.order))
    if plan.after is None:
        return queryset
    queryset = queryset.filter(After(plan.order, plan.after))
    if plan.order[0].field == DATE.key:
        # Says nothing new, but this form prunes partitions: 0.12 ms instead of 13.5 ms a page.
        bound = "lte" if plan.order[0].descending else "gte"
        queryset = queryset.filter(**{f"{DATE.key}__{bound}": plan.after[DATE.key]})
    return queryset


def rows_statement(plan: RowsPlan) -> Statement:
    """Return the SQL of a page, and of one row more to see whether another page follows."""
    return every_row_statement(plan, plan.question.limit + 1)


def every_row_statement(plan: RowsPlan, limit: int | None) -> Statement:
    """Return the SQL of all rows from the page's start on, or of the first so many."""
    shape = (
        "rows",
        *((one.column, one.operator, len(one.values)) for one in plan.conditions),
        plan.order,
        plan.after is None,
        limit is None,
    )
    values = [value for condition in plan.conditions for value in condition.values]
    if plan.after is not None:
        values += After(plan.order, plan.after).values
        if plan.order[0].field == DATE.key:
            values.append(plan.after[DATE.key])
    if limit is None:
        return statement(shape, values, lambda: rows_queryset(plan).values_list(*COLUMNS))
    return statement(shape, [*values, limit], lambda: rows_queryset(plan).limit(limit).values_list(*COLUMNS))


async def fetch_rows(plan: RowsPlan, snapshot: Snapshot) -> Page:
    """Read one page, and where asked for, the dimensions' rows and the count of all rows."""
    question = plan.question
    nested: Nested = {}
    if question.expand:
        records, nested = await _expanded(rows_queryset(plan).limit(question.limit + 1), question.expand, snapshot)
    else:
        records = cast("Records", await snapshot.fetch(rows_statement(plan)))
    next_cursor = None
    if len(records) > question.limit:
        records = records[: question.limit]
        next_cursor = cursors.encode(question.digest, _position(records[-1], question.sort))
    count = None
    if question.count:
        count = await count_rows(plan, snapshot)
    return Page(records, nested, next_cursor, count)


async def count_rows(plan: RowsPlan, snapshot: Snapshot) -> int:
    """Return how many rows match, on all pages."""
    return await FactAdMetricsDaily.filter(matching(plan.conditions)).using_db(snapshot.using_db).count()


async def fetch_row(fact_id: int, snapshot: Snapshot) -> Page:
    """Read the one fact of this id, with all its dimensions nested. Raises NoSuchThing."""
    every = tuple(dimension.name for dimension in DIMENSIONS)
    records, nested = await _expanded(FactAdMetricsDaily.filter(id=fact_id), every, snapshot)
    if not records:
        raise NoSuchThing(f"No fact has the id {fact_id}.")
    return Page(records, nested)


async def _expanded(
    queryset: "QuerySet[FactAdMetricsDaily]", expand: tuple[str, ...], snapshot: Snapshot
) -> tuple[Records, Nested]:
    expanded = [_BY_NAME[name] for name in expand]
    relations = (dimension.relation for dimension in expanded)
    facts = await queryset.prefetch_related(*relations).using_db(snapshot.using_db)
    nested = {
        dimension.name: {
            getattr(fact, dimension.key): {
                name: getattr(getattr(fact, dimension.relation), name) for name in (dimension.key, dimension.label)
            }
            for fact in facts
        }
        for dimension in expanded
    }
    return [[getattr(fact, column) for column in COLUMNS] for fact in facts], nested


def _after(question: RowsQuestion, labels: Labels) -> dict[str, Any] | None:
    """Return the values of the order's fields that the page starts after."""
    if question.after is None:
        return None
    try:
        named = {
            f"{dimension.relation}__{dimension.label}": labels[dimension.name].names[question.after[dimension.key]]
            for dimension in LABELLED_DIMENSIONS
        }
        measures = {column: question.after[column] for column in _sorted_measures(question.sort)}
    except KeyError as error:
        raise InvalidRequest([cursors.MALFORMED]) from error
    return {column: question.after[column] for column in NATURAL_KEY} | named | measures


def _sorted_measures(sort: tuple[SortKey, ...]) -> list[str]:
    return [key.name for key in sort if key.name not in _BY_NAME]


def _checked_position(position: Any) -> Position:
    """Return what came out of a cursor, with every value checked to be one that its column could hold."""
    try:
        checked = {name: _checked(name, value) for name, value in position.items()}
    except (ValueError, TypeError, AttributeError, InvalidOperation) as error:
        raise InvalidRequest([cursors.MALFORMED]) from error
    if not checked.keys() >= set(NATURAL_KEY):
        raise InvalidRequest([cursors.MALFORMED])
    return checked


def _checked(name: str, value: Any) -> Any:
    measure = _MEASURES.get(name)
    if measure is None:
        fits = name in NATURAL_KEY and type(value) is int and 0 < value <= _LARGEST_ID
        if fits and name == DATE.key:
            date_of(value)
    elif measure.decimals:
        given = Decimal(value)
        fits = given.is_finite() and 0 <= given < _LARGEST_COST
        if fits:
            value = round(given, measure.decimals)
            fits = value == given
    else:
        fits = type(value) is int and 0 <= value <= _LARGEST_COUNT
    if not fits:
        raise ValueError(f"{name} cannot be {value!r}")
    return value


def _position(record: Sequence[Any], sort: tuple[SortKey, ...]) -> Position:
    values = dict(zip(COLUMNS, record, strict=True))
    return {column: values[column] for column in (*NATURAL_KEY, *_sorted_measures(sort))}
