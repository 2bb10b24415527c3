"""Subscriptions over the facts of `tests.support.report_model`, on a clock that the test sets."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
import time_machine
from tortoise.context import TortoiseContext

from project.charts.renderer import Picture, Renderer
from project.delivery.dispatch import Dispatcher
from project.errors import RenderFailed
from project.settings import Settings
from project.store.postgres.connections import serving_config
from tests.conftest import with_rollups

BEGIN = datetime(2024, 3, 11, 6, 30, tzinfo=UTC)
"""A Monday, an hour before the usual slot, in the middle of the facts."""

QUERY = "date_preset=last_week&metric=cost&group_by=platform"


class NoCharts(Renderer):
    """Renders nothing: a chart takes a second, and most tests are about other things."""

    async def render(self, _chart: object, _picture: Picture) -> bytes:
        raise RenderFailed("no charts here")


class Deliveries:
    """A database with a view, and dispatchers as several hosts have them."""

    def __init__(self, url: str, connection: asyncpg.Connection, clock: time_machine.Traveller) -> None:
        self.url, self.connection, self.clock = url, connection, clock
        self.settings: dict[str, Any] = {"mail_from": "Ad Metrics <reports@example.com>"}

    async def subscribe(
        self, *targets: str, cron: str = "0 7 * * mon", secret: bytes | None = None, attach: str | None = None
    ) -> int:
        return await self.connection.fetchval(
            "INSERT INTO subscription (view, cron, targets, secret, attach, slot)"
            " VALUES ('weekly-spend', $1, $2, $3, $4, $5) RETURNING id",
            cron, targets, secret, attach, datetime.now(UTC),
        )  # fmt: skip

    def dispatcher(self, renderer: Renderer | None = None, **changes: Any) -> Dispatcher:
        settings = Settings(database_url=self.url, **self.settings | changes)
        return Dispatcher(settings, renderer or NoCharts())

    async def send(self, at: datetime, **changes: Any) -> None:
        """Send what is due at a moment, as a process does that has just started."""
        self.clock.move_to(at)
        await self.dispatcher(**changes).send_due()

    async def states(self) -> list[tuple[str, str, int]]:
        rows = await self.connection.fetch("SELECT target, state, attempts FROM delivery ORDER BY slot, target")
        return [tuple(row) for row in rows]

    async def errors(self) -> list[str | None]:
        return [row[0] for row in await self.connection.fetch("SELECT error FROM delivery ORDER BY slot, target")]


@pytest.fixture(scope="session")
async def delivery_database(new_database: Callable[[], Awaitable[str]]) -> str:
    return await with_rollups(await new_database())


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(BEGIN, tick=False) as traveller:
        yield traveller


@pytest.fixture
async def deliveries(delivery_database: str, clock: time_machine.Traveller) -> AsyncIterator[Deliveries]:
    async with TortoiseContext() as context:
        await context.init(config=serving_config(Settings(database_url=delivery_database)))
        connection = await asyncpg.connect(delivery_database)
        await connection.execute("TRUNCATE subscription, delivery, saved_view")
        await connection.execute("INSERT INTO saved_view VALUES ('weekly-spend', 'Weekly spend', $1)", QUERY)
        yield Deliveries(delivery_database, connection, clock)
        await connection.close()
