"""The service's log: Loguru on standard error, which also receives the standard library's logging.

The message of a line is for people; values that machines count are bound to it by name (`logger.bind(rows=5)`), and are
members of JSON lines.
"""

import logging
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson
from loguru import logger

if TYPE_CHECKING:
    from loguru import Record

TEXT = (
    "<green>{time:YYYY-MM-DDTHH:mm:ss.SSS[Z]!UTC}</green> <level>{level: <8}</level> "
    "<cyan>{extra[request_id]}</cyan> {name} - <level>{message}</level>"
)


def configure(level: str, form: str, request_id: Callable[[], str | None] = lambda: None) -> None:
    """Write the log lines of this process, from this level up, to standard error, as `text` or `json`.

    `request_id` returns the id of the request that is being answered, which its lines have.
    The heartbeat log has a sink of its own (`jobs.heartbeat_log`), for the lines that are bound to a channel.
    """
    logger.remove()
    logger.configure(patcher=lambda record: record["extra"].setdefault("request_id", request_id() or "-"))
    logger.add(
        sys.stderr,
        level=level,
        format=_json if form == "json" else TEXT,
        filter=lambda record: "channel" not in record["extra"],
        # A traceback with values would show passwords and data.
        diagnose=False,
        backtrace=False,
    )
    logging.basicConfig(handlers=[_ToLoguru()], level=logging.INFO, force=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio", "apscheduler"):
        library = logging.getLogger(name)
        library.handlers = []
        # The service logs each request itself; without handlers, uvicorn logs none.
        library.propagate = name != "uvicorn.access"
    # At INFO, httpx writes URLs of webhooks, which may be secrets.
    for name in ("apscheduler", "httpx", "tortoise"):
        logging.getLogger(name).setLevel(logging.WARNING)


def timestamp(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _ToLoguru(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        with_name = logger.patch(lambda line: line.update({"name": record.name}))
        with_name.opt(exception=record.exc_info).log(level, record.getMessage())


def _json(record: "Record") -> str:
    """Return the line as a template, which Loguru requires; its only field is the JSON."""
    line = {
        "time": timestamp(record["time"]),
        "level": record["level"].name,
        "logger": record["name"],
        "message": record["message"],
        **record["extra"],
    }
    if record["exception"]:
        line["exception"] = "".join(traceback.format_exception(*record["exception"]))
    record["extra"]["json"] = orjson.dumps(line, default=str).decode()
    return "{extra[json]}\n"
