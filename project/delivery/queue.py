"""The queue: which deliveries are due, who sends them, and what came of each. All of it is in the database.

A delivery is claimed before it is tried: no other process tries it within LEASE. A mail is marked `sending` just before
the server takes it. Where the process dies then, nobody knows whether it was taken: it is `unknown`, not sent again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

import asyncpg
from loguru import logger

from project.delivery.subscriptions import display_target
from project.jobs.clock import in_future
from project.jobs.cron import cron_schedule, latest_slot
from project.store.views import SavedView, find_view

BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
"""How long after each attempt the next one is: 22 hours in all, then the delivery has failed."""

LEASE = timedelta(minutes=10)
"""How long an attempt belongs to the process that claimed it, which takes less than half of this."""

RETAINED = timedelta(days=90)
"""How long a delivery is retained that was sent. Others stay: what counts them for alarms must never decrease."""

_LOST = "The process ended while the mail server took the mail; it may have arrived, and is not sent again."

_INTERRUPTED = "`ad-metrics deliver` was interrupted before the mail server took the mail."

_ACTIVE = "SELECT id, view, cron, targets, slot FROM subscription WHERE paused_at IS NULL ORDER BY id"
_MOVE_SLOT = "UPDATE subscription SET slot = $3 WHERE id = $1 AND slot = $2 AND paused_at IS NULL RETURNING true"
_ADD = """\
INSERT INTO delivery (subscription_id, view, slot, target, next_try_at)
SELECT $1, $2, $3::timestamptz, target, $3::timestamptz FROM unnest($4::text[]) AS target
ON CONFLICT (subscription_id, slot, target) DO NOTHING"""
# A time that lies too far ahead was written by a clock that was wrong.
_CLAIM = """\
UPDATE delivery SET attempts = attempts + 1, tried_at = $1::timestamptz, next_try_at = $1::timestamptz + $2::interval
WHERE id = (
    SELECT id FROM delivery
    WHERE state = 'pending' AND subscription_id IS NOT NULL
        AND (next_try_at <= $1::timestamptz OR next_try_at > $1::timestamptz + $3::interval)
    ORDER BY next_try_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
)
RETURNING id, subscription_id, view, slot, target, attempts,
    (SELECT attach FROM subscription WHERE subscription.id = subscription_id) AS attach,
    (SELECT secret FROM subscription WHERE subscription.id = subscription_id) AS secret"""
_BEGIN = "UPDATE delivery SET state = 'sending' WHERE id = $1 AND attempts = $2 AND state = 'pending' RETURNING true"
_FINISH = """\
UPDATE delivery SET state = $3, error = $4, next_try_at = $5
WHERE id = $1 AND attempts = $2 AND state IN ('pending', 'sending', 'unknown')"""
_GIVE_UP_LOST = """\
UPDATE delivery SET state = 'unknown', error = $3
WHERE state = 'sending' AND (tried_at < $1::timestamptz - $2::interval OR tried_at > $1::timestamptz + $2::interval)
RETURNING view, target"""
# A clock that is ahead, here or in the database, deletes nothing early.
_FORGET = """\
DELETE FROM delivery WHERE state = 'sent' AND tried_at < least($1::timestamptz, now()) - $2::interval"""
_GIVE_UP_ONCE = """\
UPDATE delivery SET state = 'failed', error = $2
WHERE state = 'pending' AND subscription_id IS NULL AND next_try_at <= $1::timestamptz"""
_NEWEST = "SELECT * FROM delivery WHERE $1 IN ('', view) ORDER BY slot DESC, id DESC LIMIT $2"
_PROBLEMS = """\
SELECT count(*) FILTER (WHERE state IN ('failed', 'unknown') AND tried_at > $1),
       count(*) FILTER (WHERE state = 'pending' AND attempts > 0)
