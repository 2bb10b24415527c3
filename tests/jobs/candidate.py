"""A process that could lead, on a clock that others set: each line of its standard input is a moment."""

import asyncio
import sys
from contextlib import suppress

import time_machine
from tortoise import Tortoise

from project.jobs import leader_election, scheduler
from project.settings import Settings
from project.store.postgres.connections import serving_config

leader_election.SECONDS_BETWEEN_TRIES = scheduler.SECONDS_BETWEEN_TRIES = 0.05
made = []


def noted(*arguments: object) -> object:
    made.append(heartbeat_scheduler(*arguments))
    return made[-1]


heartbeat_scheduler = scheduler.heartbeat_scheduler
scheduler.heartbeat_scheduler = noted


async def main(now: str) -> None:
    settings = Settings()
    with time_machine.travel(now, tick=False) as traveller:
        await Tortoise.init(config=serving_config(settings))
        leading = asyncio.create_task(scheduler.lead_for_ever(settings))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while moment := (await asyncio.to_thread(sys.stdin.readline)).strip():
            traveller.move_to(moment)
            if made and made[-1].running:
                made[-1].wakeup()
            sys.stdout.write(moment + "\n")
            sys.stdout.flush()
        leading.cancel()
        with suppress(asyncio.CancelledError):
            await leading
        await Tortoise.close_connections()


asyncio.run(main(sys.argv[1]))
