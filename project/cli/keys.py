"""`ad-metrics keys`: who may ask, where `API_AUTH=required`."""

import asyncio
import sys
from datetime import datetime
from typing import Annotated

import asyncpg
import typer

from project.cli.exit_codes import exit_codes
from project.settings import Settings, get_settings
from project.store import api_keys
from project.store.postgres.connections import write_connection

app = typer.Typer(name="keys", add_completion=False, no_args_is_help=True, help="The keys of the API.")

_SCOPES = "; ".join(f"{name}: {may}" for name, may in api_keys.SCOPES.items())
_NAME = typer.Argument(help="Whose key it is; no two in use have the same name.")


@app.command()
def create(
    name: Annotated[str, _NAME],
    scope: Annotated[
        str,
        typer.Option(
            metavar="|".join(api_keys.SCOPES), help="read: ask for rows and reports; ingest: also load files."
        ),
    ] = "read",
) -> None:
    """Make a key. It is printed once, and can be shown by nobody afterwards."""
    if scope not in api_keys.SCOPES:
        raise typer.BadParameter(f"{scope!r} is none of: {', '.join(api_keys.SCOPES)}", param_hint="--scope")
    if not name.isprintable() or not 0 < len(name.strip()) <= 100:
        raise typer.BadParameter("expected up to 100 letters", param_hint="NAME")
    with exit_codes():
        key = asyncio.run(_create(get_settings(), name.strip(), scope))
    print(key)
    print("Send it as `Authorization: Bearer …`. It is not kept here, and not shown again.", file=sys.stderr)


@app.command(name="list")
def list_keys() -> None:
    """List the keys, revoked ones too, without what would show them."""
    with exit_codes():
        found = asyncio.run(_listed(get_settings()))
        if not found:
            print("There are no keys; `ad-metrics keys create NAME` makes one.", file=sys.stderr)
        for key in found:
            state = f"revoked {_moment(key['revoked_at'])}" if key["revoked_at"] else "in use"
            made = _moment(key["created_at"])
            print(f"adm_{key['id']}_…  {key['name']}  {key['scope']}  made {made}  {state}")


@app.command()
def revoke(name: Annotated[str, _NAME]) -> None:
    """End a key for good; a running service refuses it within a second."""
    with exit_codes():
        at = asyncio.run(_revoke(get_settings(), name.strip()))
    print(f"revoked {name} at {_moment(at)}")


async def _create(settings: Settings, name: str, scope: str) -> str:
    async with write_connection(settings, "keys") as connection:
        return await api_keys.create(connection, name, scope)


async def _listed(settings: Settings) -> list[asyncpg.Record]:
    async with write_connection(settings, "keys") as connection:
        return await api_keys.listed(connection)


async def _revoke(settings: Settings, name: str) -> datetime:
    async with write_connection(settings, "keys") as connection:
        return await api_keys.revoke(connection, name)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
