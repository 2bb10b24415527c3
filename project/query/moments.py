"""Moments: a data version, or a time, at which something was known."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from project.catalog import date_of
from project.errors import Fault, InvalidRequest
from project.store.models import DataChange
from project.store.warehouse.data_version import not_there_yet
from project.store.warehouse.snapshot import Snapshot

Moment = int | datetime

BEGIN = "upgrade"
"""The cause of the first change where the ledger began with facts that were there before it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was known at a moment: the data version, and the first and last day with facts then."""

    version: int
    first_date: date | None = None
    last_date: date | None = None


async def known_at(moment: Moment, parameter: str, snapshot: Snapshot) -> Known:
    """Return what was known at a moment.

    Raises InvalidRequest, which names the parameter, where the moment has not come yet, or is before the ledger began.
    """
    _check_not_ahead(moment, parameter, snapshot)
    column = "changed_at" if isinstance(moment, datetime) else "data_version"
    changes = DataChange.all().using_db(snapshot.using_db)
    newest = await changes.filter(**{f"{column}__lte": moment}).order_by("-data_version").first()
    if newest:
        days = (date_of(id_) if id_ else None for id_ in (newest.first_date_id, newest.last_date_id))
        return Known(newest.data_version, *days)
    first = await changes.order_by("data_version").first()
    if first is None or first.cause != BEGIN:
        return Known(0)
    begin = _written(first.changed_at) if isinstance(moment, datetime) else str(first.data_version)
    detail = (
        f"What was known at {_written(moment)} was not recorded: the ledger begins with data version "
        f"{first.data_version}, of {_written(first.changed_at)}."
    )
    raise InvalidRequest([Fault(parameter, "out_of_range", detail, _written(moment), (begin,))])


def _check_not_ahead(moment: Moment, parameter: str, snapshot: Snapshot) -> None:
    if isinstance(moment, datetime) and moment > datetime.now(UTC):
        detail, suggestion = f"{_written(moment)} has not come yet.", _written(datetime.now(UTC))
        raise InvalidRequest([Fault(parameter, "out_of_range", detail, _written(moment), (suggestion,))])
    if not isinstance(moment, datetime) and moment > snapshot.version.number:
        raise not_there_yet(parameter, moment, snapshot.version.number)


def _written(moment: Moment) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if isinstance(moment, datetime) else str(moment)
