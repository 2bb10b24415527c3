"""Changes: by how much the facts of each day and platform, or each load, differ from what was known at a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from tortoise.expressions import Q
from tortoise.functions import Sum

from project.catalog import DATE, KEYS, Number, date_of
from project.errors import InvalidRequest
from project.query import cursors
from project.query.filters import Condition, Filters, between, matching, plan_filters
from project.query.moments import Moment, known_at
from project.store.models import FactLedger, IngestLog, RollupAdMetricsDaily
from project.store.warehouse.ledger import BY_PLATFORM, SUMS
from project.store.warehouse.snapshot import Snapshot

BY_DAY = (DATE.name, "platform")
BY_LOAD = ("load",)

_KEY = (DATE.key, KEYS["platform"])


@dataclass(frozen=True, slots=True)
class ChangesQuestion:
    """What `GET /v1/changes` asks; `limit` is None for a file. `after` is where the previous page ended."""

    since: Moment
    filters: Filters
    group_by: tuple[str, ...] = BY_DAY
    limit: int | None = 100
    after: tuple[int, ...] = ()

    @property
    def digest(self) -> str:
        """What a cursor is bound to."""
        return cursors.digest(str(self.since), self.filters.values, self.group_by)

    @property
    def etag_inputs(self) -> tuple[Any, ...]:
        """What the answer depends on beside the data and the URL."""
        return self.filters.date_from, self.filters.date_to

    def after_cursor(self, text: str) -> "ChangesQuestion":
        """Return the question for the page after a cursor. Raises InvalidRequest where it belongs to another one."""
        position = cursors.position_for(self.digest, text)
        size = len(self.group_by)
        if not isinstance(position, list) or len(position) != size or any(type(part) is not int for part in position):
            raise InvalidRequest([cursors.MALFORMED])
        return replace(self, after=tuple(position))


@dataclass(frozen=True, slots=True)
class Load:
    """A data version that changed facts: its cause, and the names of the files, where it was a load."""

    data_version: int
    changed_at: datetime
    cause: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One difference: of a day and platform, or of a load on the days from the first to the last that it changed.

    `before` and `after` are in the order of SUMS.
    """

    days: tuple[date, date]
    platform: str | None
    load: Load | None
    before: tuple[Number, ...]
    after: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Entries in the order of days and platforms, or of data versions. `since` is the version they are counted from."""

    since: int
    entries: Sequence[Entry]
    next_cursor: str | None


async def fetch_changes(question: ChangesQuestion, snapshot: Snapshot) -> ChangesPage:
    """Read one page. Raises InvalidRequest where the ledger does not reach back to the question's moment."""
    known = await known_at(question.since, "since", snapshot)
    conditions = plan_filters(question.filters, snapshot.labels)
    fetch = _by_load if question.group_by == BY_LOAD else _by_day
    keys, entries = await fetch(question, known.version, conditions, snapshot)
    next_cursor = None
    if question.limit is not None and len(entries) > question.limit:
        entries = entries[: question.limit]
        next_cursor = cursors.encode(question.digest, keys[question.limit - 1])
    return ChangesPage(known.version, entries, next_cursor)


_Entries = tuple[Sequence[tuple[int, ...]], list[Entry]]


async def _by_day(
    question: ChangesQuestion, since: int, conditions: tuple[Condition, ...], snapshot: Snapshot
) -> _Entries:
    queryset = FactLedger.filter(matching((Condition("data_version", "gt", since), *conditions)))
    if question.after:
        day, platform = question.after
        queryset = queryset.filter(Q(date_id__gt=day) | Q(date_id=day, platform_id__gt=platform))
    changed = (
        # Sums have other names than their columns: a condition on a column would become one on its sum.
        queryset.annotate(**{f"changed_{name}": Sum(name) for name in SUMS})
        .group_by(*_KEY)
        .filter(Q(*(Q(**cast("Any", {f"changed_{name}__not": 0})) for name in SUMS), join_type="OR"))
        .order_by(*_KEY)
    )
    if question.limit is not None:
        # One more tells whether another page follows.
        changed = changed.limit(question.limit + 1)
    rows = await changed.using_db(snapshot.using_db).values(*_KEY, *(f"changed_{name}" for name in SUMS))
    keys = [tuple(row[column] for column in _KEY) for row in rows]
    now = await _sums_now(keys, snapshot)
    entries = []
    for key, row in zip(keys, rows, strict=True):
        after = now.get(key, (0,) * len(SUMS))
        before = tuple(value - _number(row[f"changed_{name}"]) for name, value in zip(SUMS, after, strict=True))
        entries.append(Entry((date_of(key[0]),) * 2, snapshot.labels["platform"].labels[key[1]], None, before, after))
    return keys, entries


