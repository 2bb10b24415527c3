"""Loads: what was loaded, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass

from project.errors import InvalidRequest
from project.query import cursors
from project.store.models import IngestLog
from project.store.warehouse.snapshot import Snapshot

_DIGEST = cursors.digest("loads")


@dataclass(frozen=True, slots=True)
class LoadsPage:
    """One page of loads, newest first."""

    loads: Sequence[IngestLog]
    next_cursor: str | None


def id_of_cursor(text: str) -> int:
    """Return the id of the last load of the page before. Raises InvalidRequest."""
    position = cursors.position_for(_DIGEST, text)
    if type(position) is not int:
        raise InvalidRequest([cursors.MALFORMED])
    return position


async def newest_load(snapshot: Snapshot) -> int:
    """Return the id of the newest load, or 0. A load that changes no fact moves it, and not the data version."""
    newest = await IngestLog.all().order_by("-id").using_db(snapshot.using_db).first()
    return newest.id if newest else 0


async def fetch_loads(limit: int, before: int | None, snapshot: Snapshot) -> LoadsPage:
    """Read one page: the loads before this id, or the newest."""
    queryset = IngestLog.all() if before is None else IngestLog.filter(id__lt=before)
    loads = await queryset.order_by("-id").limit(limit + 1).using_db(snapshot.using_db)
    next_cursor = cursors.encode(_DIGEST, loads[limit - 1].id) if len(loads) > limit else None
    return LoadsPage(loads[:limit], next_cursor)
