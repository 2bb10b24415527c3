"""`ad-metrics load-in-background`: what the service starts for a load over HTTP."""

import asyncio

import typer

from project.cli.exit_codes import exit_codes, interruptible
from project.ingest.background import load_in_background
from project.settings import get_settings

app = typer.Typer(add_completion=False)


@app.command()
def load_stored_request(ingest_id: int) -> None:
    """Run a load that `POST /v1/ingests` stored; the service starts this."""
    with exit_codes(), interruptible(lambda: "Interrupted."):
        asyncio.run(load_in_background(get_settings(), ingest_id))
