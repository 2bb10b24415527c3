"""`ad-metrics subscribe`, `subscriptions`, `deliveries` and `deliver`: views by mail or to a webhook."""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import asyncpg
import typer

from project.cli.connection import Result, on_connection
from project.cli.exit_codes import REFUSED, exit_codes
from project.commands import typed
from project.delivery import queue, subscriptions
from project.delivery.subscriptions import ATTACHMENTS
from project.errors import NotDelivered
from project.jobs.cron import cron_schedule, next_slot
from project.settings import Settings, get_settings, mail_address
from project.store.views import find_view

_HOST = re.compile(r"[0-9a-f:.]*:[0-9a-f:.]*|[\w-]{1,63}(\.[\w-]{1,63})*", re.ASCII)

app = typer.Typer(add_completion=False)
group = typer.Typer(name="subscriptions", invoke_without_command=True)
app.add_typer(group)

_View = Annotated[str, typer.Argument(metavar="VIEW", help="The name of a view; `ad-metrics views` lists them.")]
_To = Annotated[list[str], typer.Option("--to", metavar="ADDRESS", help="A mail address; give it once for each.")]
_Attach = Annotated[
    str, typer.Option(metavar="|".join((*ATTACHMENTS, "none")), help="The breakdown as a file beside the mail.")
]
_Id = Annotated[
    int,
    typer.Argument(metavar="ID", min=1, max=2**63 - 1, help="The number that `ad-metrics subscriptions` shows."),
]


@app.command()
def subscribe(
    view: _View,
    cron: Annotated[str, typer.Option(help="When: minute hour day month weekday, in TIMEZONE, such as '0 7 * * mon'.")],
    to: _To = [],  # noqa: B006 - Typer copies it
    url: Annotated[str, typer.Option("--webhook", metavar="URL", help="POST the view as JSON to this URL.")] = "",
    attach: _Attach = ATTACHMENTS[0],
) -> None:
    """Send a view on a schedule: by mail, or to a webhook, whose secret is printed once."""
    settings = get_settings()
    if bool(to) == bool(url):
        raise typer.BadParameter("give either --to, once or more, or --webhook")
    targets = [_webhook(url)] if url else _addresses(to, settings)
    with exit_codes():
        schedule = cron_schedule(cron, "--cron", ZoneInfo(settings.timezone))
    secret = subscriptions.new_secret() if url else None
    file = None if url else _attachment(attach)

    async def create(connection: "asyncpg.Connection[Any]") -> int:
        await find_view(connection, view)
        return await subscriptions.create(connection, view, cron, targets, file, secret)

    id_ = _run(create)
    due = next_slot(schedule, datetime.now(UTC))
    print(f"subscription {id_}: {view} to {', '.join(targets)}, next {_moment(due, settings)}")
    if secret:
        print(subscriptions.display_secret(secret))
        print("This secret signs what is sent (Standard Webhooks). It is not shown again.", file=sys.stderr)
    needed = "PUBLIC_URL" if url else "SMTP_URL, MAIL_FROM and PUBLIC_URL"
    check = f"`{typed('ad-metrics doctor')}` there says what is missing"
    print(f"The service sends it, and needs {needed} in its own environment; {check}.", file=sys.stderr)
    if not settings.public_url:
        print("PUBLIC_URL is not set, so there will be no links to the page.", file=sys.stderr)


@group.callback()
def list_subscriptions(context: typer.Context) -> None:
    """List the subscriptions; pause, resume or remove one."""
    if context.invoked_subcommand and context.invoked_subcommand != "list":
        return
    settings = get_settings()
    records = _run(subscriptions.list_all)
    if not records:
        print(f"There are no subscriptions; `{typed('ad-metrics subscribe')}` makes one.", file=sys.stderr)
    for record in records:
        schedule = cron_schedule(record["cron"], "cron", ZoneInfo(settings.timezone))
        next_ = f"next {_moment(next_slot(schedule, datetime.now(UTC)), settings)}"
        state = f"paused {_moment(record['paused_at'], settings)}" if record["paused_at"] else next_
        file = f"  with {record['attach']}" if record["attach"] else ""
        print(f"{record['id']}  {record['view']}  '{record['cron']}'  to {', '.join(record['targets'])}{file}  {state}")


@group.command(name="list")
def _list() -> None:
    """List the subscriptions."""


