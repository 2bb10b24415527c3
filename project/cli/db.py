"""`ad-metrics db`: the embedded PostgreSQL server."""

import os
import sys
from importlib.metadata import version

import typer

from project.cli.exit_codes import DATABASE_AWAY, exit_codes
from project.settings import get_settings
from project.store.postgres.connections import database_url
from project.store.postgres.embedded import EmbeddedPostgres
from project.store.postgres.embedded_programs import PACKAGE

app = typer.Typer(name="db", add_completion=False, no_args_is_help=True, help="The embedded PostgreSQL server.")


@app.command()
def start() -> None:
    """Start the embedded server; it stays up until `db stop`."""
    with exit_codes():
        server = _embedded()
        server.start()
        print(f"up: {server.url()}")


@app.command()
def stop() -> None:
    """Stop the embedded server."""
    with exit_codes():
        print("stopped" if _embedded().stop() else "it was not running")


@app.command()
def status() -> None:
    """Print whether the embedded server is up; exit 3 when it is not."""
    server = _embedded()
    running = server.running
    print(f"{f'up, process {server.pid}' if running else 'down'}, PostgreSQL {version(PACKAGE)}, {server.data}")
    if not running:
        raise typer.Exit(DATABASE_AWAY)


@app.command()
def url() -> None:
    """Print the URL of the embedded server's database."""
    print(_embedded().url())


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Open psql on the service's database; psql gets all further arguments."""
    with exit_codes():
        dsn = database_url(get_settings())
        program = _embedded().command("psql")
        sys.stdout.flush()
        os.execv(program, [program, dsn, *context.args])  # noqa: S606 - the process becomes psql


def _embedded() -> EmbeddedPostgres:
    return EmbeddedPostgres(get_settings().embedded_postgres_dir)
