"""`/health`: for load balancers and monitors."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from time import perf_counter

from fastapi import APIRouter, Request, Response

from project.commands import typed
from project.errors import DatabaseUnavailable, NotReady
from project.store.postgres import migrations
from project.store.postgres.single_flight import SingleFlight
from project.store.warehouse.servers import Lag
from project.store.warehouse.snapshot import newest_transaction, servers, snapshot
from project.web.api.health.schemas import Alive, Ready
from project.web.response.json import json_response
from project.web.response.problems import documented
from project.web.state import state_of

router = APIRouter(prefix="/health", tags=["Health"])

_TIMEOUT = 5.0
_LATE = timedelta(hours=1)
"""How late the daily check may be before readiness says so."""


@router.get("/live", summary="Is the process up?", response_model=Alive)
async def live() -> Response:
    """Answer as long as the process can; it does not look at the database."""
    return json_response({"status": "alive"})


@router.get("/ready", summary="Can it answer questions?", response_model=Ready, responses=documented(503))
async def ready(request: Request) -> Response:
    """Answer 200 when the database is there with all migrations, else 503 with what is wrong."""
    try:
        version, last_date, pending, milliseconds, lags = await _looked()
    except DatabaseUnavailable as error:
        raise NotReady(str(error), {"database": str(error)}) from error
    if pending:
        detail = f"Migrations are pending: {', '.join(pending)}. Run `{typed('ad-metrics db upgrade')}`."
        raise NotReady(detail, {"database": "ok", "migrations": pending})
    checks = {
        "database": "ok",
        "database_ms": milliseconds,
        "migrations": "ok",
        "data_version": version,
        "last_date": last_date,
    }
    if lags:
        checks["servers"] = {
            lag.name: {"error": lag.error} if lag.error else {"lag_seconds": lag.seconds, "lag_versions": lag.versions}
            for lag in lags
        }
    # A failed check makes answers doubtful, not impossible: operators see it, and load balancers keep the process.
    if line := state_of(request).last_check():
        overdue = line.next is not None and datetime.now(UTC) > line.next + _LATE
        checks["daily_check"] = {"at": line.at, "result": line.kind, **line.facts, "overdue": overdue}
    return json_response({"status": "ready", "checks": checks})


async def _look() -> tuple[int, date | None, list[str], float, Sequence[Lag]]:
    started = perf_counter()
    async with snapshot(timeout=_TIMEOUT, reserved=True) as current:
        pass
    async with newest_transaction(_TIMEOUT) as connection:
        pending = await migrations.pending(connection)
    milliseconds = round((perf_counter() - started) * 1000, 1)
    return current.version.number, current.labels.last_date, pending, milliseconds, await servers().lags()


_looked = SingleFlight(_look)
"""No limit applies to this path: requests at the same time share one look."""