FROM delivery"""
_ADD_ONCE = """\
INSERT INTO delivery (view, slot, target, attempts, tried_at, next_try_at)
VALUES ($1, $2::timestamptz, $3, 1, $2::timestamptz, $2::timestamptz + $4::interval) RETURNING id"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that this process has claimed, in its n-th attempt."""

    id: int
    subscription_id: int | None
    view: str
    slot: datetime
    target: str
    attempts: int
    attach: str | None
    secret: bytes | None


class Queue:
    """The queue over one connection, which its users share."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection, self._lock = connection, asyncio.Lock()

    async def add_due(self, now: datetime, timezone: tzinfo) -> None:
        """Add the deliveries of each subscription's newest slot. Of several that were missed, this is the only one."""
        subscriptions = await self._connection.fetch(_ACTIVE)
        # In a thread: to look for a slot takes a millisecond.
        slots = await asyncio.to_thread(_due_slots, subscriptions, now, timezone)
        for (id_, view, _, targets, before), slot in zip(subscriptions, slots, strict=True):
            # A clock that was ahead would silence the subscription until then: it begins again.
            if slot is None and not in_future(before):
                continue
            async with self._connection.transaction():
                # Two leaders see the same slot; one of them moves it.
                if await self._connection.fetchval(_MOVE_SLOT, id_, before, slot or now) and slot:
                    await self._connection.execute(_ADD, id_, view, slot, targets)

    async def forget_old(self, now: datetime) -> None:
        """Delete the deliveries that were sent more than RETAINED ago."""
        await self._connection.execute(_FORGET, now, RETAINED)

    async def give_up_lost(self, now: datetime) -> None:
        """End the deliveries whose process ended while it sent them, or that were to be sent once, now."""
        await self._connection.execute(_GIVE_UP_ONCE, now, _INTERRUPTED)
        for view, target in await self._connection.fetch(_GIVE_UP_LOST, now, LEASE, _LOST):
            logger.error("Whether the view {} has reached {} is unknown. {}", view, display_target(target), _LOST)

    async def add_once(self, view: str, target: str, attach: str | None, now: datetime) -> Delivery:
        """Add a delivery that no subscription asks for, and claim it."""
        id_ = await self._connection.fetchval(_ADD_ONCE, view, now, target, LEASE)
        return Delivery(id_, None, view, now, target, 1, attach, None)

    async def claim(self, now: datetime) -> Delivery | None:
        """Claim a delivery that is due for an attempt; None where there is none."""
        async with self._lock:
            record = await self._connection.fetchrow(_CLAIM, now, LEASE, max(BACKOFF))
        return Delivery(**record) if record else None

    async def view(self, delivery: Delivery) -> SavedView:
        """Return the view that it sends. Raises NoSuchThing where it has been deleted."""
        async with self._lock:
            return await find_view(self._connection, delivery.view)

    async def begin_sending(self, delivery: Delivery) -> bool:
        """Say that the mail server is about to take it. Return False where it has been claimed again, or dropped."""
        async with self._lock:
            return bool(await self._connection.fetchval(_BEGIN, delivery.id, delivery.attempts))

    async def finish(self, delivery: Delivery, state: str, error: str | None, next_try_at: datetime) -> None:
        """Write down what came of an attempt, unless it has been claimed again, or dropped."""
        async with self._lock:
            await self._connection.execute(_FINISH, delivery.id, delivery.attempts, state, error, next_try_at)


async def count_problems(connection: "asyncpg.Connection[Any]", since: datetime) -> tuple[int, int]:
    """Return how many deliveries have failed, or are unknown, since a moment, and how many wait for another attempt."""
    [(problems, waiting)] = await connection.fetch(_PROBLEMS, since)
    return problems, waiting


async def list_newest(connection: "asyncpg.Connection[Any]", view: str, limit: int) -> list[asyncpg.Record]:
    """Return the newest deliveries, of one view or (with "") of all, the newest first."""
    return await connection.fetch(_NEWEST, view, limit)


def _due_slots(subscriptions: Sequence[asyncpg.Record], now: datetime, timezone: tzinfo) -> list[datetime | None]:
    return [latest_slot(cron_schedule(cron, "cron", timezone), before, now) for _, _, cron, _, before in subscriptions]
