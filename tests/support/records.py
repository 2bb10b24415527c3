"""Records made by keyword, and files and loads of them: a test names only the fields that it is about."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from project.catalog import LABELLED_NAMES, MEASURE_NAMES, NOT_SET, RECORD
from project.ingest.load import load
from project.ingest.options import Options
from project.ingest.report import Report
from project.settings import Settings
from tests.support.model import MEASURES, TABLES

Record = dict[str, Any]

_VALUES = {
    "date": "2024-03-01",
    "region": "California",
    "age_range": "25-34",
    "gender": "female",
    "platform": "instagram",
    "placement": "feed",
    "device_type": "iphone",
    "impressions": 1200,
    "clicks": 31,
    "cost": "18.4",
    "conversions": 2,
    "likes": 7,
}
DEFAULTS: Record = dict.fromkeys(LABELLED_NAMES, NOT_SET) | dict.fromkeys(MEASURE_NAMES, 0) | _VALUES


def record(**fields: Any) -> Record:
    """Return a record of all the catalogue's fields, in its order."""
    assert fields.keys() <= set(RECORD), fields
    return {name: (DEFAULTS | fields)[name] for name in RECORD}


def key(**fields: Any) -> tuple[Any, ...]:
    """Return the key of a record as `facts` does: its day and labels."""
    values = record(**fields)
    return (date.fromisoformat(values["date"]), *(values[name] for name in TABLES))


def constants(*mapped: str, **fields: Any) -> list[str]:
    """Return the option `set` for all fields but those that a file has."""
    return [f"{name}={value}" for name, value in record(**fields).items() if name not in mapped]


def csv_text(rows: Iterable[Record | Iterable[Any]], header: Iterable[str] = RECORD, delimiter: str = ",") -> str:
    """Return rows as CSV: records, or cells as they are."""
    text = io.StringIO(newline="")
    cells = (row.values() if isinstance(row, Mapping) else row for row in rows)
    csv.writer(text, delimiter=delimiter).writerows([header, *cells])
    return text.getvalue()


def write(path: Path, rows: Iterable[Record | Iterable[Any]], header: Iterable[str] = RECORD) -> Path:
    """Write rows to a CSV file, and return its path."""
    path.write_text(csv_text(rows, header), newline="")
    return path


async def loaded(
    url: str,
    *paths: Path,
    dry_run: bool = False,
    notify: Callable[[str], None] = lambda _: None,
    report: Report | None = None,
    partition_months: int = 1,
    **options: Any,
) -> Report:
    """Load files into a database."""
    settings = Settings(database_url=url, partition_months=partition_months)
    return await load(paths, Options(**options), settings, dry_run=dry_run, notify=notify, report=report)


async def facts(connection: asyncpg.Connection) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Return the facts of a database, day and labels → measures, as far as `tests.support.model` has them."""
    joins = " ".join(f"JOIN {table} USING ({key})" for table, key, _ in TABLES.values())
    labels = ", ".join(label for _, _, label in TABLES.values())
    rows = await connection.fetch(
        f"SELECT date_value, {labels}, {', '.join(MEASURES)} FROM fact_ad_metrics_daily JOIN dim_date USING (date_id) {joins}"
    )
    return {tuple(row)[: len(TABLES) + 1]: tuple(row)[len(TABLES) + 1 :] for row in rows}


async def state(connection: asyncpg.Connection) -> tuple[Any, ...]:
    """Return everything that a refused load must leave alone."""
    counts = [await connection.fetchval(f"SELECT count(*) FROM {table}") for table, _, _ in TABLES.values()]
    version = await connection.fetchrow("SELECT * FROM data_version")
    return await facts(connection), counts, tuple(version), await connection.fetchval("SELECT count(*) FROM ingest_log")
