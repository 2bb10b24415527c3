"""JSON answers: records and groups as objects, encoded to bytes once, with numbers as stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import orjson
from fastapi import Response

from project.catalog import DIMENSION_NAMES, MEASURE_NAMES, Number
from project.catalog.metrics import DECIMAL_MEASURES
from project.query.changes import ChangesPage
from project.query.facets import Facet
from project.query.reports.groups import Group, change_of, members_of_change, share, total_changes
from project.query.reports.pages import ReportPage
from project.query.reports.plan import ReportPlan
from project.query.rows import FIELDS, Page
from project.store.warehouse.labels import Labels
from project.store.warehouse.ledger import SUMS
from project.web.response.etag import caching_headers
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
    template: dict[str, Any] = dict.fromkeys(name for name in FIELDS if not fields or name in fields)
    objects = [template.copy() for _ in page.records]
    # Column by column, into dicts that need not grow: half the time of row by row.
    for name, values in zip(FIELDS, zip(*page.records, strict=True), strict=False):
        if name in template:
            for row, value in zip(objects, _as_answered(name, values, page, labels), strict=True):
                row[name] = value
    return objects


def _as_answered(name: str, values: Sequence[Any], page: Page, labels: Labels) -> Iterable[Any]:
    """Return a column's values as an answer has them."""
    if name in page.nested:
        return map(page.nested[name].__getitem__, values)
    if name in DIMENSION_NAMES:
        return map(labels[name].labels.__getitem__, values)
    return map(_exact, values) if name in DECIMAL_MEASURES else values


def group_objects(page: ReportPage, plan: ReportPlan) -> list[dict[str, Any]]:
    """Return the groups of a report as the objects of an answer."""
    indices = {name: plan.measures.index(name) for name in plan.question.metrics if name in MEASURE_NAMES}
    objects = []
    of_total = total_changes(plan, page.total)
    for group in page.groups:
        row = group_object(group, plan, of_total)
        if plan.question.shows_shares:
            total = page.total.current
            row["share"] = {name: _number(share(group.current[index], total[index])) for name, index in indices.items()}
        if plan.question.fill and group.empty:
            row["filled"] = True
        objects.append(row)
    return objects


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
            row[name] = {"before": _number(before), "after": _number(after), "change": _number(after - before)}
        objects.append(row)
    return objects


def label_objects(labels: Mapping[int, str], facets: Mapping[int, Facet] | None) -> list[dict[str, Any]]:
    """Return labels as the objects of an answer; the facets of labels without facts are 0."""
    objects: list[dict[str, Any]] = []
    for id_, label in labels.items():
        entry: dict[str, Any] = {"id": id_, "label": label}
        if facets is not None:
            facet = facets.get(id_, Facet())
            entry |= {name: _number(getattr(facet, name)) for name in ("facts", "impressions", "cost")}
        objects.append(entry)
    return objects


def group_object(group: Group, plan: ReportPlan, of_total: Mapping[str, Number | None]) -> dict[str, Any]:
    """Return a group's metrics as an answer has them, or those of the total, which has no key.

    `of_total` has the changes of the total.
    """
    row: dict[str, Any] = dict(zip(plan.question.group_by, group.key, strict=False))
    for name in plan.question.metrics:
        row[name] = _number(plan.values[name](group.current))
    if plan.question.compare_to:
        changes = {name: change_of(name, group, plan, of_total.get(name)) for name in plan.question.metrics}
        row["compare"] = {
            name: {member: _number(getattr(change, member)) for member in members_of_change(name, plan.question)}
            for name, change in changes.items()
        }
    return row


_TOO_LARGE = 2**63


def _number(value: Number | None) -> Any:
    """Return a metric as orjson takes it: it knows no Decimal, and no integer of more than 64 bits."""
    if isinstance(value, Decimal):
        return _exact(value)
    return value if value is None or -_TOO_LARGE < value < _TOO_LARGE else orjson.Fragment(str(value))


def _exact(value: str | Decimal) -> orjson.Fragment:
    """Return a number as JSON text with exactly its digits, which a float may lose."""
    text = str(value)
    if "E" in text:
        text = format(Decimal(text), "f")
    return orjson.Fragment(text.rstrip("0").rstrip(".") if "." in text else text)
