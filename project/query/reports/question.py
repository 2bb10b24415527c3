"""The question of a report, and the position of its cursors."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from project.catalog import GRAINS, METRICS, Grain
from project.catalog.comparisons import interval
from project.catalog.natural_order import WEEKDAY, WEEKDAYS
from project.errors import InvalidRequest
from project.query import cursors
from project.query.filters import Filters
from project.query.keyset import SortKey
from project.query.moments import Moment
from project.query.periods import Period

Position = tuple[list[Any], tuple[Any, ...]]
"""A position among the groups: the values of the sort keys, and the group's key."""


@dataclass(frozen=True, slots=True)
class ReportQuestion:
    """What `GET /v1/reports` asks.

    The minimum and maximum of `filters` bound the metrics of groups (HAVING), not of facts. `after` is where the
    previous page ended. `preset` is the date preset of the days, if any. `rolling` is how many days each date
    sums, itself the last. `as_of` asks for what was known then.
    """

    filters: Filters
    group_by: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    sort: tuple[SortKey, ...] = ()
    compare_to: str | None = None
    fill: bool = False
    totals: bool = False
    limit: int = 100
    after: Position | None = None
    preset: str | None = None
    match_weekdays: bool = False
    rolling: int | None = None
    as_of: Moment | None = None

    @property
    def digest(self) -> str:
        """What a cursor is bound to: everything that decides which groups come in which order."""
        sort = tuple(map(str, self.sort))
        compared = (self.preset, self.match_weekdays) if self.compare_to else ()
        others = (*compared, self.rolling, self.as_of is not None and str(self.as_of))
        return cursors.digest(
            self.filters.values, self.group_by, sort, self.compare_to, self.fill, *filter(None, others)
        )

    @property
    def is_single_statement(self) -> bool:
        """Whether at most one statement reads it."""
        return self.compare_to is None and self.as_of is None

    @property
    def etag_inputs(self) -> tuple[Any, ...]:
        """What the answer depends on beside the data and the URL: the days of a preset change with the date."""
        return self.filters.date_from, self.filters.date_to

    @property
    def grain_index(self) -> int | None:
        """The index of the date grain in `group_by`."""
        return next((index for index, name in enumerate(self.group_by) if name in GRAINS), None)

    @property
    def grain(self) -> Grain | None:
        """The date grain that it groups by."""
        index = self.grain_index
        return None if index is None else GRAINS[self.group_by[index]]

    @property
    def compared_with(self) -> str | Period | None:
        """What it is compared with: one of COMPARISONS, or these days."""
        days = interval(self.compare_to or "")
        return Period(*days) if days else self.compare_to

    @property
    def shows_shares(self) -> bool:
        """Whether groups have a part of the total: the total is of days, which rolling sums have several times."""
        return self.totals and not self.rolling

    @property
    def columns(self) -> tuple[str, ...]:
        """What the database groups by: a date has one weekday, which needs no grouping."""
        return tuple(name for name in self.group_by if name != WEEKDAY or "date" not in self.group_by)

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures whose sums the answer needs, in alphabetical order."""
        sorted_by = (key.name.rpartition(".")[2] for key in self.sort)
        names = (name for name in (*self.metrics, *sorted_by, *self.filters.bounded) if name in METRICS)
        return tuple(sorted({measure for name in names for measure in METRICS[name].measures}))

    def grouped_with(self, grain: Grain) -> tuple[str, ...]:
        """Return what it would group by with another grain."""
        return tuple(grain.name if name in GRAINS else name for name in self.group_by)

    def after_cursor(self, text: str) -> "ReportQuestion":
        """Return the question for the page after a cursor.

        Raises InvalidRequest where the text is not a cursor, or belongs to another question.
        """
        return replace(self, after=self._validated(cursors.position_for(self.digest, text)))

    def _validated(self, position: Any) -> Position:
        try:
            values, key = position
            sorted_by = [_validated_value(sort.name, value) for sort, value in zip(self.sort, values, strict=True)]
            return sorted_by, tuple(_validated_value(*part) for part in zip(self.group_by, key, strict=True))
        except (ValueError, TypeError, InvalidOperation) as error:
            raise InvalidRequest([cursors.MALFORMED]) from error


def _validated_value(name: str, value: Any) -> Any:
    """Return a cursor's value of a dimension, grain or metric. Raises ValueError or TypeError where it is invalid."""
    if name in GRAINS:
        return date.fromisoformat(value)
    if name.rpartition(".")[2] not in METRICS:
        if name == WEEKDAY and value not in WEEKDAYS:
            raise ValueError(f"{value!r} is no weekday")
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is invalid for {name}")
        return value
    if value is None:
        return None
    number = Decimal(value)
    if not number.is_finite() or not isinstance(value, int | str):
        raise ValueError(f"{value!r} is invalid for {name}")
    return number
