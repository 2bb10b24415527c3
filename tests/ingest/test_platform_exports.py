"""The layouts that platforms export, and the faults that files have, each as a small file of our own."""

import csv
import gzip
import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from project.catalog import LABELLED_NAMES, MEASURE_NAMES, RECORD
from project.errors import LoadRefused
from project.ingest.load import RowsRejected
from project.ingest.options import Options
from project.ingest.rejects_file import write_rejects
from project.ingest.report import LISTED_REJECTS, Reject, Report
from tests.support.records import csv_text, facts, key, loaded, record, state, write
from tests.support.staged_rows import named, read
from tests.support.workbook import workbook

NOT_SET = "(not set)"

META_API = """\
date_start,date_stop,country,age,gender,publisher_platform,platform_position,impression_device,impressions,clicks,spend,conversions,actions[post_reaction]
2024-03-01,2024-03-01,US,25-34,female,instagram,feed,iphone,1200,31,18.40,2,7
2024-03-01,2024-03-01,DE,65+,unknown,facebook,right_hand_column,desktop,10,0,0,0,0
"""
META_SCREEN = """\
\ufeff"Day","Country","Age","Gender","Platform","Placement","Impression device","Impressions","Clicks (all)","Link clicks","Amount spent (USD)","Results","Post reactions","Campaign name","Campaign name","Reporting starts","Reporting ends"
"2024-03-01","US","25-34","female","instagram","feed","iphone","1,200","31","4","18.4","2","7","Spring, wide","Spring, wide","2024-03-01","2024-03-31"
"","","","","","","","1,200","31","4","18.4","2","7","","","2024-03-01","2024-03-31"
"""
GOOGLE_API = """\
segments.date,geo_target_region,ad_group_criterion.age_range.type,gender.type,segments.ad_network_type,segments.device,metrics.impressions,metrics.clicks,metrics.cost_micros,metrics.conversions
2024-03-01,California,AGE_RANGE_25_34,FEMALE,SEARCH,MOBILE,1200,31,18400001,2
2024-03-01,Texas,AGE_RANGE_65_UP,UNDETERMINED,CONTENT,DESKTOP,10,0,0,0.00
"""
GOOGLE_SCREEN = """\
Demographics report\r
"March 1, 2024 - March 31, 2024"\r
Day,Region,Age Range,Gender,Network,Device,Currency code,Cost,Impr.,Clicks,Conversions\r
"Mar 1, 2024",California,25 to 34,Female,Google search,Mobile phones,USD,"1,018.40","1,200",31,2.00\r
"Mar 2, 2024",California,65 or more,Male,Google search,Mobile phones,USD,0,"1,200",31, --\r
Total: Account, --, --, --, --, --,USD,"1,018.40","2,400",62,2.00\r
Total: Search, --, --, --, --, --,USD,"1,018.40","2,400",62,2.00\r
"""
TIKTOK_API = """\
stat_time_day,country_code,age,gender,placement,platform,impressions,clicks,spend,conversion,likes
2024-03-01 00:00:00,US,AGE_25_34,FEMALE,PLACEMENT_TIKTOK,IPHONE,1200,31,18.40,2,7
2024-03-01 00:00:00,NA,AGE_55_100,NONE,PLACEMENT_TIKTOK,ANDROID,10,0,0.00,0,0
"""
TIKTOK_SCREEN = """\
By Day,Country,Age,Gender,Placement,Device,Cost,Impressions,Clicks (destination),Conversions,Likes
2024-03-01,US,25-34,Female,TikTok,iPhone,18.40 USD,"1,200",31,2,7
Total of 1 results,-,-,-,-,-,18.40 USD,"1,200",31,2,7
"""
DAY = date(2024, 3, 1)


FIRST = (1200, 31, Decimal("18.4"), 2, 7)
NONE = (10, 0, Decimal(0), 0, 0)