@group.command()
def pause(id_: _Id) -> None:
    """Stop a subscription until it is resumed."""
    _change(id_, subscriptions.pause, "paused")


@group.command()
def resume(id_: _Id) -> None:
    """Continue a subscription with its next slot; what it missed is not sent."""
    _change(id_, subscriptions.resume, "resumed")


@group.command()
def remove(id_: _Id) -> None:
    """Delete a subscription; `ad-metrics deliveries` still shows what was sent."""
    _change(id_, subscriptions.remove, "removed")


@app.command()
def deliveries(
    view: Annotated[str, typer.Argument(metavar="[VIEW]", help="Only of this view.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest first.")] = 20,
) -> None:
    """Show what was sent, what is still to be sent, and what failed, and why."""
    settings = get_settings()
    records = _run(lambda connection: queue.list_newest(connection, view, limit))
    if not records:
        print("There are no deliveries.", file=sys.stderr)
    for record in records:
        when = record["next_try_at"] if record["state"] == "pending" else record["tried_at"] or record["slot"]
        state = f"{record['state']:<8}{'until' if record['state'] == 'pending' else ''}"
        target = subscriptions.display_target(record["target"])
        tries = f"  attempts {record['attempts']}" if record["attempts"] > 1 else ""
        error = f"\n    {record['error']}" if record["error"] else ""
        print(f"{state.strip()} {_moment(when, settings)}  {record['view']}  to {target}{tries}{error}")


@app.command()
def deliver(view: _View, to: _To, attach: _Attach = ATTACHMENTS[0]) -> None:
    """Send a view by mail, once, now.

    The exit code is 1 where it did not reach everybody.
    """
    from project.charts.renderer import Renderer  # noqa: PLC0415
    from project.cli.serving import serving_pool  # noqa: PLC0415
    from project.delivery.dispatch import Dispatcher  # noqa: PLC0415

    settings = get_settings()
    addresses, file = _addresses(to, settings), _attachment(attach)

    async def send() -> bool:
        complete = True
        async with serving_pool(settings), AsyncExitStack() as stack:
            renderer = Renderer()
            stack.push_async_callback(renderer.close)
            for address in addresses:
                try:
                    await Dispatcher(settings, renderer).send_once(view, address, file)
                    print(f"sent {view} to {address}", flush=True)
                except NotDelivered as error:
                    complete = False
                    print(f"not sent to {address}: {error}", file=sys.stderr)
        return complete

    with exit_codes():
        if not asyncio.run(send()):
            raise typer.Exit(REFUSED)


def _change(id_: int, change: Callable[["asyncpg.Connection[Any]", int], Awaitable[None]], done: str) -> None:
    _run(lambda connection: change(connection, id_))
    print(f"{done} subscription {id_}")


def _run(action: Callable[["asyncpg.Connection[Any]"], Awaitable[Result]]) -> Result:
    return on_connection(action, "subscriptions", "delivery")


def _addresses(to: list[str], settings: Settings) -> list[str]:
    try:
        addresses = [mail_address(text).addr_spec for text in to]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--to") from error
    if not settings.smtp_url:
        raise typer.BadParameter(
            "no mail server is set: set SMTP_URL, such as smtp://user:password@mail.example.com:587, and MAIL_FROM",
            param_hint="--to",
        )
    return list(dict.fromkeys(addresses))


def _webhook(url: str) -> str:
    import httpx  # noqa: PLC0415

    with suppress(ValueError, httpx.InvalidURL):
        parts = urlsplit(url)
        target = httpx.URL(url)
        # `host` raises where httpx could not read it when the view is sent.
        is_host = target.host and _HOST.fullmatch(target.raw_host.decode().removesuffix("."))
        if parts.scheme in ("http", "https") and parts.port != 0 and is_host and url.isprintable():
            return url
    detail = f"{url!r} is not a URL such as https://hooks.example.com/ad-metrics"
    raise typer.BadParameter(detail, param_hint="--webhook")


def _attachment(name: str) -> str | None:
    if name not in (*ATTACHMENTS, "none"):
        raise typer.BadParameter(f"{name!r} must be one of: {', '.join((*ATTACHMENTS, 'none'))}", param_hint="--attach")
    return None if name == "none" else name


def _moment(at: datetime | None, settings: Settings) -> str:
    return f"{at.astimezone(ZoneInfo(settings.timezone)):%Y-%m-%d %H:%M %Z}" if at else "never"
