"""The application's state: one object, made when the application is, and the day that it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Protocol, cast
from zoneinfo import ZoneInfo

from starlette.requests import HTTPConnection

from project.charts.renderer import Renderer
from project.settings import Settings
from project.store.key_ring import KeyRing
from project.store.postgres.admission import AdmissionControl
from project.store.postgres.embedded import EmbeddedPostgres
from project.web.server.answer_cache import AnswerCache
from project.web.server.telemetry import Telemetry


class LogLine(Protocol):
    """A line of the heartbeat log, as `jobs.heartbeat_log` reads it."""

    @property
    def at(self) -> datetime:
        """When it was written."""

    @property
    def kind(self) -> str:
        """How it went: `ok`, `failed` or `start`."""

    @property
    def facts(self) -> dict[str, str]:
        """What else it says."""

    @property
    def next(self) -> datetime | None:
        """When the next one is due."""


class Loads(Protocol):
    """Starts loads in the background, as `ingest.background` does."""

    @property
    def directory(self) -> Path:
        """The directory of bodies whose load has not ended."""

    @property
    def max_bytes(self) -> int:
        """How large a body may be."""

    def check(self) -> None:
        """Raise LoadsFull where the limit of loads is reached."""

    async def start(self, files: Sequence[Mapping[str, Any]], options: Mapping[str, Any]) -> int:
        """Start a load and return its id."""


@dataclass(slots=True)
class AppState:
    """What the requests of one application share. `admission` and `telemetry` are there once it has started."""

    settings: Settings
    last_beat: Callable[[], LogLine | None]
    last_check: Callable[[], LogLine | None]
    loads: Loads | None = None
    embedded_postgres: EmbeddedPostgres | None = None
    keys: KeyRing = field(default_factory=KeyRing)
    renderer: Renderer = field(default_factory=Renderer)
    answers: AnswerCache = field(init=False)
    admission: AdmissionControl = field(init=False)
    telemetry: Telemetry = field(init=False)

    def __post_init__(self) -> None:
        self.answers = AnswerCache(self.settings.answer_cache_mb << 20)


def state_of(request: HTTPConnection) -> AppState:
    """Return the state of the application that a request is for."""
    return cast("AppState", request.app.state.ad_metrics)


def log_fields(request: HTTPConnection, **fields: Any) -> None:
    """Add fields, such as `rows` and `source`, to the log line of a request (`web.middleware.access_log`)."""
    request.scope["log_fields"].update(fields)


def today(settings: Settings) -> date:
    """Return the current day in the setting `TIMEZONE`."""
    return datetime.now(ZoneInfo(settings.timezone)).date()


def midnight(settings: Settings) -> datetime:
    """Return when the current day began in the setting `TIMEZONE`."""
    return datetime.combine(today(settings), time(), ZoneInfo(settings.timezone))