async def _sums_now(
    keys: Sequence[tuple[int, ...]], snapshot: Snapshot
) -> Mapping[tuple[int, ...], tuple[Number, ...]]:
    """Return the sums of these days and platforms as they are, and perhaps of others between."""
    if not keys:
        return {}
    rows = (
        await RollupAdMetricsDaily.filter(matching(between(keys[0][0], keys[-1][0])), grouping_set=BY_PLATFORM.number)
        .using_db(snapshot.using_db)
        .values_list(*_KEY, *SUMS)
    )
    return {(row[0], row[1]): tuple(map(_number, row[2:])) for row in rows}


async def _by_load(
    question: ChangesQuestion, since: int, conditions: tuple[Condition, ...], snapshot: Snapshot
) -> _Entries:
    where = "".join(f" AND {condition.column} {_OPERATORS[condition.operator]}" for condition in conditions)
    values: list[Any] = [max((since, *question.after)), question.limit and question.limit + 1]
    for condition in conditions:
        values.append(list(condition.value) if condition.operator in ("in", "not_in") else condition.value)
        where = where.replace("?", f"${len(values)}", 1)
    rows = await snapshot.connection.fetch(_LOADS.format(where=where), *values)
    keys = [(row["data_version"],) for row in rows]
    files = await _files([version for (version,) in keys], snapshot)
    entries = []
    for row in rows:
        version = row["data_version"]
        # After a retention, a load that changes nothing has its version.
        names = files.get(version, ()) if row["cause"] == "load" else ()
        load = Load(version, row["changed_at"], row["cause"], names)
        before = tuple(_number(row[f"before_{name}"]) for name in SUMS)
        after = tuple(_number(row[f"after_{name}"]) for name in SUMS)
        entries.append(Entry((date_of(row["first"]), date_of(row["last"])), None, load, before, after))
    return keys, entries


async def _files(versions: Sequence[int], snapshot: Snapshot) -> Mapping[int, tuple[str, ...]]:
    """Return the names of the files that each version came from. A load that changed nothing has the version before."""
    loads = await IngestLog.filter(data_version__in=versions).order_by("-id").using_db(snapshot.using_db)
    return {load.data_version: tuple(file["name"] for file in load.files) for load in loads}


def _number(value: Any) -> Number:
    """Return a sum as a number: the driver reads numeric values as text, and sums of counts are numeric."""
    number = Decimal(value)
    return int(number) if number == number.to_integral_value() else number


_OPERATORS = {"eq": "= ?", "gte": ">= ?", "lte": "<= ?", "in": "= ANY(?::integer[])", "not_in": "<> ALL(?::integer[])"}

# Before and after a load are sums of the days and platforms that it changed.
_LOADS = f"""\
WITH loads AS (
    SELECT DISTINCT data_version FROM fact_ledger WHERE data_version > $1{{where}} ORDER BY data_version LIMIT $2
),
running AS (
    SELECT data_version, date_id, {", ".join(f"{name}, sum({name}) OVER known AS after_{name}" for name in SUMS)}
    FROM fact_ledger
    WHERE date_id IN (SELECT date_id FROM fact_ledger WHERE data_version IN (SELECT data_version FROM loads)){{where}}
    WINDOW known AS (PARTITION BY date_id, platform_id ORDER BY data_version)
)
SELECT data_version, changed_at, cause, min(date_id) AS first, max(date_id) AS last,
       {", ".join(f"sum(after_{name} - {name}) AS before_{name}, sum(after_{name}) AS after_{name}" for name in SUMS)}
FROM running JOIN data_change USING (data_version)
WHERE data_version IN (SELECT data_version FROM loads)
GROUP BY data_version, changed_at, cause ORDER BY data_version"""  # noqa: S608
