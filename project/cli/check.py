"""`ad-metrics check`, `rollups`, `heartbeat` and `doctor`: find what is wrong, and repair rollups."""

import asyncio
from datetime import UTC, date, datetime
from typing import Annotated

import typer
from filelock import Timeout
from tortoise.context import TortoiseContext

from project.cli.exit_codes import REFUSED, exit_codes
from project.commands import typed
from project.doctor import examine
from project.jobs.cron import cron_schedule, next_slot
from project.jobs.heartbeat import Unwritten, check_heartbeat, heartbeat_line
from project.jobs.heartbeat_log import LogLine, append_line, last_beat, open_log
from project.jobs.leader_election import lock_for
from project.jobs.log_location import log_file
from project.settings import Settings, get_settings
from project.store.postgres.connections import serving_config, write_connection
from project.store.warehouse import consistency
from project.store.warehouse.consistency import Findings
from project.store.warehouse.rebuild import rebuild

app = typer.Typer()
rollups = typer.Typer(no_args_is_help=True, help="The sums that reports read.")
app.add_typer(rollups, name="rollups")

_FROM = typer.Option("--from", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The first day; by default the oldest.")
_TO = typer.Option("--to", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The last day; by default the newest.")


@app.command()
def check(date_from: Annotated[datetime | None, _FROM] = None, date_to: Annotated[datetime | None, _TO] = None) -> None:
    """Check rollups against facts, and labels, partitions and data versions; exit 1 where one is wrong."""
    with exit_codes():
        findings = asyncio.run(_check(get_settings(), *_days(date_from, date_to)))
    for name, messages in findings.by_check.items():
        print(f"{name:11} {'; '.join(messages) or 'ok'}{f', {findings.days:,} days' if name == 'rollups' else ''}")
    if findings.by_check["rollups"]:
        print(f"`{typed('ad-metrics rollups rebuild')}` repairs rollups.")
    if not findings.ok:
        raise typer.Exit(REFUSED)


@rollups.command(name="rebuild")
def rebuild_rollups(
    date_from: Annotated[datetime | None, _FROM] = None, date_to: Annotated[datetime | None, _TO] = None
) -> None:
    """Compute the rollups from the facts, month by month."""
    with exit_codes():
        days = asyncio.run(rebuild(get_settings(), *_days(date_from, date_to)))
        print(f"rebuilt the rollups of {days:,} days")


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


@app.command()
def doctor() -> None:
    """Check settings, access, disks, logs, database, partitions and heartbeat; exit 1 where something fails."""
    with exit_codes():
        findings = asyncio.run(examine(get_settings()))
    for finding in findings:
        print(f"{finding.state:4}  {finding.name:10}  {finding.detail}")
        if finding.state != "ok":
            print(f"{'':18}{finding.advice}")
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(REFUSED)


def _days(first: datetime | None, last: datetime | None) -> tuple[date, date]:
    if first and last and last < first:
        raise typer.BadParameter(f"--to {last:%Y-%m-%d} is before --from {first:%Y-%m-%d}")
    return first.date() if first else date.min, last.date() if last else date.max


async def _check(settings: Settings, first: date, last: date) -> Findings:
    async with write_connection(settings) as connection:
        return await consistency.check(connection, await consistency.days_between(connection, first, last))


async def _write_heartbeat(settings: Settings) -> LogLine:
    log = log_file(settings)
    due = next_slot(cron_schedule(settings.heartbeat_cron), datetime.now(UTC))
    async with TortoiseContext() as context:
        await context.init(config=serving_config(settings))
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
