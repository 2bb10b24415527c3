"""`/metrics`: what operators watch, for Prometheus."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from loguru import logger
from tortoise.functions import Count, Max, Sum

from project import __version__
from project.errors import DatabaseUnavailable
from project.store.models import Delivery, IngestLog
from project.store.warehouse.servers import Lag
from project.store.warehouse.snapshot import servers, snapshot
from project.web.server.telemetry import Reading
from project.web.state import LogLine, state_of

router = APIRouter(tags=["Health"])

_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_TIMEOUT = 2.0
_DELIVERIES = {
    "sent": "Views that were sent, of the last 90 days.",
    "failed": "Views that could not be sent.",
    "unknown": "Views that may have been sent.",
    "pending": "Views that are still to be sent.",
}
_OUTCOMES = ("inserted", "changed", "unchanged", "removed", "rejected")


@router.get(
    "/metrics",
    summary="Counts for Prometheus",
    response_class=Response,
    responses={200: {"description": "The counts, as text.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """Give the counts of all workers of this service, whichever is asked. It answers with the database away, too."""
    state = state_of(request)
    database: dict[str, Any] | None = None
    try:
        async with snapshot(timeout=_TIMEOUT, reserved=True) as current:
            totals = IngestLog.all().using_db(current.using_db).annotate(loads=Count("id"), last=Max("finished_at"))
            sums = totals.annotate(**{f"of_{name}": Sum(name) for name in _OUTCOMES})
            [database] = await sums.values("loads", "last", *(f"of_{name}" for name in _OUTCOMES))
            database["data_version"] = current.version.number
            states = Delivery.all().using_db(current.using_db).annotate(count=Count("id")).group_by("state")
            database["deliveries"] = dict(await states.values_list("state", "count"))
    except DatabaseUnavailable as error:
        logger.debug("/metrics without the database: {}", error)
    build = Reading("ad_metrics_build_info", "Which release this is.", 1, labels={"version": __version__})
    lags, jobs = await servers().lags(), _of_jobs(state.last_beat(), state.last_check())
    readings = [build, *_of_database(database), *_of_servers(lags), *jobs]
    return Response(await asyncio.to_thread(state.telemetry.exposition, readings), media_type=_MEDIA_TYPE)


def _of_database(totals: dict[str, Any] | None) -> Iterator[Reading]:
    yield Reading("ad_metrics_database_up", "Whether the database answers.", totals is not None)
    if totals is None:
        return
    yield Reading("ad_metrics_data_version", "Moves with every load that changes something.", totals["data_version"])
    yield Reading("ad_metrics_loads", "Loads that were kept.", totals["loads"], counter=True)
    for outcome in _OUTCOMES:
        facts = totals[f"of_{outcome}"] or 0
        yield Reading(f"ad_metrics_facts_{outcome}", f"Facts {outcome} by loads.", facts, counter=True)
    for state, meaning in _DELIVERIES.items():
        count = totals["deliveries"].get(state, 0)
        yield Reading(f"ad_metrics_deliveries_{state}", meaning, count, counter=state in ("failed", "unknown"))
    if totals["last"]:
        yield Reading("ad_metrics_last_load_timestamp_seconds", "When the last load ended.", totals["last"].timestamp())


def _of_servers(lags: Iterable[Lag]) -> Iterator[Reading]:
    for lag in lags:
        values = {
            "up": ("Whether the primary, or a standby, answers.", not lag.error),
            "lag_seconds": ("By how many seconds a standby is behind.", lag.seconds),
            "lag_versions": ("How many data versions a standby lacks.", lag.versions),
        }
        for name, (meaning, value) in values.items():
            if value is not None:
                yield Reading(f"ad_metrics_server_{name}", meaning, value, labels={"server": lag.name})


def _of_jobs(beat: LogLine | None, check: LogLine | None) -> Iterator[Reading]:
    now = datetime.now(UTC)
    if beat:
        age = (now - beat.at).total_seconds()
        yield Reading("ad_metrics_heartbeat_age_seconds", "How long ago the last heartbeat was.", age)
        if beat.next:
            late = (now - beat.next).total_seconds()
            yield Reading("ad_metrics_heartbeat_late_seconds", "How late the next one is; negative: not yet due.", late)
    if check:
        yield Reading("ad_metrics_rollup_check_ok", "Whether the last daily check found all well.", check.kind == "ok")
        age = (now - check.at).total_seconds()
        yield Reading("ad_metrics_rollup_check_age_seconds", "How long ago it was.", age)
