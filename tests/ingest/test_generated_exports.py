"""Generated exports: what is loaded equals the records that they were made of, or the refusal names the cause."""

import contextlib
import shlex
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from project.errors import LoadRefused
from project.ingest.convert.date_formats import DATE_FORMATS
from project.ingest.options import Options
from tests.support.advice import commands, options_of
from tests.support.exports import NOT_SET, PLATFORMS, Export, exports
from tests.support.model import MEASURES, TABLES
from tests.support.records import facts, loaded
from tests.support.staged_rows import read

ROUNDS = 6
KNOWN = sorted({name for names in PLATFORMS.values() for values in names.values() for name in values})


class Refused(Exception):
    """The load ended in a refusal whose question the export does not answer."""


def sums(content: bytes, options: Options) -> dict[Any, tuple[Decimal, ...]]:
    """Return day and labels → measures of what would be stored. Raises LoadRefused, also for rejected rows."""
    rows, report, dictionary = read(content, options)
    if report.rejects:
        raise LoadRefused("; ".join(f"{reject.column} {reject.value!r}: {reject.reason}" for reject in report.rejects))
    labels = {name: list(dictionary.labels[name]) for name in TABLES}
    stored: dict[Any, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * len(MEASURES))
    for row in rows:
        key = (dictionary.days[int(row["date"])], *(labels[name][int(row[name])] for name in TABLES))
        stored[key] = [have + Decimal(row[name]) for have, name in zip(stored[key], MEASURES, strict=True)]
    return {key: tuple(measures) for key, measures in stored.items()}


def next_options(export: Export, options: Options, text: str) -> Options:
    """Return the options of the command that a refusal advises, with the answers that only the export's author has."""
    lines = commands(text)
    if not lines:
        if "--decimal-comma" in text and export.decimal_comma and options.decimal_comma is None:
            return options.model_copy(update={"decimal_comma": True})
        raise Refused(text)
    wrong = (
        "--decimal-point" if export.decimal_comma else "--decimal-comma",
        "--scale cost=1" if export.is_micros else "--scale cost=micros",
        *(f"--date-format {other}" for other in DATE_FORMATS if other != export.date_format),
    )
    line = next(
        line
        for line in lines
        if len(lines) == 1 or not any(flag in shlex.split(line) or f" {flag}" in line for flag in wrong)
    )
    line = line.replace("platform=…", f"platform={export.label}")
    for name in ("date", *MEASURES):
        if name in export.fields:
            line = line.replace(f"--map {name}=…", f"--map {name}={shell(export.fields[name])}")
            line = line.replace(f"--set {name}=…", f"--map {name}={shell(export.fields[name])}")
        else:
            line = line.replace(f"--map {name}=…", f"--set {name}=0")
    if "…" in line:
        raise Refused(text)
    return options_of(line)


def shell(word: str) -> str:
    return f'"{word}"'


def followed(export: Export) -> tuple[dict[Any, tuple[Decimal, ...]], Options]:
    """Load an export as somebody who follows every advice. Raises Refused where that ends in a refusal."""
    options = Options()
    for _ in range(ROUNDS):
        try:
            return sums(export.content(), options), options
        except LoadRefused as refusal:
            options = next_options(export, options, str(refusal))
    raise AssertionError(f"after {ROUNDS} rounds: {options}")


def fixed(export: Export, options: Options) -> Options:
    """Return the options with the label of every dimension that an export lacks, instead of `missing`."""
    lacking = [name for name in TABLES if name not in export.fields and name not in (*options.constants, "platform")]
    values = options.model_dump(exclude={"missing"}) | {
        "set": [*options.set, *(f"{name}={NOT_SET}" for name in lacking)]
    }
    return Options(**values)


@pytest.mark.slow
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(exports())
def test_advice_ends_in_the_records_or_in_the_cause(export: Export) -> None:
    if export.cause is None:
        assert followed(export)[0] == export.truth
    else:
        with pytest.raises(Refused, match=export.cause):
            followed(export)


@pytest.mark.slow
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(exports(), st.data())
def test_a_renamed_column_changes_no_number(export: Export, data: st.DataObject) -> None:
    assume(export.cause is None)
    try:
        stored, options = followed(export)
    except Refused:
        return
    options = fixed(export, options)
    column = data.draw(st.sampled_from(sorted(export.fields.values())))
    own = [name for names in PLATFORMS[export.platform].values() for name in names]
    other = data.draw(st.sampled_from(own) | st.sampled_from(KNOWN))
    header = [other if name == column else name for name in export.header]
    with contextlib.suppress(LoadRefused):
        assert sums(export.content(header), options) == stored


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(exports())
async def test_the_database_has_the_records(
    database: str, connection: asyncpg.Connection, tmp_path: Path, export: Export
) -> None:
    assume(export.cause is None)
    _, options = followed(export)
    (tmp_path / "a.csv").write_bytes(export.content())
    await connection.execute("TRUNCATE fact_ad_metrics_daily")
    await loaded(database, tmp_path / "a.csv", **options.model_dump(exclude_defaults=True))
    stored = {(day, *map(str.casefold, labels)): sums for (day, *labels), sums in (await facts(connection)).items()}
    assert stored == {(day, *map(str.casefold, labels)): sums for (day, *labels), sums in export.truth.items()}
