"""The doctor: it checks what an operator sets up, and advises on what is wrong."""

import os
import re
import shutil
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import asyncpg

from project.commands import typed
from project.database_url import Address
from project.delivery import queue, subscriptions
from project.delivery.smtp import mail_server
from project.errors import (
    AdMetricsError,
    DatabaseUnavailable,
    DistributionRefused,
    NotDelivered,
    SettingsError,
)
from project.jobs.cron import cron_schedule
from project.jobs.heartbeat import check_heartbeat
from project.jobs.heartbeat_log import check_rotation, last_check
from project.jobs.log_location import check_kind, is_stream, log_file
from project.settings import Settings
from project.store.postgres import citus, migrations
from project.store.postgres.connections import (
    NAME_THE_PRIMARY,
    database_address,
    is_standby,
    serving_settings,
    standby_addresses,
)
from project.store.postgres.embedded import EmbeddedPostgres
from project.store.postgres.errors import database_errors
from project.store.postgres.sessions import connect
from project.store.warehouse import data_version, partitions
from project.store.warehouse.distribution import read_distribution
from project.store.warehouse.servers import Lag, ServerState, lag_of, read_state
from project.suggestions import nearest

OLDEST_SERVER = 15
RECENT = timedelta(days=7)
"""How far back it looks for deliveries that failed."""

LEAST_FREE = 1 << 30
"""Bytes that should be free on each disk that the service writes to."""