@pytest.mark.parametrize(
    ("content", "preset", "expected", "options", "left_out"),
    [
        (
            META_API,
            "meta",
            {
                (DAY, "US", "25-34", "female", "instagram", "feed", "iphone"): FIRST,
                (DAY, "DE", "65+", "unknown", "facebook", "right_hand_column", "desktop"): NONE,
            },
            {},
            0,
        ),
        (META_SCREEN, "meta", {(DAY, "US", "25-34", "female", "instagram", "feed", "iphone"): FIRST}, {}, 1),
        (
            GOOGLE_API,
            "google",
            {
                (DAY, "California", "25-34", "female", "google", "SEARCH", "MOBILE"): (1200, 31, Decimal("18.400001"), 2, 0),
                (DAY, "Texas", "65+", "unknown", "google", "CONTENT", "DESKTOP"): NONE,
            },
            {},
            0,
        ),
        (
            GOOGLE_SCREEN,
            "google",
            {
                (DAY, "California", "25-34", "female", "google", "Google search", "Mobile phones"): (1200, 31, Decimal("1018.4"), 2, 0),
                (date(2024, 3, 2), "California", "65+", "male", "google", "Google search", "Mobile phones"): (1200, 31, Decimal(0), 0, 0),
            },
            {"blank": ["conversions=0"]},
            4,
        ),
        (
            TIKTOK_API,
            "tiktok",
            {
                (DAY, "US", "25-34", "female", "tiktok", "PLACEMENT_TIKTOK", "IPHONE"): FIRST,
                # NA is Namibia, and no range of Meta's is 55 to 100.
                (DAY, "NA", "AGE_55_100", "NONE", "tiktok", "PLACEMENT_TIKTOK", "ANDROID"): NONE,
            },
            {},
            0,
        ),
        (TIKTOK_SCREEN, "tiktok", {(DAY, "US", "25-34", "female", "tiktok", "TikTok", "iPhone"): FIRST}, {}, 1),
    ],
    ids=["meta API", "meta screen", "google API", "google screen", "tiktok API", "tiktok screen"],
)  # fmt: skip
async def test_each_layout(
    database: str,
    connection: asyncpg.Connection,
    tmp_path: Path,
    content: str,
    preset: str,
    expected: dict[Any, Any],
    options: dict[str, Any],
    left_out: int,
) -> None:
    (tmp_path / "a.csv").write_text(content, newline="")
    messages: list[str] = []
    report = await loaded(database, tmp_path / "a.csv", notify=messages.append, **options)
    assert messages[0] == f"a.csv: text separated by commas, read as {preset}"
    assert [line.split(" ← ")[0].strip() for line in messages if " ← " in line] == list(RECORD)
    assert await facts(connection) == expected
    assert (report.left_out, report.rows_read) == (left_out, len(expected))
    lines = [row for row in csv.reader(io.StringIO(content)) if row]
    assert report.rows_read + report.rejected + report.left_out + 1 == len(lines)
    assert sum(one.lines for one in report.left_out_lines) == left_out
    # The same preset by option.
    same = await loaded(database, tmp_path / "a.csv", preset=preset, **options)
    assert (same.inserted, same.unchanged) == (0, len(expected))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_every_delimiter_and_encoding(delimiter: str, encoding: str) -> None:
    text = csv_text([record(region="Île, de; France\t|")], delimiter=delimiter)
    options = Options(encoding=encoding) if encoding == "utf-16-le" else Options()
    rows, _, dictionary = read(gzip.compress(text.encode(encoding)), options, "a.txt")
    assert named(rows, dictionary) == {(*key(region="Île, de; France\t|"), *FIRST): 1}


async def test_latin_1_needs_the_option(database: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [record(region="Ile")])
    file.write_bytes(file.read_bytes().replace(b"Ile", "Île".encode("latin-1")))
    with pytest.raises(LoadRefused, match=r"is not UTF-8 .*--encoding latin-1"):
        await loaded(database, file)
    await loaded(database, file, encoding="latin-1")
    assert {key[1] for key in await facts(connection)} == {"Île"}
    with pytest.raises(LoadRefused, match="--encoding klingon: no such encoding"):
        await loaded(database, file, encoding="klingon")


