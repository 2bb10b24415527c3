"""Batches of reports: the groups as typed columns, with the members of nested objects joined by dots.

`compare.cost.value` is what a JSON answer has as `{"compare": {"cost": {"value": …}}}`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from operator import attrgetter
from typing import Any

import pyarrow as pa

from project.catalog import GRAINS, METRICS, Formula, Number
from project.catalog.metrics import DECIMAL_MEASURES
from project.export.row_batches import LABEL
from project.query.reports.groups import Amounts, Group, change_of, members_of_change, share, total_changes
from project.query.reports.pages import ReportPage
from project.query.reports.plan import ReportPlan

_Value = Callable[[Amounts], Number | None]


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: pa.DataType
    value: Callable[[Group], Any]
    nullable: bool = False


class ReportTable:
    """Makes batches of groups, of a schema that suits all of a page.

    Counts are int64, or decimals where one has more than 64 bits; costs are decimals; formulas, shares and relative
    changes are doubles, which have the 15 digits that they are rounded to.
    """

    def __init__(self, plan: ReportPlan, page: ReportPage, metadata: Mapping[str, str]) -> None:
        self._columns = list(_columns(plan, page))
        self.schema = pa.schema(
            [pa.field(column.name, column.type, column.nullable) for column in self._columns], dict(metadata)
        )

    def batch(self, groups: Sequence[Group]) -> pa.RecordBatch:
        """Return some groups of the page."""
        columns = [_array([column.value(group) for group in groups], column.type) for column in self._columns]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


def _columns(plan: ReportPlan, page: ReportPage) -> Iterator[_Column]:
    question = plan.question
    for index, name in enumerate(question.group_by):
        yield _Column(name, pa.date32() if name in GRAINS else LABEL, partial(_label, index))
    for name in question.metrics:
        yield _Column(name, _type(name, plan, page), partial(_current, plan.values[name]), _is_nullable(name))
    of_total = total_changes(plan, page.total)
    for name in question.metrics if question.compare_to else ():
        for member in members_of_change(name, question):
            kind = _type(name, plan, page) if member in ("value", "change") else pa.float64()
            value = partial(_compared, plan, name, member, of_total.get(name))
            yield _Column(f"compare.{name}.{member}", kind, value, True)
    if question.shows_shares:
        for name in (name for name in question.metrics if not _is_nullable(name)):
            of_group = plan.values[name]
            share_of = partial(_share, of_group, of_group(page.total.current) or 0)
            yield _Column(f"share.{name}", pa.float64(), share_of, True)
    if question.fill:
        yield _Column("filled", pa.bool_(), attrgetter("empty"))


def _label(index: int, group: Group) -> Any:
    return group.key[index]


def _current(value: _Value, group: Group) -> Number | None:
    return value(group.current)


def _share(value: _Value, total: Number, group: Group) -> Decimal | None:
    return share(value(group.current) or 0, total)


def _compared(plan: ReportPlan, metric: str, member: str, total_change: Number | None, group: Group) -> Number | None:
    value: Number | None = getattr(change_of(metric, group, plan, total_change), member)
    return value


def _type(name: str, plan: ReportPlan, page: ReportPage) -> pa.DataType:
    if _is_nullable(name):
        return pa.float64()
    if name in DECIMAL_MEASURES:
        return pa.decimal128(38, 6)
    index = plan.measures.index(name)
    largest = max((max(group.current[index], group.previous[index]) for group in page.groups), default=0)
    return pa.decimal128(38) if largest >= 2**63 else pa.int64()


def _is_nullable(name: str) -> bool:
    """Whether the metric is a quotient, which is null where its denominator is 0."""
    return isinstance(METRICS[name], Formula)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_floating(kind):
        return pa.array([None if value is None else float(value) for value in values], kind)
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, kind)
