"""Subscriptions: who gets which view, and when. Only the command line makes them."""

import base64
import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from project.commands import typed
from project.errors import NoSuchThing

ATTACHMENTS = ("xlsx", "csv")
"""The formats in which a mail has the breakdown as a file."""

_PREFIX = "whsec_"
_DROP_PENDING = "DELETE FROM delivery WHERE subscription_id = $1 AND state = 'pending'"


async def create(
    connection: "asyncpg.Connection[Any]",
    view: str,
    cron: str,
    targets: Sequence[str],
    attach: str | None,
    secret: bytes | None,
) -> int:
    """Store a subscription, which begins now, and return its id."""
    statement = """\
        INSERT INTO subscription (view, cron, targets, attach, secret, slot) VALUES ($1, $2, $3, $4, $5, now())
        RETURNING id"""
    id_: int = await connection.fetchval(statement, view, cron, targets, attach, secret)
    return id_


async def list_all(connection: "asyncpg.Connection[Any]") -> list[asyncpg.Record]:
    """Return all subscriptions, the newest last."""
    statement = "SELECT id, view, cron, targets, attach, slot, created_at, paused_at FROM subscription ORDER BY id"
    return await connection.fetch(statement)


async def pause(connection: "asyncpg.Connection[Any]", id_: int) -> None:
    """Stop a subscription until it is resumed; what was still to be sent for it is dropped. Raises NoSuchThing."""
    async with connection.transaction():
        await _change(connection, "UPDATE subscription SET paused_at = coalesce(paused_at, now()) WHERE id = $1", id_)
        await connection.execute(_DROP_PENDING, id_)


async def resume(connection: "asyncpg.Connection[Any]", id_: int) -> None:
    """Continue a subscription with its next slot. Raises NoSuchThing."""
    statement = """\
        UPDATE subscription SET paused_at = NULL, slot = CASE WHEN paused_at IS NULL THEN slot ELSE now() END
        WHERE id = $1"""
    await _change(connection, statement, id_)


async def remove(connection: "asyncpg.Connection[Any]", id_: int) -> None:
    """Delete a subscription, and what was still to be sent for it; what was sent stays. Raises NoSuchThing."""
    async with connection.transaction():
        await _change(connection, "DELETE FROM subscription WHERE id = $1", id_)
        await connection.execute(_DROP_PENDING, id_)


def new_secret() -> bytes:
    """Return a secret of 256 random bits."""
    return secrets.token_bytes(32)


def is_webhook(target: str) -> bool:
    """Whether a target is the URL of a webhook, and no mail address."""
    return urlsplit(target).scheme in ("http", "https")


def display_secret(secret: bytes) -> str:
    """Return a secret as receivers configure it."""
    return _PREFIX + base64.b64encode(secret).decode()


def display_target(target: str) -> str:
    """Return an address as it is, and of a URL the host: its path may be a secret."""
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.hostname}/…" if is_webhook(target) else target


async def _change(connection: "asyncpg.Connection[Any]", statement: str, id_: int) -> None:
    if (await connection.execute(statement, id_)).endswith(" 0"):
        raise NoSuchThing(f"There is no subscription {id_}; `{typed('ad-metrics subscriptions')}` lists them.")
