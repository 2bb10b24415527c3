"""`ad-metrics views`: save, list and delete views, and keep them as a file under version control."""

import json
import sys
import tomllib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer

from project.cli.connection import Result, on_connection
from project.cli.exit_codes import exit_codes
from project.cli.serving import serving_pool
from project.commands import typed
from project.errors import Fault, InvalidRequest
from project.settings import get_settings
from project.store import views
from project.store.views import SavedView
from project.web.api.views.params import checked_view

app = typer.Typer(
    name="views", add_completion=False, no_args_is_help=True, help="Views of the page, saved under names."
)

_NAME = typer.Argument(help="The name of the view in addresses, such as weekly-spend.")
_QUERY = typer.Argument(help="The query string of the page, as in its address.")
_EXPORT = typer.Argument(help="The TOML file to write; - is standard output.", allow_dash=True)
_IMPORT = typer.Argument(help="A TOML file as `export` writes it.", exists=True, dir_okay=False)
_PRUNE = typer.Option("--prune", help="Also delete the views that the file does not have.")


@app.command(name="list")
def list_views() -> None:
    """List all views: name, title and query."""
    found = _run(views.list_views)
    if not found:
        print(f"There are no views; `{typed('ad-metrics views save NAME QUERY')}` saves one.", file=sys.stderr)
    for view in found:
        print(f"{view.name}  {view.title}  ?{view.query}")


@app.command()
def save(
    name: Annotated[str, _NAME],
    query: Annotated[str, _QUERY],
    title: Annotated[str, typer.Option(help="The name for people; without it, made of NAME.")] = "",
) -> None:
    """Save a view, or change it. The page must take the query."""
    entry = (name, title or name.replace("-", " ").capitalize(), query)

    async def save(connection: "asyncpg.Connection[Any]") -> str:
        return await _save(connection, *(await _checked([entry]))[0])

    print(f"{_run(save)} {name}")


@app.command()
def delete(name: Annotated[str, _NAME]) -> None:
    """Delete a view."""
    _run(lambda connection: views.delete_view(connection, name))
    print(f"deleted {name}")


@app.command()
def export(file: Annotated[Path, _EXPORT] = Path("-")) -> None:
    """Write all views as TOML, a table each."""
    text = "\n".join(map(_table, _run(views.list_views)))
    with exit_codes():
        if str(file) == "-":
            print(text, end="")
        else:
            file.write_text(text, encoding="utf-8")


@app.command(name="import")
def import_views(file: Annotated[Path, _IMPORT], *, prune: Annotated[bool, _PRUNE] = False) -> None:
    """Save the views of a file: all of them, or none where one is refused."""
    with exit_codes():
        entries = _entries(file)
        if prune and not entries:
            raise ValueError(f"{file} has no views: --prune would delete all that are saved.")

    async def save_all(connection: "asyncpg.Connection[Any]") -> list[str]:
        checked = await _checked(entries)
        async with connection.transaction():
            changes = [f"{await _save(connection, *entry)} {entry[0]}" for entry in checked]
            for view in await views.list_views(connection) if prune else ():
                if view.name not in {name for name, *_ in checked}:
                    await views.delete_view(connection, view.name)
                    changes.append(f"deleted {view.name}")
        return changes

    for change in _run(save_all):
        print(change)


def _entries(file: Path) -> Sequence[tuple[str, str, str]]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is not TOML: {error}") from error
    expected = {"title", "query"}
    for name, table in tables.items():
        if not (isinstance(table, dict) and set(table) == expected and all(isinstance(v, str) for v in table.values())):
            raise ValueError(f'{file}: [{name}] is invalid; expected title = "…" and query = "…", and nothing else.')
    return [(name, table["title"], table["query"]) for name, table in tables.items()]


async def _checked(entries: Sequence[tuple[str, str, str]]) -> Sequence[tuple[str, str, str]]:
    """Return names, titles and queries as they are stored. Raises InvalidRequest with the faults of all."""
    checked, faults = [], list[Fault]()
    async with serving_pool(get_settings()):
        for name, title, query in entries:
            try:
                checked.append((name, *await checked_view(name, title, query)))
            except InvalidRequest as error:
                faults += [replace(fault, parameter=f"{name}: {fault.parameter}") for fault in error.faults]
    if faults:
        raise InvalidRequest(faults)
    return checked


async def _save(connection: "asyncpg.Connection[Any]", name: str, title: str, query: str) -> str:
    view, before = await views.save_view(connection, name, title, query)
    return "made" if before is None else "unchanged" if view == before else "changed"


def _table(view: SavedView) -> str:
    # JSON's strings of printable characters are TOML's.
    return "".join(
        f"{line}\n"
        for line in (
            f"[{view.name}]",
            f"title = {json.dumps(view.title, ensure_ascii=False)}",
            f"query = {json.dumps(view.query)}",
        )
    )


def _run(action: Callable[["asyncpg.Connection[Any]"], Awaitable[Result]]) -> Result:
    return on_connection(action, "views", "saved_view")
