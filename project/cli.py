"""`ad-metrics`: arguments in, exit codes out.

Exit codes: 0 done, 1 refused, 2 wrong usage or settings, 3 the database is away.
"""

import asyncio
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Annotated, Any, cast
from urllib.error import URLError
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import typer
import uvicorn
from filelock import Timeout
from tortoise import Tortoise

from project import __version__, logs
from project.errors import AdMetricsError, DatabaseUnavailable, EmbeddedPostgresError, LoadRefused
from project.ingest.load import RowsRejected, load
from project.ingest.options import MostRejects, Options, pairs
from project.ingest.presets import PRESETS
from project.ingest.progress import progress_bar
from project.ingest.rebuild import rebuild
from project.ingest.rejects import rejects_written
from project.ingest.report import Report
from project.ingest.requested import load_requested
from project.ingest.sample import load_sample
from project.jobs import heartbeat as beats
from project.jobs.heartbeat_log import append_line, last_beat, line_of, open_log
from project.jobs.leader import lock_for
from project.jobs.scheduler import cron_trigger, next_beat
from project.settings import Settings, SettingsError, get_settings
from project.store import checks, migrations
from project.store.checks import Findings
from project.store.database import database_url, serving_config, writing
from project.store.embedded import EmbeddedPostgres

app = typer.Typer(no_args_is_help=True, add_completion=False, help="A reporting service over daily advertising facts.")
db = typer.Typer(no_args_is_help=True, help="The embedded PostgreSQL server.")
app.add_typer(db, name="db")
rollups = typer.Typer(no_args_is_help=True, help="The sums that reports are read from.")
app.add_typer(rollups, name="rollups")

