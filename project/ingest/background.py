"""Requested: loads that are asked for over HTTP. Each is a row of `ingest`, and runs in a process of its own.

The process is that of `ad-metrics load`, so that a load of gigabytes costs the service neither memory nor time; it
notes in the row how far it is, and goes on when the service that started it ends.
"""

import asyncio
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg
import orjson
from loguru import logger

from project.errors import AdMetricsError, DatabaseUnavailable, LoadsFull
from project.ingest.load import load
from project.ingest.options import MostRejects, Options, check_options, pairs
from project.ingest.read.source import Source
from project.ingest.report import Report
from project.settings import Settings
from project.store.postgres.connections import write_connection

MOST_AT_ONCE = 4
"""How many loads one process of the service starts before it says that it is busy."""

SECONDS_BETWEEN_NOTES = 2.0


class BackgroundLoads:
    """Starts loads for one process of the service."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._running: set[asyncio.Task[None]] = set()

    @property
    def directory(self) -> Path:
        """Where bodies wait for their load; each in a directory of its own, which goes when the load has ended."""
        return self._settings.ingest_dir.resolve()

    @property
    def most_bytes(self) -> int:
        """How large a body may be."""
        return self._settings.ingest_max_mb << 20

    def check(self, given: Mapping[str, Any]) -> None:
        """Raise LoadRefused where the options cannot be, and LoadsFull."""
        check_options(options_of(given))
        if len(self._running) >= MOST_AT_ONCE:
            raise LoadsFull(f"{len(self._running)} loads are running or waiting; try again in a while.")

    async def start(self, files: Sequence[Mapping[str, Any]], given: Mapping[str, Any]) -> int:
        """Write a request down, start its load, and return its number. Raises as `check`, and DatabaseUnavailable.

        `files` are `{"name", "path", "bytes"}`; they belong to the load from now on.
        """
        self.check(given)
        async with write_connection(self._settings) as connection:
            number: int = await connection.fetchval(
                "INSERT INTO ingest (files, options) VALUES ($1, $2) RETURNING id",
                orjson.dumps(list(files)).decode(),
                orjson.dumps(dict(given)).decode(),
            )
        task = asyncio.create_task(self._run(number, _directory(orjson.dumps(list(files)))))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return number

    async def _run(self, number: int, directory: Path) -> None:
        command = (sys.executable, "-m", "project.cli", "load-requested", str(number))
        try:
            process = await asyncio.create_subprocess_exec(*command, start_new_session=True)
            await process.wait()
            if process.returncode:
                logger.error("The load {} ended with {}.", number, process.returncode)
                await self._give_up(number)
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    async def _give_up(self, number: int) -> None:
        with suppress(DatabaseUnavailable):
            async with write_connection(self._settings) as connection:
                await _finish(
                    connection, number, "failed", None, "The process that loaded it ended before it was done."
                )


async def load_requested(settings: Settings, number: int) -> None:
    """Load what a request asked for, and write down what became of it. Raises DatabaseUnavailable."""
    async with write_connection(settings) as notes:
        row = await notes.fetchrow(
            "UPDATE ingest SET state = 'running', touched_at = now() WHERE id = $1 AND state = 'queued'"
            " RETURNING files, options",
            number,
        )
        if row is None:
            return
        given = orjson.loads(row["options"])
        files = [Path(file["path"]) for file in orjson.loads(row["files"])]
        report = Report()
        note = asyncio.create_task(_note_progress(notes, number, report, told := _Told()))
        try:
            await load(
                files,
                options_of(given),
                settings,
                dry_run=bool(given.get("dry_run")),
                notify=_say,
                progress=told,
                report=report,
            )
            state, error = "done", None
        except DatabaseUnavailable:
            raise
        except AdMetricsError as refusal:
            state, error = "refused", str(refusal)
        finally:
            note.cancel()
            with suppress(asyncio.CancelledError):
                await note
        # The service removes them too, if it is still there.
        shutil.rmtree(_directory(row["files"]), ignore_errors=True)
        await _finish(notes, number, state, report, error)


def options_of(given: Mapping[str, Any]) -> Options:
    """Return the options that query parameters are, named as the flags. Raises LoadRefused."""
    return Options(
        columns=pairs("map", given.get("map", ())),
        constants=pairs("set", given.get("set", ())),
        date_format=given.get("date_format"),
        preset=given.get("preset"),
        decimal_comma=given.get("decimal_comma"),
        encoding=given.get("encoding"),
        currency=given.get("currency"),
        blanks=pairs("blank", given.get("blank", ())),
        rounded=tuple(given.get("round", ())),
        stream=given.get("stream"),
        sheet=given.get("sheet"),
        max_rejects=MostRejects.parse(given.get("max_rejects", "0")),
        on_duplicate=given.get("on_duplicate", "sum"),
        replace=bool(given.get("replace")),
    )


def _directory(files: str | bytes) -> Path:
    # …/ingests/REQUEST/PLACE/NAME
    return Path(orjson.loads(files)[0]["path"]).parent.parent


class _Told:
    bytes_read = 0

    def __call__(self, source: Source, report: Report) -> None:
        self.bytes_read = source.size + sum(file["bytes"] for file in report.files)


async def _note_progress(connection: "asyncpg.Connection[Any]", number: int, report: Report, told: _Told) -> None:
    started = monotonic()
    while True:
        await asyncio.sleep(SECONDS_BETWEEN_NOTES if monotonic() - started > SECONDS_BETWEEN_NOTES else 0.2)
        await connection.execute(
            "UPDATE ingest SET touched_at = now(), rows_read = $2, bytes_read = $3 WHERE id = $1",
            number,
            report.rows_read,
            told.bytes_read,
        )


async def _finish(
    connection: "asyncpg.Connection[Any]", number: int, state: str, report: Report | None, error: str | None
) -> None:
    await connection.execute(
        "UPDATE ingest SET state = $2, report = $3, error = $4, rows_read = coalesce($5, rows_read),"
        " bytes_read = coalesce($6, bytes_read), touched_at = now(), finished_at = now()"
        " WHERE id = $1 AND finished_at IS NULL",
        number,
        state,
        report and report.json(),
        error,
        report and report.rows_read,
        report and sum(file["bytes"] for file in report.files),
    )


def _say(text: str) -> None:
    logger.info("{}", text)
