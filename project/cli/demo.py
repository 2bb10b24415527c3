"""`ad-metrics demo`: set everything up and serve, for a first look."""

import asyncio
import os
import socket
import sys
import threading
import webbrowser
from datetime import timedelta
from time import sleep
from typing import Annotated
from urllib.error import URLError
from urllib.request import urlopen

import typer
import uvicorn

from project import __version__
from project.cli.exit_codes import USAGE, exit_codes
from project.commands import typed
from project.ingest.sample import load_sample
from project.settings import Settings, get_settings
from project.store.postgres import migrations
from project.store.postgres.connections import database_address, write_connection
from project.store.warehouse import data_version
from project.web.state import today

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8000,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Set everything up, load sample data where there is none, and serve: for a first look."""
    settings = get_settings()
    _require_free_port(host, port)
    with exit_codes():
        print(f"Ad Metrics {__version__}", flush=True)
        if not settings.database_url:
            print(f"PostgreSQL   embedded, in {settings.embedded_postgres_dir}")
        database_address(settings)
        applied = asyncio.run(migrations.upgrade(settings))
        print(f"migrations   {f'{len(applied)} applied' if applied else 'none pending'}", flush=True)
        print(f"data         {asyncio.run(_sample_if_empty(settings))}")
    site = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    print(f"page         {site}/")
    print(f"API          {site}/docs")
    print(f"try          curl '{site}/v1/ad-metrics?sort=-date,-cost&limit=3'")
    print(f"report       curl '{site}/v1/reports?date_preset=last_28d&group_by=week,platform&metrics=cost,ctr'")
    print(f"heartbeat    tail -F {settings.heartbeat_log}")
    rest = "" if settings.database_url else f" PostgreSQL runs on; `{typed('ad-metrics db stop')}` stops it."
    print(f"Ctrl-C stops the service.{rest}", flush=True)
    has_screen = sys.platform in ("darwin", "win32") or "DISPLAY" in os.environ
    if browser and has_screen and sys.stdout.isatty():
        threading.Thread(target=_open_when_up, args=(site,), daemon=True).start()
    uvicorn.run("project.main:app", host=host, port=port, log_config=None, timeout_graceful_shutdown=10)


async def _sample_if_empty(settings: Settings) -> str:
    async with write_connection(settings) as connection:
        version = await data_version.read(connection)
    load = f"`{typed('ad-metrics load')}`"
    if version.sample:
        return f"sample data, made up, loaded before; the first {load} of yours replaces it"
    if version.number:
        return "yours; no sample data is added to it"
    report = await load_sample(settings, today(settings) - timedelta(days=1))
    return (
        f"sample data, made up: {report.inserted:,} facts, {report.date_from} to {report.date_to};"
        f" the first {load} of yours replaces it"
    )


def _require_free_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            print(f"Cannot listen on {host}:{port}: {error.strerror}. Try --port {port + 1}.", file=sys.stderr)
            raise typer.Exit(USAGE) from error


def _open_when_up(site: str) -> None:
    for _ in range(100):
        try:
            with urlopen(f"{site}/health/live", timeout=1):  # noqa: S310 - the address of this process
                webbrowser.open(site)
                return
        except URLError:
            sleep(0.2)
