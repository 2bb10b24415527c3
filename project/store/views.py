"""Saved views: the query string of a page under a name. Date presets stay relative to the day that a view is opened."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from project.commands import typed
from project.errors import InUse, NoSuchThing
from project.suggestions import nearest

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
"""How names are written: `weekly-spend`. They are part of addresses."""

LONGEST_NAME = 100
LONGEST_TITLE = 200
LONGEST_QUERY = 8000

_COLUMNS = "name, title, query, changed_at"
_FIND = f"SELECT {_COLUMNS} FROM saved_view WHERE name = $1"  # noqa: S608


_SUBSCRIPTIONS = "SELECT id FROM subscription WHERE view = $1 ORDER BY id"


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view as it is stored. `query` is that of the page, without a question mark."""

    name: str
    title: str
    query: str
    changed_at: datetime

    @property
    def tag(self) -> str:
        """What differs once the title or the query is changed."""
        return hashlib.blake2b(repr((self.title, self.query)).encode(), digest_size=8).hexdigest()


async def list_views(connection: "asyncpg.Connection[Any]") -> Sequence[SavedView]:
    """Return all views, by title."""
    rows = await connection.fetch(f"SELECT {_COLUMNS} FROM saved_view ORDER BY lower(title), name")  # noqa: S608
    return [SavedView(*row) for row in rows]


async def find_view(connection: "asyncpg.Connection[Any]", name: str) -> SavedView:
    """Return a view. Raises NoSuchThing, which suggests names that are similar."""
    # The name may be any text of an address, also one that PostgreSQL has no characters for.
    row = await connection.fetchrow(_FIND, name) if NAME.fullmatch(name) else None
    if row is None:
        names = [view.name for view in await list_views(connection)]
        raise NoSuchThing(
            f"No view is called {name!r}; `{typed('ad-metrics views list')}` shows them.", nearest(name, names)
        )
    return SavedView(*row)


async def save_view(
    connection: "asyncpg.Connection[Any]",
    name: str,
    title: str,
    query: str,
    check: Callable[[SavedView | None], None] = lambda _view: None,
) -> tuple[SavedView, SavedView | None]:
    """Create a view, or change it; return it and what it was before. `changed_at` moves only where it differs.

    `check` gets what it was before, and may raise. The name must match NAME, and the page must take the query.
    """
    async with connection.transaction():
        # A row that is not there yet cannot be locked: two requests with `If-None-Match: *` would both make it.
        await connection.execute("LOCK TABLE saved_view IN SHARE ROW EXCLUSIVE MODE")
        before = await _lock(connection, name)
        check(before)
        row = await connection.fetchrow(
            f"""
            INSERT INTO saved_view AS stored (name, title, query) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET title = EXCLUDED.title, query = EXCLUDED.query, changed_at = now()
            WHERE (stored.title, stored.query) IS DISTINCT FROM (EXCLUDED.title, EXCLUDED.query)
            RETURNING {_COLUMNS}
            """,  # noqa: S608
            name,
            title,
            query,
        )
    return (SavedView(*row) if row else before or await find_view(connection, name)), before


async def delete_view(
    connection: "asyncpg.Connection[Any]", name: str, check: Callable[[SavedView | None], None] = lambda _view: None
) -> None:
    """Delete a view. Raises NoSuchThing, and InUse where subscriptions send it; `check` as in `save_view`."""
    async with connection.transaction():
        await find_view(connection, name)
        check(await _lock(connection, name))
        if ids := [str(row[0]) for row in await connection.fetch(_SUBSCRIPTIONS, name)]:
            removals = ", ".join(f"`{typed(f'ad-metrics subscriptions remove {id_}')}`" for id_ in ids)
            of_them = "subscriptions" if len(ids) > 1 else "subscription"
            raise InUse(f"The view {name!r} is sent by {of_them} {', '.join(ids)}; first {removals}.")
        await connection.execute("DELETE FROM saved_view WHERE name = $1", name)


async def _lock(connection: "asyncpg.Connection[Any]", name: str) -> SavedView | None:
    row = await connection.fetchrow(f"{_FIND} FOR UPDATE", name)
    return SavedView(*row) if row else None
