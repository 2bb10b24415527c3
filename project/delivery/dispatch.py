"""Dispatch: what is due is sent, once a minute, by the process that leads."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import orjson
from loguru import logger

from project.charts.renderer import Renderer
from project.delivery.content import Content, read_content
from project.delivery.mail import mail_of
from project.delivery.queue import BACKOFF, Delivery, Queue
from project.delivery.smtp import send
from project.delivery.subscriptions import display_target
from project.delivery.webhook import call
from project.errors import AdMetricsError, DatabaseUnavailable, InvalidRequest, NoSuchThing, NotDelivered
from project.logs import timestamp
from project.settings import Settings, mail_address
from project.store.postgres.connections import write_connection
from project.store.views import find_view

_AT_ONCE = 4
"""How many deliveries are tried at once: a server that hangs does not delay those to others."""

_CLOSE_TIMEOUT = 10.0
"""Seconds that what is being sent has when the service ends."""

MOST_ATTEMPTS = len(BACKOFF) + 1


class Dispatcher:
    """Sends deliveries; the process of `renderer` renders their charts."""

    def __init__(self, settings: Settings, renderer: Renderer) -> None:
        self._settings, self._renderer = settings, renderer
        self._zone = ZoneInfo(settings.timezone)
        self._database_away = self._closing = False
        self._runs: set[asyncio.Task[None]] = set()

    async def send_due(self) -> None:
        """Send what is due. It never raises: errors are logged, and the next minute tries again.

        Where it is cancelled, what is being sent goes on; `aclose` waits for it.
        """
        run = asyncio.create_task(self._run())
        self._runs.add(run)
        run.add_done_callback(self._runs.discard)
        await asyncio.shield(run)

    async def aclose(self) -> None:
        """Begin nothing more, and wait for what is being sent."""
        self._closing = True
        if self._runs:
            _, unfinished = await asyncio.wait(self._runs, timeout=_CLOSE_TIMEOUT)
            for run in unfinished:
                run.cancel()

    async def _run(self) -> None:
        try:
            async with write_connection(self._settings, "delivery", "delivery") as connection:
                await self._send_due(Queue(connection))
            self._database_away = False
        except DatabaseUnavailable as error:
            if not self._database_away:
                logger.warning("Nothing is delivered for now: {} ({})", error, error.cause)
            self._database_away = True
        except Exception:
            logger.exception("Deliveries ended early; they continue in a minute.")

    async def send_once(self, view: str, address: str, attach: str | None) -> None:
        """Send a view to an address now, and only once. Raises NotDelivered where it was not sent, and NoSuchThing."""
        async with write_connection(self._settings, "delivery", "delivery") as connection:
            await find_view(connection, view)
            queue = Queue(connection)
            delivery = await queue.add_once(view, address, attach, datetime.now(UTC))
            if error := await self._attempt(delivery, queue, partial(self._read, queue=queue)):
                error.state = "failed" if error.state == "pending" else error.state
                await queue.finish(delivery, error.state, str(error), datetime.now(UTC))
                raise error
            await queue.finish(delivery, "sent", None, datetime.now(UTC))

    async def _send_due(self, queue: Queue) -> None:
        now = datetime.now(UTC)
        await queue.forget_old(now)
        await queue.give_up_lost(now)
        await queue.add_due(now, self._zone)
        contents: dict[object, Content] = {}
        reading = asyncio.Lock()

        async def read(delivery: Delivery) -> Content:
            """Read a view once for all recipients of a slot."""
            key = (delivery.view, delivery.slot, delivery.attach, delivery.secret is None)
            async with reading:
                if key not in contents:
                    contents[key] = await self._read(delivery, queue)
            return contents[key]

        async def work() -> None:
            while not self._closing and (delivery := await queue.claim(datetime.now(UTC))):
                await self._finish(delivery, queue, await self._attempt(delivery, queue, read))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_AT_ONCE):
                    group.create_task(work())
        except* Exception as errors:
            # All of them are the queue's, which has one connection.
            raise errors.exceptions[0] from None

    async def _read(self, delivery: Delivery, queue: Queue) -> Content:
        saved = await queue.view(delivery)
        # A late mail shows the days that it would have shown in time.
        day = delivery.slot.astimezone(self._zone).date()
        picture = delivery.secret is None
        return await read_content(saved, self._settings, self._renderer, day, delivery.attach, picture=picture)

    async def _attempt(
        self, delivery: Delivery, queue: Queue, read: Callable[[Delivery], Awaitable[Content]]
    ) -> NotDelivered | None:
        """Send a delivery, and return why it was not sent, if it was not."""
        try:
            if delivery.attempts > MOST_ATTEMPTS:
                return NotDelivered("The process ended in each attempt.", "failed")
            content = await read(delivery)
            if delivery.secret is None:
                await self._mail(content, delivery, queue)
            else:
                # In a thread: a report may have thousands of groups.
                body = await asyncio.to_thread(_payload, content, delivery)
                await call(delivery.target, delivery.secret, f"dlv_{delivery.id}", body, datetime.now(UTC))
        except NotDelivered as error:
            return error
        except (InvalidRequest, NoSuchThing) as error:
            return NotDelivered(f"The view cannot be shown any more: {error}", "failed")
        except AdMetricsError as error:
            return NotDelivered(str(error))
        except Exception as error:
            logger.exception("A delivery of {} failed.", delivery.view)
            return NotDelivered(f"An unexpected error: {type(error).__name__}; the log has it.")
        return None

    async def _mail(self, content: Content, delivery: Delivery, queue: Queue) -> None:
        settings = self._settings
        if not settings.smtp_url:
            raise NotDelivered("SMTP_URL is not set where the scheduled jobs run.")
        # In a thread: an attachment of megabytes takes its time.
        message = await asyncio.to_thread(mail_of, content, settings.mail_from, delivery.target)

        async def begin() -> None:
            if not await queue.begin_sending(delivery):
                raise NotDelivered("Another process sends it, or its subscription was paused or removed.")

        sender, recipient = (mail_address(text).addr_spec for text in (settings.mail_from, delivery.target))
        await send(settings.smtp_url, sender, recipient, message, begin)

    async def _finish(self, delivery: Delivery, queue: Queue, error: NotDelivered | None) -> None:
        """Write down and log what came of an attempt."""
        now, what = datetime.now(UTC), f"the view {delivery.view} of {timestamp(delivery.slot)}"
        target, detail = display_target(delivery.target), str(error)
        if error is None:
            await queue.finish(delivery, "sent", None, now)
            logger.info("Sent {} to {}.", what, target)
        elif error.state == "pending" and delivery.attempts < MOST_ATTEMPTS:
            next_try = now + BACKOFF[delivery.attempts - 1]
            await queue.finish(delivery, "pending", detail, next_try)
            logger.warning(
                "Could not send {} to {}: {} The next try is at {}.", what, target, detail, timestamp(next_try)
            )
        else:
            state = "unknown" if error.state == "unknown" else "failed"
            if error.state == "pending":
                detail += f" Given up after {delivery.attempts} attempts."
            await queue.finish(delivery, state, detail, now)
            logger.error("Did not send {} to {}: {}", what, target, detail)


def _payload(content: Content, delivery: Delivery) -> bytes:
    """Return the body of a webhook."""
    return orjson.dumps({"type": "view.delivered", "timestamp": timestamp(delivery.slot), "data": content.as_json()})