@pytest.mark.parametrize(
    ("text", "value", "options"),
    [
        ("1,204.50", "1204.5", {}),
        ("12,04,204.5", "1204204.5", {}),
        ("1 204.50", "1204.5", {}),
        ("1\u00a0204\u00a0000.50", "1204000.5", {}),
        ("1'204.50", "1204.5", {}),
        ("$1,204.50", "1204.5", {}),
        ("US$ 1204.5", "1204.5", {}),
        ("1204.5 USD", "1204.5", {}),
        (".5", "0.5", {}),
        ("5.", "5", {}),
        ("1.204,50", "1204.5", {"decimal_comma": True}),
        ("1204,5", "1204.5", {"decimal_comma": True}),
        ("1 204,5 $", "1204.5", {"decimal_comma": True}),
        ("0.1234565", "0.123457", {"round": ["cost"]}),
        ("--", "0", {"blank": ["cost=0"]}),
        ("NA", "3", {"blank": ["cost=3"]}),
    ],
)
def test_numbers_as_people_write_them(text: str, value: str, options: dict[str, Any]) -> None:
    rows, _, _ = read(csv_text([record(cost=text)]).encode(), Options(**options))
    assert [Decimal(row["cost"]) for row in rows] == [Decimal(value)]


async def test_counts_with_fractions_are_rounded_only_with_round(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.csv", [record(conversions="2.5", likes="7.00")])
    with pytest.raises(RowsRejected) as refusal:
        await loaded(database, file)
    assert refusal.value.report.rejects[0].reason.endswith("unless --round conversions says so")
    await loaded(database, file, round=["conversions"])
    assert [measures[3:5] for measures in (await facts(connection)).values()] == [(3, 7)]


async def test_a_comma_that_can_be_either_is_settled_by_a_flag(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    rows = [record(cost="1,204"), record(region="Texas", cost="7.301")]
    file.write_text(csv_text(rows, delimiter=";"), newline="")
    with pytest.raises(LoadRefused, match=r"cost has '1,204' and '7.301', .*--decimal-comma or --decimal-point"):
        await loaded(database, file)
    await loaded(database, file, decimal_comma=False)
    assert sorted(measures[2] for measures in (await facts(connection)).values()) == [Decimal("7.301"), Decimal(1204)]
    await loaded(database, file, decimal_comma=True)
    assert sorted(measures[2] for measures in (await facts(connection)).values()) == [Decimal("1.204"), Decimal(7301)]


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["03/13/2024", "3/4/2024"], [(3, 13), (3, 4)]),
        (["13/03/2024", "3/4/2024"], [(3, 13), (4, 3)]),
        (["1/1/2024", "2/2/2024"], [(1, 1), (2, 2)]),
        (["4.3.2024"], [(3, 4)]),
        (["20240304"], [(3, 4)]),
        (["2024/03/04"], [(3, 4)]),
        (["Mar 4, 2024", "April 5, 2024"], None),
        (["4 Mar 2024"], [(3, 4)]),
        (["2024-03-04T00:00:00Z", "2024-03-05"], [(3, 4), (3, 5)]),
        (["2024-03-04 00:00:00.000 UTC"], [(3, 4)]),
    ],
)
def test_dates_as_people_write_them(texts: list[str], days: list[Any] | None) -> None:
    content = csv_text([record(date=text) for text in texts]).encode()
    if days is None:
        with pytest.raises(LoadRefused, match="dates of more than one form"):
            read(content)
        return
    _, _, dictionary = read(content)
    assert dictionary.days == [date(2024, *day) for day in days]


