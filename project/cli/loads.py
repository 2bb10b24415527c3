"""`ad-metrics loads`: what has been loaded."""

import asyncio
import sys
from typing import Annotated

import asyncpg
import orjson
import typer

from project.cli.exit_codes import exit_codes
from project.settings import Settings, get_settings
from project.store.postgres.connections import write_connection

app = typer.Typer(add_completion=False)


@app.command()
def loads(limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20) -> None:
    """List what has been loaded."""
    with exit_codes():
        rows = asyncio.run(_recent_loads(get_settings(), limit))
        if not rows:
            print("Nothing has been loaded yet.", file=sys.stderr)
        for row in rows:
            files = ", ".join(file["name"] for file in orjson.loads(row["files"]))
            days = f"{row['date_from']} to {row['date_to']}"
            print(
                f"{row['finished_at']:%Y-%m-%dT%H:%M:%SZ}  version {row['data_version']}  {files}  {days}  read "
                f"{row['rows_read']:,}, inserted {row['inserted']:,}, changed {row['changed']:,}, "
                f"unchanged {row['unchanged']:,}, removed {row['removed']:,}"
            )


async def _recent_loads(settings: Settings, limit: int) -> list[asyncpg.Record]:
    async with write_connection(settings) as connection:
        return await connection.fetch("SELECT * FROM ingest_log ORDER BY id DESC LIMIT $1", limit)
