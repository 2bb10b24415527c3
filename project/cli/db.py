"""`ad-metrics db`: the embedded PostgreSQL server."""

import os
import sys

import typer

from project.cli.exit_codes import DATABASE_AWAY, exit_codes
from project.settings import get_settings
from project.store.postgres.connections import database_url
from project.store.postgres.embedded import EmbeddedPostgres

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
    """Tell whether the embedded server is up; exit 3 when it is not."""
    state = _embedded().status()
    print(f"{'up, process ' + str(state.pid) if state.running else 'down'}, PostgreSQL {state.version}, {state.data}")
    if not state.running:
        raise typer.Exit(DATABASE_AWAY)


@app.command()
def url() -> None:
    """Print the address of the embedded server's database, and nothing else."""
    print(_embedded().url())


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Open psql on the service's database; further arguments go to psql."""
    with exit_codes():
        address = database_url(get_settings())
        program = _embedded().command("psql")
        sys.stdout.flush()
        os.execv(program, [program, address, *context.args])  # noqa: S606 - becomes psql


def _embedded() -> EmbeddedPostgres:
    return EmbeddedPostgres(get_settings().embedded_postgres_dir)
