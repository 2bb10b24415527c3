"""Background loads: those that `POST /v1/ingests` starts. Each is a row of `ingest`, and runs in its own process.

The process is that of `ad-metrics load`, so a load of gigabytes costs the service neither memory nor time. It writes
its progress to the row, and runs on when the service that started it ends.
"""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import asyncpg
import orjson
from loguru import logger

from project.errors import AdMetricsError, DatabaseUnavailable, LoadsFull
from project.ingest.load import load
from project.ingest.mapping.questions import Unanswered
from project.ingest.options import Options
from project.ingest.profile import combined
from project.ingest.read.source import Source
from project.ingest.report import Report
from project.settings import Settings
from project.store.postgres.connections import write_connection

MAX_LOADS = 4
"""How many loads one process of the service runs at once."""

PROGRESS_SECONDS = 2.0
"""How often a load writes its progress to its row."""


class BackgroundLoads:
    """Starts loads for one process of the service."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._running: set[asyncio.Task[None]] = set()

    @property
    def directory(self) -> Path:
        """The directory of bodies. Each is in a subdirectory, which is removed when its load ends."""
        return self._settings.ingest_dir.resolve()

    @property
    def max_bytes(self) -> int:
        """How large a body may be."""
        return self._settings.ingest_max_mb << 20

    def check(self) -> None:
        """Raise LoadsFull where the limit of loads is reached."""
        if len(self._running) >= MAX_LOADS:
            raise LoadsFull(f"{len(self._running)} loads are running or waiting; try again in a while.")

    async def start(self, files: Sequence[Mapping[str, Any]], options: Mapping[str, Any]) -> int:
        """Store a request, start its load, and return its id. Raises LoadsFull and DatabaseUnavailable.

        `files` are `{"name", "path", "bytes"}`, which the load removes. `options` are those of `ingest.options` that
        were given, and `dry_run`.
        """
        self.check()
        async with write_connection(self._settings) as connection:
            ingest_id: int = await connection.fetchval(
                "INSERT INTO ingest (files, options) VALUES ($1, $2) RETURNING id",
                orjson.dumps(list(files)).decode(),
                orjson.dumps(dict(options)).decode(),
            )
        task = asyncio.create_task(self._run(ingest_id, _directory_of(files)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return ingest_id

    async def _run(self, ingest_id: int, directory: Path) -> None:
        command = (sys.executable, "-m", "project.cli", "load-in-background", str(ingest_id))
        process = await asyncio.create_subprocess_exec(*command, start_new_session=True)
        # Where the service ends meanwhile, the load runs on, and removes what it has read itself.
        await process.wait()
        shutil.rmtree(directory, ignore_errors=True)
        if process.returncode:
            logger.error("The load {} ended with {}.", ingest_id, process.returncode)
            with suppress(DatabaseUnavailable):
                async with write_connection(self._settings) as connection:
                    error = "The process that loaded it ended before it was done."
                    await _finish(connection, ingest_id, "failed", None, error)


async def load_in_background(settings: Settings, ingest_id: int) -> None:
    """Run the stored load with this id, and store its outcome. Raises DatabaseUnavailable."""
    async with write_connection(settings) as connection:
        row = await connection.fetchrow(
            "UPDATE ingest SET state = 'running', touched_at = now() WHERE id = $1 AND state = 'queued'"
            " RETURNING files, options",
            ingest_id,
        )
        if row is None:
            return
        files, given = orjson.loads(row["files"]), orjson.loads(row["options"])
        dry_run, profile = given.pop("dry_run", False), given.pop("profile", None)
        paths = [Path(file["path"]) for file in files]
        progress = _Progress(connection, ingest_id)
        state, error = "done", None
        try:
            options = Options(**given)
            if profile is not None:
                options, progress.report.profile = combined(profile, "of the request", options)
            async with progress.stored():
                await load(
                    paths,
                    options,
                    settings,
                    dry_run=dry_run,
                    # The report has the same.
                    notify=lambda text: logger.debug("{}", text),
                    progress=progress,
                    report=progress.report,
                )
        except DatabaseUnavailable:
            raise
        except Unanswered as refusal:
            refusal.over_http = True
            state, error = "refused", str(refusal)
        except AdMetricsError as refusal:
            state, error = "refused", str(refusal)
        except asyncio.CancelledError:
            state, error = "done" if progress.report.committed else "failed", progress.report.interrupted
        finally:
            # The service removes them too, if it still runs.
            shutil.rmtree(_directory_of(files), ignore_errors=True)
        await _finish(connection, ingest_id, state, progress.report, error)


class _Progress:
    """The report of a running load and the bytes that it has read, written to its row every few seconds."""

    def __init__(self, connection: "asyncpg.Connection[Any]", ingest_id: int) -> None:
        self.report = Report()
        self._connection = connection
        self._ingest_id = ingest_id
        self._bytes_read = 0

    def __call__(self, source: Source, report: Report) -> None:
        self._bytes_read = report.bytes_read + source.size

    @asynccontextmanager
    async def stored(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._store())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _store(self) -> None:
        started = monotonic()
        while True:
            await asyncio.sleep(PROGRESS_SECONDS if monotonic() - started > PROGRESS_SECONDS else 0.2)
            sql = "UPDATE ingest SET touched_at = now(), rows_read = $2, bytes_read = $3 WHERE id = $1"
            await self._connection.execute(sql, self._ingest_id, self.report.rows_read, self._bytes_read)


async def _finish(
    connection: "asyncpg.Connection[Any]", ingest_id: int, state: str, report: Report | None, error: str | None
) -> None:
    sql = (
        "UPDATE ingest SET state = $2, error = $3, report = $4, rows_read = coalesce($5, rows_read),"
        " bytes_read = coalesce($6, bytes_read), touched_at = now(), finished_at = now()"
        " WHERE id = $1 AND finished_at IS NULL"
    )
    outcome = (report.json(), report.rows_read, report.bytes_read) if report else (None, None, None)
    await connection.execute(sql, ingest_id, state, error, *outcome)


def _directory_of(files: Sequence[Mapping[str, Any]]) -> Path:
    # …/ingests/REQUEST/INDEX/NAME
    return Path(files[0]["path"]).parent.parent
