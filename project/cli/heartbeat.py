"""`ad-metrics heartbeat`: write one, or tell whether the service does."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer
from filelock import Timeout

from project.cli.exit_codes import exit_codes
from project.cli.serving import serving_pool
from project.jobs.cron import cron_schedule, next_slot
from project.jobs.heartbeat import Unwritten, check_heartbeat, heartbeat_line
from project.jobs.heartbeat_log import LogLine, append_line, last_beat, open_log
from project.jobs.leader_election import lock_for
from project.jobs.log_location import log_file
from project.settings import Settings, get_settings

app = typer.Typer(add_completion=False)


@app.command()
def heartbeat(
    check: Annotated[bool, typer.Option("--check", help="Only read: exit 1 when the next heartbeat is late.")] = False,
) -> None:
    """Write a heartbeat now; with --check, report whether the service still writes them."""
    settings = get_settings()
    with exit_codes():
        if check:
            print(check_heartbeat(log_file(settings), datetime.now(UTC)))
        else:
            print(asyncio.run(_write_heartbeat(settings)))


async def _write_heartbeat(settings: Settings) -> LogLine:
    log = log_file(settings)
    due = next_slot(cron_schedule(settings.heartbeat_cron), datetime.now(UTC))
    async with serving_pool(settings):
        line = await heartbeat_line("ok", due, log, manual=True)
    try:
        with lock_for(log), open_log(settings) as write:
            write(line)
    except Timeout:
        # A running service has the log open, and rotates it.
        append_line(log, line)
    if str(last_beat(log)) != str(line):
        raise Unwritten(f"The heartbeat could not be written to {log}; is the disk full?")
    return line
