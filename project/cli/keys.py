"""`ad-metrics keys`: create, list and revoke API keys, for `API_AUTH=required`."""

import sys
from datetime import datetime
from typing import Annotated

import typer

from project.cli.connection import on_connection
from project.commands import typed
from project.store import api_keys

app = typer.Typer(name="keys", add_completion=False, no_args_is_help=True, help="The keys of the API.")

_NAME = typer.Argument(help="Whose key it is; no two keys in use have the same name.")
_SCOPES = "; ".join(f"{scope}: {meaning}" for scope, meaning in api_keys.SCOPES.items())
_SCOPE = typer.Option(metavar="|".join(api_keys.SCOPES), help=f"{_SCOPES}.")


@app.command()
def create(name: Annotated[str, _NAME], scope: Annotated[str, _SCOPE] = "read") -> None:
    """Create a key and print it. It is shown once."""
    if scope not in api_keys.SCOPES:
        raise typer.BadParameter(f"{scope!r} must be one of: {', '.join(api_keys.SCOPES)}", param_hint="--scope")
    if not name.isprintable() or not 0 < len(name.strip()) <= 100:
        raise typer.BadParameter("expected 1 to 100 printable characters", param_hint="NAME")
    print(on_connection(lambda connection: api_keys.create(connection, name.strip(), scope), "keys"))
    print("Send it as `Authorization: Bearer …`. It is not stored, and not shown again.", file=sys.stderr)


@app.command(name="list")
def list_keys() -> None:
    """List all keys, also revoked ones, without their secrets."""
    keys = on_connection(api_keys.list_keys, "keys")
    if not keys:
        print(f"There are no keys; `{typed('ad-metrics keys create NAME')}` creates one.", file=sys.stderr)
    for key in keys:
        state = f"revoked {_moment(key['revoked_at'])}" if key["revoked_at"] else "in use"
        created = _moment(key["created_at"])
        print(f"adm_{key['id']}_…  {key['name']}  {key['scope']}  made {created}  {state}")


@app.command()
def revoke(name: Annotated[str, _NAME]) -> None:
    """Revoke a key for good; a running service refuses it within a second."""
    at = on_connection(lambda connection: api_keys.revoke(connection, name.strip()), "keys")
    print(f"revoked {name} at {_moment(at)}")


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