_ADVICE: Mapping[type[BaseException], str] = {
    ssl.SSLCertVerificationError: "Is the certificate valid, for this host? `sslrootcert=` names whose are trusted.",
    socket.gaierror: "Is the host of DATABASE_URL right?",
    TimeoutError: "Is the host of DATABASE_URL right, and the firewall open? A pooler logs why it waits.",
    ConnectionRefusedError: "Is the server up, at this host and port?",
    FileNotFoundError: "Is the server up, with its socket in this directory?",
    asyncpg.InvalidAuthorizationSpecificationError: "Are user and password of DATABASE_URL right?",
    asyncpg.InvalidCatalogNameError: "Is the database of DATABASE_URL right? `createdb` creates one.",
    asyncpg.TooManyConnectionsError: "Raise max_connections of the server, or lower DATABASE_POOL_MAX.",
    asyncpg.InsufficientPrivilegeError: "Grant the role of DATABASE_URL this right.",
}
_GENERAL_ADVICE = "Is DATABASE_URL right, and is the server up?"

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of one subject; `advice` is what to do where it is not ok."""

    state: State
    name: str
    detail: str
    advice: str = ""


async def examine(settings: Settings) -> list[Finding]:
    """Return the findings. It changes nothing, and starts no server."""
    before = [*_settings(settings), _access(settings), *_disks(settings), _log(settings)]
    database = [finding async for finding in _database(settings)]
    mail = [await _mail_server(settings)] if settings.smtp_url else []
    return [*before, *database, *mail, _heartbeat(settings), _daily_check(settings)]


def _settings(settings: Settings) -> Iterator[Finding]:
    file = Path(str(Settings.model_config.get("env_file") or ""))
    text = file.read_text() if file.is_file() else ""
    names = re.findall(r"^\s*(?:export\s+)?([A-Za-z_]+)\s*=", text, re.MULTILINE)
    unknown = [name for name in names if name.lower() not in Settings.model_fields]
    for name in unknown:
        similar = nearest(name, [field.upper() for field in Settings.model_fields], 1)
        advice = f"Did you mean {similar[0]}?" if similar else "`.env.example` has all settings."
        yield Finding("warn", "settings", f"`.env` has {name}, which is not a setting.", advice)
    try:
        cron_schedule(settings.heartbeat_cron)
        cron_schedule(settings.check_cron, "CHECK_CRON")
    except SettingsError as error:
        yield Finding("fail", "settings", str(error), "Write five fields: minute hour day month weekday, in UTC.")
    else:
        if not unknown:
            yield Finding("ok", "settings", "All settings are valid.")


def _access(settings: Settings) -> Finding:
    if settings.api_auth == "required":
        return Finding("ok", "access", "Every request needs a key.")
    if settings.api_allow_anonymous:
        advice = "Set API_AUTH=required unless everybody who reaches the service may read everything."
        return Finding("warn", "access", "The service answers requests without a key.", advice)
    return Finding("ok", "access", "Access is limited to localhost; API_AUTH=required opens it to holders of keys.")


def _disks(settings: Settings) -> Iterator[Finding]:
    directories = {"HEARTBEAT_LOG": log_file(settings).parent}
    if not settings.database_url:
        directories["EMBEDDED_POSTGRES_DIR"] = settings.embedded_postgres_dir
    if settings.ingest_http:
        directories["INGEST_DIR"] = settings.ingest_dir
    for setting, directory in directories.items():
        free = shutil.disk_usage(_existing(directory)).free
        detail = f"The disk of {setting} has {free / (1 << 30):,.1f} GB free."
        state: State = "warn" if free < LEAST_FREE else "ok"
        yield Finding(state, "disk", detail, "Free some space, or use another disk.")


def _log(settings: Settings) -> Finding:
    log = log_file(settings)
    try:
        check_kind(settings.heartbeat_log)
    except SettingsError as error:
        return Finding("fail", "log", str(error), "Let HEARTBEAT_LOG name a file.")
    try:
        check_rotation(settings)
    except SettingsError as error:
        return Finding("fail", "log", str(error), "The service refuses it; `.env.example` says what is valid.")
    directory = _existing(log.parent)
    if not (directory.is_dir() and os.access(log if log.exists() else directory, os.W_OK)):
        return Finding("fail", "log", f"{log} is not writable.", f"Let this account write to {log.parent}.")
    if is_stream(settings.heartbeat_log):
        return Finding("ok", "log", f"{settings.heartbeat_log} is a pipe or a device; {log} has its lines, too.")
    return Finding("ok", "log", f"{settings.heartbeat_log} is writable.")


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    if not settings.database_url and not EmbeddedPostgres(settings.embedded_postgres_dir).running:
        advice = f"`{typed('ad-metrics db start')}` starts it, as does the start of a service."
        yield Finding("fail", "database", "The embedded server is down: nothing can be answered.", advice)
        return
    try:
        with database_errors(connecting=True):
            address = database_address(settings)
        for sentence in address.ignored:
            yield Finding("warn", "database", sentence, "Remove it from DATABASE_URL.")
        connection = await connect(address, "ad-metrics doctor", serving_settings(settings), timeout=5)
        with database_errors():
            try:
                async for finding in _contents(connection, settings):
                    yield finding
                for name, standby in standby_addresses(settings).items():
                    yield _standby(lag_of(name, await _state(standby), await read_state(connection)))
            finally:
                await connection.close(timeout=5)
    except DatabaseUnavailable as error:
        advice = next((text for kind, text in _ADVICE.items() if isinstance(error.__cause__, kind)), _GENERAL_ADVICE)
        yield Finding("fail", "database", f"{error} ({error.cause})", advice)


async def _state(address: Address) -> ServerState:
    try:
        connection = await connect(address, "ad-metrics doctor", timeout=5)
        try:
            return await read_state(connection)
        finally:
            await connection.close(timeout=5)
    except DatabaseUnavailable as error:
        return error


def _standby(lag: Lag) -> Finding:
    if lag.error:
        advice = "Is it up? Until it answers, other hosts of DATABASE_READ_URL are read, then DATABASE_URL."
        return Finding("warn", "standby", f"{lag.name} does not answer: {lag.error}", advice)
    seconds = "by an unknown time" if lag.seconds is None else f"{lag.seconds:,.1f} s"
    if lag.versions:
        advice = "Is its replay paused, or held up by long queries (`max_standby_streaming_delay`)?"
        return Finding("warn", "standby", f"{lag.name} lacks {lag.versions:,} data versions; behind {seconds}.", advice)
    return Finding("ok", "standby", f"{lag.name} has the newest data version; behind {seconds}.")


async def _contents(connection: "asyncpg.Connection[Any]", settings: Settings) -> AsyncIterator[Finding]:
    state: State = "fail" if connection.get_server_version().major < OLDEST_SERVER else "ok"
    # The server's own words: asyncpg splits "18.6" into major 18, minor 0 and micro 6.
    detail = f"PostgreSQL {connection.get_settings().server_version} answers."
    yield Finding(state, "database", detail, f"Install PostgreSQL {OLDEST_SERVER} or newer.")
    if is_standby(connection):
        yield Finding("warn", "database", "It is a standby: loads, keys and jobs are refused.", NAME_THE_PRIMARY)
    if pending := await migrations.pending(connection):
        yield Finding(
            "fail", "migrations", f"Pending: {', '.join(pending)}.", f"Run `{typed('ad-metrics db upgrade')}`."
        )
        return
    yield Finding("ok", "migrations", "None is pending.")
    missing = await partitions.missing(connection, partitions.months_ahead(datetime.now(UTC).date()))
    if missing:
        advice = "The service creates them daily, or logs why it could not. A load creates those that it needs."
        yield Finding("warn", "partitions", f"Missing: {', '.join(missing)}.", advice)
    else:
        yield Finding("ok", "partitions", f"Partitions exist {partitions.MONTHS_AHEAD} months ahead.")
    if version := await citus.installed(connection):
        yield await _distributed(connection, version)
    if (await data_version.read(connection)).sample:
        advice = f"The first `{typed('ad-metrics load')}` replaces them."
        yield Finding("warn", "data", "The facts are sample data, made up.", advice)
    async for finding in _deliveries(connection, settings):
        yield finding


async def _deliveries(connection: "asyncpg.Connection[Any]", settings: Settings) -> AsyncIterator[Finding]:
    if not await connection.fetchval("SELECT has_table_privilege('subscription', 'SELECT')"):
        yield Finding("ok", "deliveries", "This role may not read the subscriptions: a service with it sends nothing.")
        return
    stored = [record for record in await subscriptions.list_all(connection) if not record["paused_at"]]
    by_mail = [record for record in stored if not subscriptions.is_webhook(record["targets"][0])]
    if by_mail and not settings.smtp_url:
        detail = f"{len(by_mail)} subscriptions send mail, and this environment has no SMTP_URL and MAIL_FROM."
        yield Finding("fail", "deliveries", detail, "Set them where the service runs, as `.env.example` shows.")
    if stored and not settings.public_url:
        detail = f"{len(stored)} subscriptions send no links, since this environment has no PUBLIC_URL."
        yield Finding("warn", "deliveries", detail, "Set it where the service runs, such as https://ads.example.com.")
    failed, waiting = await queue.count_problems(connection, datetime.now(UTC) - RECENT)
    if failed or waiting:
        detail = f"In the last {RECENT.days} days, {failed} were not sent; {waiting} wait for another attempt."
        advice = (
            f"`{typed('ad-metrics deliveries')}` says why; `{typed('ad-metrics deliver VIEW --to …')}` sends again."
        )
        yield Finding("warn", "deliveries", detail, advice)
    elif stored:
        yield Finding("ok", "deliveries", f"In the last {RECENT.days} days, all were sent.")


async def _mail_server(settings: Settings) -> Finding:
    try:
        async with mail_server(settings.smtp_url):
            return Finding("ok", "mail", "The server of SMTP_URL answers, and takes the password if there is one.")
    except NotDelivered as error:
        return Finding("fail", "mail", str(error), "Are host, port, user and password of SMTP_URL right?")


async def _distributed(connection: "asyncpg.Connection[Any]", version: str) -> Finding:
    advice = f"`{typed('ad-metrics distribute')}` distributes them."
    try:
        distribution = await read_distribution(connection)
    except DistributionRefused as error:
        return Finding("fail", "citus", str(error), advice)
    if distribution.missing:
        return Finding("warn", "citus", f"Citus {version}: not distributed: {', '.join(distribution.missing)}.", advice)
    shards = f"The facts have {distribution.shards} shards on {distribution.servers} servers."
    return Finding("ok", "citus", f"Citus {version}. {shards}")


def _heartbeat(settings: Settings) -> Finding:
    now = datetime.now(UTC)
    try:
        line = check_heartbeat(log_file(settings), now)
    except (AdMetricsError, OSError) as error:
        return Finding("warn", "heartbeat", str(error), "Is the service running, with this HEARTBEAT_LOG?")
    hours = (now - line.at).total_seconds() / 3600
    return Finding("ok", "heartbeat", f"The last heartbeat is {hours:.1f} h old; none is overdue.")


def _daily_check(settings: Settings) -> Finding:
    line = last_check(log_file(settings))
    if line is None:
        return Finding("ok", "rollups", "The daily check has not run yet.")
    check = f"The daily check of {line.at:%Y-%m-%dT%H:%M:%SZ}"
    if line.kind == "ok":
        return Finding("ok", "rollups", f"{check} found no error.")
    facts = " ".join(f"{name}={value}" for name, value in line.facts.items() if name != "next")
    check_now, rebuild = typed("ad-metrics check"), typed("ad-metrics rollups rebuild")
    advice = f"`{check_now}` says what is wrong, `{rebuild}` repairs rollups."
    if "error" in line.facts:
        advice = f"The check did not finish; `{check_now}` runs it now."
    return Finding("fail", "rollups", f"{check} failed: {facts}.", advice)


def _existing(path: Path) -> Path:
    """Return the directory, or its nearest parent that exists."""
    path = path.resolve()
    return next(directory for directory in (path, *path.parents) if directory.exists())
