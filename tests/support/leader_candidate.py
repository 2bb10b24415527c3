"""A process that could lead, on a clock that the test sets: each line of its standard input is a moment."""

import asyncio
import sys
from contextlib import suppress

import time_machine
from tortoise import Tortoise

from project.charts.renderer import Renderer
from project.delivery.dispatch import Dispatcher
from project.jobs import leader_election, scheduler
from project.settings import Settings
from project.store.postgres.connections import serving_config

leader_election.SECONDS_BETWEEN_TRIES = scheduler.SECONDS_BETWEEN_TRIES = 0.05
schedulers = []


def recorded(*arguments: object) -> object:
    schedulers.append(job_scheduler(*arguments))
    return schedulers[-1]


job_scheduler = scheduler.job_scheduler
scheduler.job_scheduler = recorded


async def main(now: str) -> None:
    settings = Settings()
    with time_machine.travel(now, tick=False) as traveller:
        await Tortoise.init(config=serving_config(settings))
        jobs = [Dispatcher(settings, Renderer()).send_due] if settings.smtp_url else []
        leading = asyncio.create_task(scheduler.lead_for_ever(settings, *jobs))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while moment := (await asyncio.to_thread(sys.stdin.readline)).strip():
            traveller.move_to(moment)
            if schedulers and schedulers[-1].running:
                schedulers[-1].wakeup()
            sys.stdout.write(moment + "\n")
            sys.stdout.flush()
        leading.cancel()
        with suppress(asyncio.CancelledError):
            await leading
        await Tortoise.close_connections()


asyncio.run(main(sys.argv[1]))
