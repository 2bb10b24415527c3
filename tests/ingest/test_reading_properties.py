"""Files of any dialect and any junk: the loader never crashes, loses no line, and adds up what a plain reader adds up."""

import contextlib
import csv
import gzip
import io
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from project.catalog import RECORD
from project.errors import LoadRefused
from project.ingest.options import Options
from tests.support.model import MEASURES, TABLES
from tests.support.records import csv_text, record
from tests.support.staged_rows import LENIENT, named, read

pytestmark = pytest.mark.slow

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WORD = st.one_of(st.sampled_from(["feed", "Feed", "Île", "x,y", 'q"q', "a;b", "line\nbreak", "cr\rcr", "t\tt", "-", "Total"]), TEXT)  # fmt: skip
MONEY = st.decimals(0, 10**6, places=2)


def is_total(label: str) -> bool:
    return label.strip().casefold() == "total"


RECORDS = st.lists(
    st.builds(
        record,
        date=st.dates(min_value=date(2023, 1, 1), max_value=date(2024, 12, 31)),
        **dict.fromkeys(TABLES, WORD),
        impressions=st.integers(0, 10**9),
        clicks=st.integers(0, 10**6),
        cost=MONEY,
        conversions=st.integers(0, 100),
        likes=st.integers(0, 100),
    ),
    min_size=1,
    max_size=30,
)


@given(
    RECORDS,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%b %d, %Y", "%Y%m%d"]),
    st.booleans(),
)
@settings(max_examples=300)
def test_every_dialect_adds_up(
    records: list[Any], delimiter: str, quoting: Any, terminator: str, encoding: str, dates: str, zipped: bool
) -> None:
    text = io.StringIO(newline="")
    if terminator != "\r\n" and quoting == csv.QUOTE_MINIMAL:
        # Python's writer leaves other line breaks than its own unquoted, which no reader can undo.
        quoting = csv.QUOTE_NONNUMERIC
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=terminator)
    writer.writerow(RECORD)
    writer.writerows((entry | {"date": entry["date"].strftime(dates)}).values() for entry in records)
    content = text.getvalue().encode(encoding)
    if zipped:
        content = gzip.compress(content)
    # Mapped columns are right, whatever their labels are.
    mapped = [f"{name}={name}" for name in TABLES]
    options = Options(max_rejects=LENIENT.max_rejects, decimal_comma=False, date_format=dates, map=mapped)
    rows, report, dictionary = read(content, options)
    assert report.rows_read + report.rejected + report.left_out == len(records)
    assert report.rows_read == len(rows)
    # What a label may not hold is rejected; nothing else is. A NUL also marks what was a list.
    reasons = {"a label cannot hold the character NUL", "a list, and a dimension has one label"}
    assert {one.reason for one in report.rejects} <= reasons
    # A label that is nothing but Total is no label.
    valid = [entry for entry in records if not any("\x00" in entry[name] or is_total(entry[name]) for name in TABLES)]
    assert len(rows) == len(valid)
    sums = [sum(Decimal(row[name]) for row in rows) for name in MEASURES]
    assert sums == [sum(Decimal(entry[name]) for entry in valid) for name in MEASURES]
    assert Counter(key[0] for key in named(rows, dictionary).elements()) == Counter(entry["date"] for entry in valid)


VALID = csv_text([record()] * 3).encode()


@given(st.binary(max_size=400))
@example(b"\x1f\x8b")
@example(b"PAR1")
@example(b"PK\x03\x04")
@example(b"{}")
@example(b"[]")
@example(b'{"data": [1]}')
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf")
@example(b"date\n\x00\n")
@settings(max_examples=500)
def test_junk_is_refused(content: bytes) -> None:
    with contextlib.suppress(LoadRefused):
        read(content)


@given(st.data())
@settings(max_examples=500)
def test_a_damaged_file_is_read_or_refused_and_every_line_counted(data: st.DataObject) -> None:
    content = bytearray(VALID)
    for _ in range(data.draw(st.integers(1, 5))):
        index = data.draw(st.integers(0, len(content)))
        junk = data.draw(st.one_of(st.binary(max_size=3), st.sampled_from([b'"', b"\n", b"\r", b",", b"\x00", b"\xa0", "\u2028".encode(), b";;", b"1e9"])))  # fmt: skip
        content[index : index + data.draw(st.integers(0, 3))] = junk
    try:
        rows, report, _ = read(bytes(content))
    except LoadRefused:
        return
    assert len(rows) == report.rows_read
    records = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) if row]
    assert report.rows_read + report.rejected + report.left_out + 1 == len(records)
    for row in rows:
        assert all(Decimal(number) >= 0 for name, number in row.items() if name != "row_hash")


VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 2**70), st.floats(), TEXT, st.lists(st.integers(), max_size=2), st.dictionaries(TEXT, TEXT, max_size=2)
)  # fmt: skip


@given(st.lists(st.dictionaries(st.one_of(st.sampled_from(RECORD), TEXT), VALUE, max_size=14), max_size=5))
@settings(max_examples=300)
def test_any_records_of_an_api(records: list[dict[str, Any]]) -> None:
    with contextlib.suppress(TypeError):  # what no API can write either
        content = b"\n".join(orjson.dumps(record) for record in records)
        with contextlib.suppress(LoadRefused):
            rows, report, _ = read(content, name="a.jsonl")
            assert report.rows_read + report.rejected + report.left_out == len(records)
            assert len(rows) == report.rows_read


@given(st.lists(st.lists(TEXT, max_size=14), min_size=1, max_size=12))
@settings(max_examples=300)
def test_rows_of_any_text_and_width(rows: list[list[str]]) -> None:
    text = csv_text(rows)
    try:
        staged, report, _ = read(text.encode())
    except LoadRefused as error:
        reasons = ("can be", "more than one form", "which is no ")
        assert any(reason in str(error) for reason in reasons)  # noqa: PT017 - it may also be read
        return
    written = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    assert report.rows_read + report.rejected + report.left_out + 1 == len(written)
    assert len(staged) == report.rows_read
