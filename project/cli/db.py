"""`ad-metrics db`: the tables of the database, and the embedded PostgreSQL server."""

import asyncio
import os
import shutil
import sys
from typing import Annotated

import typer

from project.cli.exit_codes import DATABASE_AWAY, REFUSED, exit_codes
from project.commands import typed
from project.errors import NotMigrated
from project.settings import Settings, get_settings
from project.store.postgres.connections import database_address, write_connection
from project.store.postgres.embedded import EmbeddedPostgres

app = typer.Typer(
    name="db", add_completion=False, no_args_is_help=True, help="The database: its tables, and the embedded server."
)


@app.command()
def upgrade() -> None:
    """Create the tables, or bring them to this release: apply the pending migrations."""
    from project.store.postgres import migrations  # noqa: PLC0415 - Aerich and Tortoise take 0.5 s

    with exit_codes():
        names = asyncio.run(migrations.upgrade(get_settings()))
        print("\n".join(f"applied {name}" for name in names) or "no migration is pending")


@app.command()
def downgrade(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Undo the newest migration, after saying what is lost: the way back to the release before."""
    from project.store.postgres import migrations  # noqa: PLC0415

    settings = get_settings()
    with exit_codes():
        name, losses = asyncio.run(_newest(settings))
        print(f"Undoing {name} drops {', '.join(losses) or 'no table and no column'}.", flush=True)
        if not yes:
            if not sys.stdin.isatty():
                print("Nothing is changed: --yes confirms it.", file=sys.stderr)
                raise typer.Exit(REFUSED)
            typer.confirm("Undo it?", abort=True)
        asyncio.run(migrations.downgrade(settings, name))
        print(f"undone {name}; now run the service of the release before")


@app.command()
def grants(
    prefix: Annotated[str, typer.Option(help="The beginning of the names: PREFIX_reader and so on.")] = "ad_metrics",
) -> None:
    """Print the SQL that makes the roles reader, loader and analyst, and gives each what it needs and no more."""
    with exit_codes():
        print(asyncio.run(_grants(get_settings(), prefix)))


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
    """Print the server, its version, the database and its migrations; exit 3 when it does not answer."""
    settings = get_settings()
    server = None if settings.database_url else _embedded()
    if server and not server.running:
        print(f"server      embedded, down, data in {server.data}")
        print(f"            `{typed('ad-metrics db start')}` starts it, as does any command that needs it.")
        raise typer.Exit(DATABASE_AWAY)
    place = f"embedded, process {server.pid}, data in {server.data}" if server else "that of DATABASE_URL"
    with exit_codes():
        version, database, size, applied, pending = asyncio.run(_state(settings))
    print(f"server      {place}")
    print(f"version     PostgreSQL {version}")
    print(f"database    {database}, {size}")
    newest = f", the newest {applied[-1]}" if applied else ""
    print(f"migrations  {len(applied)} applied{newest}; {len(pending)} pending")
    for name in pending:
        print(f"            {name}")
    if pending:
        print(f"            `{typed('ad-metrics db upgrade')}` applies them.")


@app.command()
def url() -> None:
    """Print the URL of the embedded server's database."""
    print(_embedded().url())


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Open psql on the service's database; psql gets all further arguments."""
    with exit_codes():
        settings = get_settings()
        address = database_address(settings, direct=True)
        # The embedded one knows no TLS.
        program = (settings.database_url and shutil.which("psql")) or _embedded().command("psql")
        sys.stdout.flush()
        environment = {**os.environ, **address.environment}
        os.execve(program, [program, address.url, *context.args], environment)  # noqa: S606 - the process becomes psql


def _embedded() -> EmbeddedPostgres:
    return EmbeddedPostgres(get_settings().embedded_postgres_dir)


async def _newest(settings: Settings) -> tuple[str, list[str]]:
    from project.store.postgres import migrations  # noqa: PLC0415

    async with write_connection(settings, "db", needs="") as connection:
        name = await migrations.newest(connection)
        return name, await migrations.losses(connection, name)


async def _grants(settings: Settings, prefix: str) -> str:
    from project.store.postgres import grants, migrations  # noqa: PLC0415 - as above

    async with write_connection(settings, "db") as connection:
        if pending := await migrations.pending(connection):
            raise NotMigrated(f"Migrations are pending: {', '.join(pending)}. Run `{typed('ad-metrics db upgrade')}`.")
        return await grants.statements(connection, prefix)


async def _state(settings: Settings) -> tuple[str, str, str, list[str], list[str]]:
    from project.store.postgres import migrations  # noqa: PLC0415

    async with write_connection(settings, "db", needs="") as connection:
        database = await connection.fetchval("SELECT current_database()")
        size = await connection.fetchval("SELECT pg_size_pretty(pg_database_size(current_database()))")
        version = connection.get_settings().server_version
        return version, database, size, await migrations.applied(connection), await migrations.pending(connection)