async def test_dates_that_can_be_read_in_two_ways_are_refused(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    before = await state(connection)
    file = write(tmp_path / "a.csv", [record(date=text) for text in ("1/1/2024", "3/4/2024", "5/6/2024")])
    message = r"'3/4/2024' and '5/6/2024' can be 2024-03-04 or 2024-04-03; say --date-format %m/%d/%Y or --date-format %d/%m/%Y"
    with pytest.raises(LoadRefused, match=message):
        await loaded(database, file)
    assert await state(connection) == before
    await loaded(database, file, date_format="%d/%m/%Y")
    assert sorted(key[0].month for key in await facts(connection)) == [1, 4, 6]


async def test_mixed_dates_are_refused(database: str, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [record(date=text) for text in ("2024-03-01", "03/02/2024")])
    with pytest.raises(LoadRefused, match="dates of more than one form, '2024-03-01' and '03/02/2024'"):
        await loaded(database, file)


async def test_rows_of_more_than_one_day(database: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(META_API.replace("2024-03-01,2024-03-01,DE", "2024-03-01,2024-03-07,DE"))
    with pytest.raises(RowsRejected) as refusal:
        await loaded(database, tmp_path / "a.csv")
    [reject] = refusal.value.report.rejects
    assert (reject.line, reject.column, reject.value) == (3, "date_start", "2024-03-01")
    assert reject.reason.startswith("spans days up to 2024-03-07, and facts are daily")


async def test_look_alikes_are_used_only_where_map_names_them(database: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(META_API.replace(",clicks,", ",Link clicks,"))
    with pytest.raises(LoadRefused, match=r"'Link clicks' counts something else; .*--map clicks=.Link clicks."):
        await loaded(database, tmp_path / "a.csv")


async def test_other_currencies_are_refused(database: str, tmp_path: Path) -> None:
    for content, message in (
        (META_SCREEN.replace("(USD)", "(EUR)"), r"'Amount spent \(EUR\)' is in EUR, this database in USD"),
        (GOOGLE_SCREEN.replace(",USD,", ",MXN,"), r"has amounts in MXN \(Currency code\)"),
        (TIKTOK_SCREEN.replace("18.40 USD", "18.40 EUR"), "1 of 1 rows could not be read"),
    ):
        (tmp_path / "a.csv").write_text(content)
        with pytest.raises(LoadRefused, match=message):
            await loaded(database, tmp_path / "a.csv", blank=["conversions=0"])
    with pytest.raises(LoadRefused, match="is in EUR, as --currency says; this database is in USD"):
        await loaded(database, write(tmp_path / "b.csv", [record()]), currency="EUR")


async def test_records_of_an_api(database: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    labels = {"country": "US", "age": "25-34", "gender": "female", "publisher_platform": "instagram", "platform_position": "feed", "impression_device": "iphone"}  # fmt: skip
    entry = {"date_start": "2024-03-01", "date_stop": "2024-03-01", **labels, "impressions": "1200", "clicks": 31, "spend": 18.4, "conversions": 2, "actions": [{"action_type": "post_reaction", "value": "7"}, {"action_type": "like", "value": "9"}]}  # fmt: skip
    none = {**entry, "country": "DE"}
    del none["actions"]
    lines = [orjson.dumps({"data": [entry]}), orjson.dumps(none)]
    (tmp_path / "a.jsonl").write_bytes(b"\n\n".join(lines))
    await loaded(database, tmp_path / "a.jsonl")
    expected = {(DAY, "US", *labels_of(labels)): FIRST, (DAY, "DE", *labels_of(labels)): (*FIRST[:4], 0)}
    assert await facts(connection) == expected
    (tmp_path / "b.jsonl").write_bytes(
        b"\n".join(orjson.dumps({"stream": "ads", "data": one}) for one in (entry, none))
    )
    report = await loaded(database, tmp_path / "b.jsonl")
    assert report.unchanged == 2
    google = {"segments": {"date": "2024-03-01", "device": "MOBILE", "adNetworkType": "SEARCH"}, "metrics": {"clicks": "1", "impressions": "2", "costMicros": "1500000", "conversions": 1.0}}  # fmt: skip
    (tmp_path / "c.jsonl").write_bytes(orjson.dumps(google))
    await loaded(
        database, tmp_path / "c.jsonl", set=[f"{name}={NOT_SET}" for name in ("region", "age_range", "gender")]
    )
    key = (DAY, NOT_SET, NOT_SET, NOT_SET, "google", "SEARCH", "MOBILE")
    assert (await facts(connection))[key] == (2, 1, Decimal("1.5"), 1, 0)


def labels_of(labels: dict[str, str]) -> list[str]:
    return list(labels.values())[1:]


async def test_records_that_do_not_belong_together(database: str, tmp_path: Path) -> None:
    one = {name: str(value) for name, value in record().items()}
    without = {name: value for name, value in one.items() if name != "gender"}

    async def refusal(*records: Any, **options: Any) -> str:
        (tmp_path / "a.jsonl").write_bytes(b"\n".join(map(orjson.dumps, records)))
        with pytest.raises(LoadRefused) as error:
            await loaded(database, tmp_path / "a.jsonl", **options)
        if isinstance(error.value, RowsRejected):
            return error.value.report.rejects[0].reason
        return str(error.value)

    assert "of another breakdown?" in await refusal(one, without)
    streams = [{"stream": name, "data": one} for name in ("by_age", "by_region")]
    assert "records of several streams, by_age and by_region" in await refusal(*streams)
    assert "has no stream 'by_day'; it has by_age, by_region" in await refusal(*streams, stream="by_day")
    assert (await loaded(database, tmp_path / "a.jsonl", stream="by_age")).inserted == 1
    assert "a record is an object of fields, not '1'" in await refusal([1])
    (tmp_path / "a.jsonl").write_bytes(b'{"a": 1}\n{"a": ')
    with pytest.raises(LoadRefused, match="line 2: not a JSON record"):
        await loaded(database, tmp_path / "a.jsonl")
    many = [one] * 1000 + [{**one, "spend": "1"}]
    assert "the field 'spend' is not in the first 1,000 records" in await refusal(*many)


async def test_parquet(database: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    table = pa.table(
        {
            "date": pa.array([DAY, DAY], pa.date32()),
            **{
                name: pa.array([label, f"{label}2"]).dictionary_encode()
                for name, label in record().items()
                if name in LABELLED_NAMES
            },
            **{name: pa.array([0, 0]) for name in MEASURE_NAMES},
            "impressions": pa.array([1200, 10], pa.int64()),
            "clicks": pa.array([31.0, 0.0], pa.float64()),
            "cost": pa.array([0.1 + 0.2, 1e-6], pa.float64()),
            "conversions": pa.array([2, 0], pa.int8()),
            "likes": pa.array([Decimal(7), Decimal(0)], pa.decimal128(9, 2)),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    await loaded(database, tmp_path / "a.parquet")
    assert await facts(connection) == {
        key(): (1200, 31, Decimal("0.3"), 2, 7),
        (DAY, *(f"{label}2" for label in key()[1:])): (10, 0, Decimal("0.000001"), 0, 0),
    }
    nulls = table.set_column(table.column_names.index("impressions"), "impressions", pa.array([None, 1], pa.int64()))
    pq.write_table(nulls, tmp_path / "b.parquet")
    with pytest.raises(RowsRejected) as refusal:
        await loaded(database, tmp_path / "b.parquet")
    assert [(one.line, one.column) for one in refusal.value.report.rejects] == [(1, "impressions")]


async def test_a_workbook(database: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    first = record(date=DAY, cost=18.4)
    total = {name: value if name in MEASURE_NAMES else "" for name, value in first.items()} | {"date": "Total"}
    rows = [["My report"], [], list(RECORD), list(first.values()), list(total.values())]
    workbook(tmp_path / "a.xlsx", {"Data": rows})
    messages: list[str] = []
    report = await loaded(database, tmp_path / "a.xlsx", notify=messages.append)
    assert messages[0] == "a.xlsx: sheet 'Data', read as canonical"
    assert [line for line in messages if " ← " in line] == [f"  {name} ← {name}" for name in RECORD]
    assert await facts(connection) == {key(): FIRST}
    assert report.left_out == 2
    workbook(tmp_path / "b.xlsx", {"Data": rows, "Notes": [["x"]]})
    with pytest.raises(LoadRefused, match="has several sheets, 'Data', 'Notes'; choose one with --sheet"):
        await loaded(database, tmp_path / "b.xlsx")
    assert (await loaded(database, tmp_path / "b.xlsx", sheet="Data")).unchanged == 1
    with pytest.raises(LoadRefused, match="has no sheet 'Daten'"):
        await loaded(database, tmp_path / "b.xlsx", sheet="Daten")


async def test_footers_and_short_rows(database: str, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [record(), ["Exported by somebody"], ["Page 1 of 1"]])
    report = await loaded(database, file)
    assert [(one.what, one.line, one.lines) for one in report.left_out_lines] == [("a footer", 3, 2)]
    assert any(
        "left out a footer of a.csv, 2 lines from 3 on: 'Exported by somebody'" in line for line in report.as_text()
    )
    # In the middle it is not a footer.
    write(file, [record(), ["Exported by somebody"], record(date="2024-03-02")])
    with pytest.raises(RowsRejected) as refusal:
        await loaded(database, file)
    assert [(one.line, one.reason) for one in refusal.value.report.rejects] == [
        (3, f"the row has 1 cells, the header {len(RECORD)}")
    ]


def test_a_reason_that_comes_after_a_thousand_rejects_is_named() -> None:
    report = Report()
    for line in range(5000):
        report.reject(Reject("a.csv", line, "cost", f"{line}", "early"))
    for line in range(5000, 5004):
        report.reject(Reject("a.csv", line, "date", "x", "late"))
    lines = list(report.as_text())
    assert "  a.csv, line 5000: date 'x': late" in lines
    assert "  … and 1 more rows of a.csv for the same reason" in lines
    for line in range(9000):
        report.reject(Reject("b.csv", line, "date", f"{line}", f"reason {line}"))
    assert len(report.rejects) == 2 * LISTED_REJECTS
    assert list(report.as_text())[-1] == f"  … and {9000 - 48:,} more rows for {9000 - 48:,} other reasons"


async def test_rejects_are_written_and_counted(database: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    rows = [record(), record(impressions="many"), record(date="2024-03-02"), record(date="x, y")]
    file = write(tmp_path / "a.csv", rows)
    report = Report()
    with write_rejects(tmp_path / "rejects.csv", report), pytest.raises(RowsRejected, match="2 of 4 rows"):
        await loaded(database, file, report=report)
    with (tmp_path / "rejects.csv").open(newline="") as written:
        found = list(csv.reader(written))
    assert [row[:4] for row in found] == [["file", "line", "column", "value"], ["a.csv", "3", "impressions", "many"], ["a.csv", "5", "date", "x, y"]]  # fmt: skip
    assert [row[5:] for row in found[1:]] == [list(map(str, row.values())) for row in (rows[1], rows[3])]
    for text, allowed in (("1", False), ("2", True), ("49%", False), ("50%", True)):
        if allowed:
            report = await loaded(database, file, max_rejects=text)
            assert (report.rows_read, report.rejected, report.facts) == (2, 2, 2)
        else:
            with pytest.raises(RowsRejected):
                await loaded(database, file, max_rejects=text)
    assert await connection.fetchval("SELECT rejected FROM ingest_log ORDER BY id DESC LIMIT 1") == 2
    with pytest.raises(LoadRefused, match="--max-rejects few: expected a number of rows"):
        Options(max_rejects="few")


async def test_duplicates(database: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [record(), record(), record(impressions=1)])
    with pytest.raises(LoadRefused, match="2 rows have the natural key of another row"):
        await loaded(database, file, on_duplicate="error")
    report = await loaded(database, file)
    assert (report.facts, report.summed, report.repeated) == (1, 2, 1)
    assert any("1 of those rows equal another byte by byte" in line for line in report.as_text())
    assert next(iter((await facts(connection)).values()))[0] == 2401


async def test_replace_removes_what_the_files_lack(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    other_platform = record(platform="tiktok")
    other_day = record(date="2024-03-02")
    gone = record(region="Texas")
    await loaded(database, write(tmp_path / "a.csv", [record(), other_platform, other_day, gone]))
    fewer = write(tmp_path / "b.csv", [record()])
    report = await loaded(database, fewer)
    assert (report.removed, report.unchanged) == (0, 1)
    dry = await loaded(database, fewer, replace=True, dry_run=True)
    assert dry.removed == 1
    assert len(await facts(connection)) == 4
    report = await loaded(database, fewer, replace=True)
    assert (report.removed, report.unchanged, report.data_version) == (1, 1, 2)
    assert {key[1:5:3] + key[:1] for key in await facts(connection)} == {
        ("California", "instagram", DAY), ("California", "tiktok", DAY), ("California", "instagram", date(2024, 3, 2)),
    }  # fmt: skip
    total = "SELECT sum(facts) FROM rollup_ad_metrics_daily WHERE grouping_set = 0"
    assert await connection.fetchval(total) == 3
    assert (await loaded(database, fewer, replace=True)).data_version == 2