_FROM = typer.Option("--from", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The first day; by default, of all.")
_TO = typer.Option("--to", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The last day; by default, of all.")

REFUSED, USAGE, DATABASE_AWAY = 1, 2, 3


def main() -> None:
    """Run the command line; the entry point of the distribution."""
    try:
        settings = get_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)
        sys.exit(USAGE)
    logs.configure(settings.log_level, settings.log_format)
    app()


@app.command()
def demo(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = 8000,
    browser: Annotated[bool, typer.Option(help="Open the documentation in a browser.")] = True,
) -> None:
    """Set everything up, load sample data where there is none, and serve: for a first look."""
    settings = get_settings()
    _refuse_taken_port(host, port)
    with _exit_codes():
        print(f"Ad Metrics {__version__}", flush=True)
        if not settings.database_url:
            print(f"PostgreSQL   embedded, in {settings.embedded_postgres_dir} (`ad-metrics db stop` stops it)")
        database_url(settings)
        applied = asyncio.run(migrations.upgrade(settings))
        print(f"migrations   {', '.join(applied) or 'none pending'}", flush=True)
        print(f"data         {asyncio.run(_sample_if_empty(settings))}")
    site = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    print(f"API          {site}/docs")
    print(f"try          curl '{site}/v1/ad-metrics?sort=-date,-cost&limit=3'")
    print(f"report       curl '{site}/v1/reports?date_preset=last_28d&group_by=week,platform&metrics=cost,ctr'")
    print(f"heartbeat    tail -F {settings.heartbeat_log}")
    print("Ctrl-C stops the service.", flush=True)
    if browser and _has_screen():
        threading.Thread(target=_open_when_up, args=(site,), daemon=True).start()
    uvicorn.run("project.main:app", host=host, port=port, log_config=None)


@app.command(name="load")
def load_files(
    files: Annotated[
        list[Path],
        typer.Argument(help="CSV, TSV, NDJSON (also gzip), Parquet or xlsx, loaded as one; - is standard input."),
    ],
    map_: Annotated[
        list[str], typer.Option("--map", metavar="FIELD=COLUMN", help="The column that holds a field.")
    ] = [],  # noqa: B006 - Typer copies it
    set_: Annotated[
        list[str], typer.Option("--set", metavar="FIELD=VALUE", help="One value of a field for all rows.")
    ] = [],  # noqa: B006
    preset: Annotated[
        str | None, typer.Option(metavar="|".join(PRESETS), help="Whose export it is; by default guessed, and said.")
    ] = None,
    date_format: Annotated[
        str | None,
        typer.Option(metavar="FORMAT", help="How dates are written, as strptime has it: %m/%d/%Y."),
    ] = None,
    decimal_comma: Annotated[
        bool | None,
        typer.Option("--decimal-comma/--decimal-point", help="How numbers are written: 1.234,5 or 1,234.5."),
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Of text that is not UTF-8 or UTF-16, such as latin-1.")] = None,
    currency: Annotated[str | None, typer.Option(help="Of amounts that do not say it; must be the database's.")] = None,
    blank: Annotated[
        list[str], typer.Option("--blank", metavar="MEASURE=0", help="Count a blank cell of a measure as 0.")
    ] = [],  # noqa: B006
    round_: Annotated[
        list[str], typer.Option("--round", metavar="MEASURE", help="Round what a measure cannot keep, row by row.")
    ] = [],  # noqa: B006
    stream: Annotated[str | None, typer.Option(help="Which stream of a file of records of several.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Which sheet of a workbook of several.")] = None,
    on_duplicate: Annotated[
        str, typer.Option(metavar="sum|error", help="What to do with rows of the same natural key.")
    ] = "sum",
    replace: Annotated[
        bool, typer.Option("--replace", help="Also remove facts, of the files' dates and platforms, that they lack.")
    ] = False,
    max_rejects: Annotated[
        str, typer.Option(metavar="N|N%", help="Load all the same when so many rows cannot be read.")
    ] = "0",
    rejects: Annotated[Path | None, typer.Option(help="Write rows that cannot be read to this CSV file.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but keep it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Load exports: facts are inserted, or replaced where the database has other numbers."""

    def tell(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    with _exit_codes():
        options = Options(
            _pairs("--map", map_),
            _pairs("--set", set_),
            date_format,
            preset,
            decimal_comma,
            encoding,
            currency,
            _pairs("--blank", blank),
            tuple(round_),
            stream,
            sheet,
            MostRejects.parse(max_rejects),
            cast("Any", on_duplicate),
            replace,
        )
        report = Report()
        try:
            with rejects_written(rejects, report), progress_bar(files) as progress:
                asyncio.run(
                    load(files, options, get_settings(), dry_run=dry_run, tell=tell, progress=progress, report=report)
                )
        except RowsRejected:
            _print_report(report, as_json)
            raise
        _print_report(report, as_json)


@app.command(name="load-requested", hidden=True)
def load_requested_over_http(number: int) -> None:
    """Run a load that was asked for over HTTP; the service starts this."""
    with _exit_codes():
        asyncio.run(load_requested(get_settings(), number))


@app.command()
def loads(limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20) -> None:
    """List what has been loaded."""
    with _exit_codes():
        for row in asyncio.run(_recent_loads(get_settings(), limit)):
            files = ", ".join(file["name"] for file in orjson.loads(row["files"]))
            days = f"{row['date_from']} to {row['date_to']}"
            print(
                f"{row['finished_at']:%Y-%m-%dT%H:%M:%SZ}  version {row['data_version']}  {files}  {days}  read "
                f"{row['rows_read']:,}, inserted {row['inserted']:,}, changed {row['changed']:,}, "
                f"unchanged {row['unchanged']:,}, removed {row['removed']:,}"
            )


@app.command()
def check(date_from: Annotated[datetime | None, _FROM] = None, date_to: Annotated[datetime | None, _TO] = None) -> None:
    """Prove that rollups equal facts, labels resolve, partitions are there and versions move; exit 1 where not."""
    with _exit_codes():
        findings = asyncio.run(_checked(get_settings(), *_days(date_from, date_to)))
    for name, found in findings.by_check.items():
        print(f"{name:11} {'; '.join(found) or 'ok'}{f', {findings.days:,} days' if name == 'rollups' else ''}")
    if not findings.ok:
        if findings.rollups:
            print("`ad-metrics rollups rebuild` mends rollups.")
        raise typer.Exit(REFUSED)


@rollups.command(name="rebuild")
def rebuild_rollups(
    date_from: Annotated[datetime | None, _FROM] = None, date_to: Annotated[datetime | None, _TO] = None
) -> None:
    """Sum the rollups anew from the facts, month by month."""
    with _exit_codes():
        days = asyncio.run(rebuild(get_settings(), *_days(date_from, date_to)))
        print(f"rebuilt the rollups of {days:,} days")


@app.command()
def heartbeat(
    check: Annotated[bool, typer.Option("--check", help="Only look: exit 1 when the last beat is overdue.")] = False,
) -> None:
    """Write one heartbeat now; with --check, tell a monitor whether the service still writes them."""
    settings = get_settings()
    with _exit_codes():
        if check:
            print(line_of(beats.check(settings.heartbeat_log, datetime.now(UTC))))
        else:
            print(asyncio.run(_beat_once(settings)))


@db.command()
def start() -> None:
    """Start the embedded server; it stays up until `db stop`."""
    with _exit_codes():
        server = _embedded()
        server.start()
        print(f"up: {server.url()}")


@db.command()
def stop() -> None:
    """Stop the embedded server."""
    with _exit_codes():
        print("stopped" if _embedded().stop() else "it was not running")


@db.command()
def status() -> None:
    """Tell whether the embedded server is up; exit 3 when it is not."""
    state = _embedded().status()
    print(f"{'up, process ' + str(state.pid) if state.running else 'down'}, PostgreSQL {state.version}, {state.data}")
    if not state.running:
        raise typer.Exit(DATABASE_AWAY)


@db.command()
def url() -> None:
    """Print the address of the embedded server's database, and nothing else."""
    print(_embedded().url())


@db.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Open psql on the service's database; further arguments go to psql."""
    with _exit_codes():
        address = database_url(get_settings())
        program = _embedded().command("psql")
        sys.stdout.flush()
        os.execv(program, [program, address, *context.args])  # noqa: S606 - becomes psql


@contextmanager
def _exit_codes() -> Iterator[None]:
    try:
        yield
    except (DatabaseUnavailable, EmbeddedPostgresError) as error:
        print(f"{error} ({error.__cause__})" if error.__cause__ else error, file=sys.stderr)
        raise typer.Exit(DATABASE_AWAY) from error
    except AdMetricsError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(REFUSED) from error
    except ValueError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(USAGE) from error
    except OSError as error:
        print(f"{error.filename or 'A file'}: {error.strerror or error}", file=sys.stderr)
        raise typer.Exit(REFUSED) from error


def _embedded() -> EmbeddedPostgres:
    return EmbeddedPostgres(get_settings().embedded_postgres_dir)


def _pairs(flag: str, given: Sequence[str]) -> dict[str, str]:
    try:
        return pairs(flag, given)
    except LoadRefused as error:
        raise typer.BadParameter(str(error)) from error


def _days(first: datetime | None, last: datetime | None) -> tuple[date, date]:
    if first and last and last < first:
        raise typer.BadParameter(f"--to {last:%Y-%m-%d} is before --from {first:%Y-%m-%d}")
    return first.date() if first else date.min, last.date() if last else date.max


async def _checked(settings: Settings, first: date, last: date) -> Findings:
    async with writing(settings) as connection:
        return await checks.check(connection, await checks.days_between(connection, first, last))


async def _sample_if_empty(settings: Settings) -> str:
    async with writing(settings) as connection:
        version, sample = await connection.fetchrow("SELECT version, sample FROM data_version") or (0, False)
    if sample:
        return "sample data, made up, loaded before; the first `ad-metrics load` of yours replaces it"
    if version:
        return "yours; no sample data is added to it"
    yesterday = datetime.now(ZoneInfo(settings.timezone)).date() - timedelta(days=1)
    report = await load_sample(settings, yesterday)
    return (
        f"sample data, made up: {report.inserted:,} facts, {report.date_from} to {report.date_to};"
        " the first `ad-metrics load` of yours replaces it"
    )


async def _recent_loads(settings: Settings, limit: int) -> list[asyncpg.Record]:
    async with writing(settings) as connection:
        return await connection.fetch("SELECT * FROM ingest_log ORDER BY id DESC LIMIT $1", limit)


async def _beat_once(settings: Settings) -> str:
    log = settings.heartbeat_log.resolve()
    due = next_beat(cron_trigger(settings.heartbeat_cron), datetime.now(UTC))
    await Tortoise.init(config=serving_config(settings))
    try:
        line = line_of(await beats.beat("ok", due, log, by_hand=True))
    finally:
        await Tortoise.close_connections()
    try:
        with lock_for(log), open_log(settings) as write:
            write(line)
    except Timeout:
        # A service has the log open, and rotates it.
        append_line(log, line)
    written = last_beat(log)
    if written is None or line_of(written) != line:
        raise beats.Unwritten(f"The beat could not be written to {log}; is the disk full?")
    return line


def _refuse_taken_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            print(f"Cannot listen on {host}:{port}: {error.strerror}. Try --port {port + 1}.", file=sys.stderr)
            raise typer.Exit(USAGE) from error


def _has_screen() -> bool:
    return sys.stdout.isatty() and (sys.platform in ("darwin", "win32") or "DISPLAY" in os.environ)


def _open_when_up(site: str) -> None:
    for _ in range(100):
        try:
            with urlopen(f"{site}/health/live", timeout=1):  # noqa: S310 - our own address
                webbrowser.open(f"{site}/docs")
                return
        except URLError:
            sleep(0.2)


def _print_report(report: Report, as_json: bool) -> None:
    if as_json:
        print(report.json())
    else:
        for line in report.as_text():
            print(line)


if __name__ == "__main__":
    main()
