"""`ad-metrics distribute`: spread the facts over the servers of Citus."""

import asyncio
from typing import Annotated

import typer

from project.cli.exit_codes import exit_codes
from project.errors import DistributionRefused
from project.settings import Settings, get_settings
from project.store.postgres.connections import write_connection
from project.store.warehouse import distribution
from project.store.warehouse.distribution import LEAST_SHARDS, MOST_SHARDS, Distribution

app = typer.Typer(add_completion=False)

_SHARDS = typer.Option(
    min=1, max=MOST_SHARDS, show_default=False,
    help=f"How many shards the facts have; by default two for each server, at least {LEAST_SHARDS}.",
)  # fmt: skip


@app.command()
def distribute(shards: Annotated[int | None, _SHARDS] = None) -> None:
    """Distribute facts, rollups and ledger over the servers of Citus, by day; a second run changes nothing."""
    with exit_codes():
        done = asyncio.run(_distribute(get_settings(), shards))
        print(f"distributed: {len(done.tables)} tables, the facts in {done.shards} shards on {done.servers} servers")


async def _distribute(settings: Settings, shards: int | None) -> Distribution:
    if settings.database_pooler == "transaction" and not settings.database_direct_url:
        raise DistributionRefused(
            "DATABASE_URL names a pooler in transaction mode; let DATABASE_DIRECT_URL name the coordinator itself."
        )
    async with write_connection(settings, "distribute", direct=True) as connection:
        return await distribution.distribute(connection, shards, notify=print)
