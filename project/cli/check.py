"""`ad-metrics check` and `rollups`: find what is wrong with the data, and repair rollups."""

import asyncio
from datetime import date, datetime
from typing import Annotated

import typer

from project.cli.exit_codes import REFUSED, exit_codes
from project.commands import typed
from project.settings import Settings, get_settings
from project.store.postgres.connections import write_connection
from project.store.warehouse import consistency
from project.store.warehouse.consistency import Findings
from project.store.warehouse.rebuild import rebuild

app = typer.Typer(add_completion=False)
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


def _days(first: datetime | None, last: datetime | None) -> tuple[date, date]:
    if first and last and last < first:
        raise typer.BadParameter(f"--to {last:%Y-%m-%d} is before --from {first:%Y-%m-%d}")
    return first.date() if first else date.min, last.date() if last else date.max


async def _check(settings: Settings, first: date, last: date) -> Findings:
    async with write_connection(settings) as connection:
        return await consistency.check(connection, await consistency.days_between(connection, first, last))
