"""JSON answers: records and groups as objects, encoded to bytes once, with numbers as stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from operator import attrgetter
from typing import Any

import orjson
from fastapi import Response

from project.catalog import DIMENSION_NAMES, MEASURE_NAMES, Number
from project.catalog.metrics import DECIMAL_MEASURES
from project.query.changes import ChangesPage
from project.query.facets import Facet
from project.query.reports.groups import Group, change_of, members_of_change, share, total_changes
from project.query.reports.plan import ReportPlan
from project.query.reports.run import Report
from project.query.rows import FIELDS, Page
from project.store.warehouse.labels import Labels
from project.store.warehouse.ledger import SUMS
from project.web.response.etag import caching_headers
from project.web.response.meta import report_meta
from project.web.server.answer_cache import Answer


def json_response(content: Any, tag: str | None = None) -> Response:
    """Return the content as JSON, which a client can cache by an ETag."""
    headers = caching_headers(tag) if tag else None
    return Response(orjson.dumps(content), headers=headers, media_type="application/json")


def json_answer(content: Any, labels: Labels, **log: Any) -> Answer:
    """Return the content as an answer, with the fields of its log lines."""
    return Answer(labels.version, orjson.dumps(content), log=log)


def row_objects(page: Page, labels: Labels, fields: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the records of a page as the objects of an answer, with these fields, or all."""
    columns = dict(zip(FIELDS, zip(*page.records, strict=True), strict=False))
    return _objects(
        {
            name: _as_answered(name, values, page, labels)
            for name, values in columns.items()
            if not fields or name in fields
        },
        len(page.records),
    )


def _as_answered(name: str, values: Sequence[Any], page: Page, labels: Labels) -> Iterable[Any]:
    """Return a column's values as an answer has them."""
    if name in page.nested:
        return map(page.nested[name].__getitem__, values)
    if name in DIMENSION_NAMES:
        return map(labels[name].labels.__getitem__, values)
    return map(_exact, values) if name in DECIMAL_MEASURES else values


def _group_objects(
    groups: Sequence[Group], plan: ReportPlan, total: Group, *, shares: bool = False
) -> list[dict[str, Any]]:
    """Return groups of a report, or its total, as the objects of an answer, with their shares of the total."""
    question = plan.question
    keys = zip(*(group.key for group in groups), strict=True)
    sums = [group.current for group in groups]
    columns: dict[str, Iterable[Any]] = dict(zip(question.group_by, keys, strict=False))
    columns |= {name: _numbers(map(plan.values[name], sums)) for name in question.metrics}
    if question.compare_to:
        of_total = total_changes(plan, total)
        compared = {name: _change_objects(name, groups, plan, of_total.get(name)) for name in question.metrics}
        columns["compare"] = _objects(compared, len(groups))
    if shares:
        indices = {name: plan.measures.index(name) for name in question.metrics if name in MEASURE_NAMES}
        parts = {
            name: _numbers(share(amounts[index], total.current[index]) for amounts in sums)
            for name, index in indices.items()
        }
        columns["share"] = _objects(parts, len(groups))
    objects = _objects(columns, len(groups))
    if question.fill:
        for row, group in zip(objects, groups, strict=True):
            if group.empty:
                row["filled"] = True
    return objects


def report_content(report: Report) -> dict[str, Any]:
    """Return a report as the content of an answer."""
    plan, page = report.plan, report.page
    data = _group_objects(page.groups, plan, page.total, shares=plan.question.shows_shares)
    content: dict[str, Any] = {"data": data}
    if plan.question.totals:
        [content["totals"]] = _group_objects([page.total], plan, page.total)
    content["page"] = {"limit": plan.question.limit, "next_cursor": page.next_cursor}
    content["meta"] = report_meta(plan, report.labels)
    return content


def change_objects(page: ChangesPage) -> list[dict[str, Any]]:
    """Return the entries of a page of changes as the objects of an answer."""
    objects = []
    for entry in page.entries:
        row: dict[str, Any] = (
            asdict(entry.load) | {"date_from": entry.days[0], "date_to": entry.days[1]}
            if entry.load
            else {"date": entry.days[0], "platform": entry.platform}
        )
        for name, before, after in zip(SUMS, entry.before, entry.after, strict=True):
            numbers = _numbers((before, after, after - before))
            row[name] = dict(zip(("before", "after", "change"), numbers, strict=True))
        objects.append(row)
    return objects


def label_objects(labels: Mapping[int, str], facets: Mapping[int, Facet] | None) -> list[dict[str, Any]]:
    """Return labels as the objects of an answer; the facets of labels without facts are 0."""
    objects: list[dict[str, Any]] = []
    for id_, label in labels.items():
        entry: dict[str, Any] = {"id": id_, "label": label}
        if facets is not None:
            facet = facets.get(id_, Facet())
            entry |= zip(_COUNTS, _numbers(getattr(facet, name) for name in _COUNTS), strict=True)
        objects.append(entry)
    return objects


def _change_objects(
    metric: str, groups: Sequence[Group], plan: ReportPlan, total_change: Number | None
) -> list[dict[str, Any]]:
    """Return how a metric of each group compares."""
    changes = [change_of(metric, group, plan, total_change) for group in groups]
    members = members_of_change(metric, plan.question)
    return _objects({member: _numbers(map(attrgetter(member), changes)) for member in members}, len(groups))


def _objects(columns: Mapping[str, Iterable[Any]], size: int) -> list[dict[str, Any]]:
    """Return an object for each row of some columns: column by column, into dicts that need not grow."""
    template: dict[str, Any] = dict.fromkeys(columns)
    objects = [template.copy() for _ in range(size)]
    for name, values in columns.items():
        for row, value in zip(objects, values, strict=True):
            row[name] = value
    return objects


_COUNTS = ("facts", "impressions", "cost")
_TOO_LARGE = 2**63


def _numbers(values: Iterable[Number | None]) -> list[Any]:
    """Return metrics as orjson takes them: it knows no Decimal, and no integer of more than 64 bits."""
    return [
        value if value is None or (value.__class__ is int and -_TOO_LARGE < value < _TOO_LARGE) else _exact(value)
        for value in values
    ]


def _exact(value: str | Number) -> orjson.Fragment:
    """Return a number as JSON text with exactly its digits, which a float may lose."""
    text = str(value)
    if "E" in text:
        text = format(Decimal(text), "f")
    return orjson.Fragment(text.rstrip("0").rstrip(".") if text[-1] == "0" and "." in text else text)
