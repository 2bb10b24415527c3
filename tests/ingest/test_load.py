"""Loads, on a real database, against a plain sum of the same rows."""

import asyncio
import gzip
import io
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from project.catalog import RECORD
from project.errors import DatabaseUnavailable, LoadRefused, NotMigrated
from project.ingest.load import RowsRejected
from project.ingest.report import Report
from project.ingest.sample import load_sample, sample_records
from project.settings import Settings
from project.store.warehouse import partitions
from tests.conftest import Client
from tests.support.model import MEASURES, TABLES
from tests.support.records import Record, constants, csv_text, facts, key, loaded, record, state, write
from tests.support.staged_rows import read


async def test_a_canonical_file(database: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    report = await loaded(database, write(tmp_path / "a.csv", [record()]))
    assert await facts(connection) == {key(): (1200, 31, Decimal("18.4"), 2, 7)}
    assert (report.rows_read, report.inserted, report.changed, report.unchanged) == (1, 1, 0, 0)
    assert report.data_version == 1
    entry = await connection.fetchrow("SELECT * FROM ingest_log")
    assert (entry["inserted"], entry["data_version"], entry["date_from"]) == (1, 1, date(2024, 3, 1))
    assert '"a.csv"' in entry["files"]


async def test_the_same_file_changes_nothing_and_the_report_says_so(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.csv", [record()])
    await loaded(database, file)
    before = await connection.fetchrow("SELECT * FROM data_version")
    report = await loaded(database, file)
    assert (report.inserted, report.changed, report.unchanged) == (0, 0, 1)
    assert "nothing changed: the database had all of it" in list(report.as_text())
    assert await connection.fetchrow("SELECT * FROM data_version") == before
    assert await connection.fetchval("SELECT count(*) FROM ingest_log") == 2


async def test_restated_numbers_replace_and_the_report_has_both_sums(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    other = record(date="2024-03-02")
    await loaded(database, write(tmp_path / "a.csv", [record(), other]))
    identity = await connection.fetchval("SELECT id FROM fact_ad_metrics_daily ORDER BY date_id LIMIT 1")
    restated = record(impressions=1300, cost="19.000001")
    report = await loaded(database, write(tmp_path / "b.csv", [restated, other]))
    assert (report.inserted, report.changed, report.unchanged) == (0, 1, 1)
    assert report.before["impressions"] == 1200
    assert report.after["impressions"] == 1300
    assert "  cost of the changed facts: 18.400000 before, 19.000001 now" in list(report.as_text())
    assert report.data_version == 2
    assert (await facts(connection))[key()] == (1300, 31, Decimal("19.000001"), 2, 7)
    assert await connection.fetchval("SELECT id FROM fact_ad_metrics_daily ORDER BY date_id LIMIT 1") == identity


async def test_rows_of_one_key_are_summed_over_files(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    report = await loaded(
        database, write(tmp_path / "a.csv", [record(), record()]), write(tmp_path / "b.csv", [record()])
    )
    assert list((await facts(connection)).values()) == [(3600, 93, Decimal("55.2"), 6, 21)]
    assert (report.rows_read, report.inserted, report.summed) == (3, 1, 2)
    assert [file["name"] for file in report.files] == ["a.csv", "b.csv"]


async def test_labels_are_normal_and_match_known_ones_in_any_case(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    rows = [
        record(region=" I\u0302le ", age_range="", platform="Instagram", placement="Feed", impressions=1),
        record(region="ÎLE", age_range="  ", gender="FEMALE", device_type="IPHONE", impressions=2),
        record(region="unknown", age_range="unknown", impressions=4),
    ]
    await loaded(database, write(tmp_path / "a.csv", rows))
    other_case = {"gender": "Female", "platform": "INSTAGRAM", "placement": "FEED", "device_type": "iPhone"}
    later = record(date="2024-03-02", region="île", age_range="", impressions=8, **other_case)
    await loaded(database, write(tmp_path / "b.csv", [later]))
    stored = await facts(connection)
    first = {"region": "Île", "age_range": "(not set)", "platform": "Instagram", "placement": "Feed"}
    assert stored[key(**first)][0] == 3
    assert stored[key(**first | {"region": "unknown", "age_range": "unknown"})][0] == 4
    assert stored[key(date="2024-03-02", **first)][0] == 8
    assert len(stored) == 3


async def test_map_set_and_date_format(database: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    header = ["Day", "Country", "Impr.", "Clicks", "Ad spend", "conversions"]
    await loaded(
        database,
        write(tmp_path / "a.csv", [("3/1/2024", "France", 10, 2, "1.50", 1)], header),
        map=["date=Day", "region=Country", "impressions=Impr.", "cost=Ad spend"],
        set=constants(
            "date", "region", "impressions", "clicks", "cost", "conversions", gender="(not set)", platform="tiktok"
        ),
        date_format="%m/%d/%Y",
    )
    labels = key(region="France", gender="(not set)", platform="tiktok")
    assert await facts(connection) == {labels: (10, 2, Decimal("1.5"), 1, 7)}


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("date", "2024-02-30", "not a date such as 2024-03-01; --date-format %m/%d/%Y says how dates are written"),
        ("date", "2024-03-01 05:00:00", "has a time of day, and facts are daily"),
        ("date", "", "blank"),
        ("date", "0204-01-01", "not a day between 1990-01-01 and 2100-12-31"),
        ("impressions", "", "blank; a measure that is not there is not a 0"),
        ("impressions", "1.5", "not a whole number, and nothing is rounded"),
        ("impressions", "-3", "negative"),
        ("impressions", "9223372036854775808", "larger than 9223372036854775807"),
        ("impressions", "1,20", "has a decimal comma; say --decimal-comma, if the whole file is written so"),
        ("impressions", "(3)", "negative"),
        ("impressions", "1_200", "not a number such as 1234.56"),
        ("impressions", "nan", "blank; a measure that is not there is not a 0, unless --blank impressions=0 says so"),
        ("impressions", "٣", "not a number such as 1234.56"),
        ("impressions", "1" * 5000, "not a number such as 1234.56"),
        ("cost", "€18.40", "is in €, and this database in USD"),
        ("cost", "1e3", "a spreadsheet has rounded it"),
        ("cost", "0.1234567", "has more than 6 decimals, and nothing is rounded"),
        ("cost", "1234567890123", "has more than 12 digits before the point"),
        ("region", "a\x00b", "a label cannot hold the character NUL"),
    ],
)
def test_an_unreadable_row_is_named(column: str, value: str, reason: str) -> None:
    bad = record(**{column: value})
    good = record(date="2024-05-05", region="Nowhere yet")
    rows, report, _ = read(csv_text([good, bad, good]).encode(), name="b.csv")
    assert len(rows) == 2
    [reject] = report.rejects
    assert (reject.file, reject.line, reject.column, reject.value) == ("b.csv", 3, column, value)
    assert reject.reason.startswith(reason)


async def test_an_unreadable_row_fails_the_load_and_changes_nothing(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    await loaded(database, write(tmp_path / "a.csv", [record()]))
    before = await state(connection)
    rows = [record(date="2024-05-05", region="Nowhere yet"), record(date="never")]
    with pytest.raises(RowsRejected, match=r"1 of 2 rows could not be read; nothing was loaded\.") as refusal:
        await loaded(database, write(tmp_path / "b.csv", rows))
    assert [reject.line for reject in refusal.value.report.rejects] == [3]
    assert await state(connection) == before


async def test_line_numbers_count_lines_also_inside_quotes(database: str, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(
        "\r\n".join(
            [
                csv_text([record(region="Two\r\nlines")]).removesuffix("\r\n"),
                "",
                ",".join(map(str, list(record().values())[:-1])),
                "2024-0",
            ]
        ).encode()
    )
    with pytest.raises(RowsRejected) as refusal:
        await loaded(database, file)
    assert [(reject.line, reject.reason) for reject in refusal.value.report.rejects] == [
        (5, f"the row has {len(RECORD) - 1} cells, the header {len(RECORD)}"),
        (6, f"the row has 1 cells, the header {len(RECORD)}"),
    ]


async def test_gzip_bom_and_standard_input(
    database: str, connection: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = write(tmp_path / "a.csv", [record()]).read_bytes()
    (tmp_path / "bom.csv").write_bytes(b"\xef\xbb\xbf" + content)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content[:100]) + gzip.compress(content[100:]))
    assert (await loaded(database, tmp_path / "bom.csv")).inserted == 1
    assert (await loaded(database, tmp_path / "a.csv.gz")).unchanged == 1
    for piped in (content, gzip.compress(content)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(piped)))
        report = await loaded(database, Path("-"))
        assert report.unchanged == 1
        assert report.files[0]["name"] == "standard input"
        assert report.files[0]["bytes"] == len(piped)
    assert len(await facts(connection)) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"date,region\n", f"lacks {len(RECORD) - 2} of the record's fields"),
        (b"Day,Conv.\n", r"columns are: Day, Conv\. Exports"),
        (",".join(RECORD).encode() + b"\n", "The files have no rows"),
        (
            ",".join([*RECORD, "clicks"]).encode() + b"\n",
            rf"its number: --map clicks=#{RECORD.index('clicks') + 1} or --map clicks=#{len(RECORD) + 1}",
        ),
        (b"\xff\xfe\x00", "is not UTF-16"),
        (b"\x1f\x8b\x08\x00broken", "is a damaged gzip file"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-6] + b"xxxxxx", "is a damaged gzip file"),
        (b'a,"b\nc', "lines 1 to 2: not CSV: unexpected end of data"),
        (b"PK\x03\x04\x14\x00", "is no Excel workbook that can be read"),
        (b"PAR1 and nothing else", "is a damaged Parquet file"),
        (b"\xd0\xcf\x11\xe0 old", "is an Excel file of before 2007"),
        (b"date,region\xf6", "such as --encoding latin-1"),
    ],
)
async def test_files_that_are_refused(unchanged_database: str, tmp_path: Path, content: bytes, message: str) -> None:
    connection = await asyncpg.connect(unchanged_database)
    before = await state(connection)
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(LoadRefused, match=message):
        await loaded(unchanged_database, tmp_path / "a.csv")
    assert await state(connection) == before
    await connection.close()


async def test_a_refusal_names_missing_fields_and_the_flags_that_give_them(
    unchanged_database: str, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.csv", [], ["date", "spend", "impressions", "clicks", "conversions", "likes"])
    with pytest.raises(LoadRefused) as refusal:
        await loaded(unchanged_database, file, map=["cost=spent"])
    text = str(refusal.value)
    assert "cost: there is no column 'spent'; did you mean 'spend'" in text
    assert "region: give its column, --map region=COLUMN, or one label for all rows, --set region=LABEL." in text
    assert "overlap" in text
    with pytest.raises(LoadRefused, match="cost: there is no column ''"):
        await loaded(unchanged_database, file, map=["cost="])
    with pytest.raises(LoadRefused, match="no field is called 'spend'"):
        await loaded(unchanged_database, file, map=["spend=spend"])
    with pytest.raises(LoadRefused, match=r"--set likes=many: not a number"):
        await loaded(unchanged_database, write(tmp_path / "b.csv", [record()]), set=["likes=many"])
    with pytest.raises(LoadRefused, match="cost is given by --map and by --set"):
        await loaded(unchanged_database, file, map=["cost=spend"], set=["cost=0"])
    for wrong in ("%Y%Y", "%d/%m", "%Q", "3/1/2024"):
        with pytest.raises(LoadRefused, match="does not say year, month and day"):
            await loaded(unchanged_database, write(tmp_path / "b.csv", [record()]), date_format=wrong)
    euros = write(tmp_path / "c.csv", [record()], ["Amount spent (EUR)" if name == "cost" else name for name in RECORD])
    with pytest.raises(LoadRefused, match=r"'Amount spent \(EUR\)' is in EUR, this database in USD"):
        await loaded(unchanged_database, euros, map=["cost=Amount spent (EUR)"])
    with pytest.raises(LoadRefused, match="cannot be read: Is a directory"):
        await loaded(unchanged_database, tmp_path)
    with pytest.raises(LoadRefused, match="cannot be read: Not a directory"):
        await loaded(unchanged_database, euros / "x.csv")
    with pytest.raises(LoadRefused, match="There is no file"):
        await loaded(unchanged_database, tmp_path / "nowhere.csv")


async def test_the_same_file_twice_in_one_load_is_refused(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    before = await state(connection)
    first, second = (write(tmp_path / name, [record()]) for name in ("a.csv", "b.csv"))
    with pytest.raises(LoadRefused, match=r"a\.csv and b\.csv are the same file; it would count twice"):
        await loaded(database, first, second)
    assert await state(connection) == before


async def test_a_column_named_by_its_number(database: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    twice = write(tmp_path / "a.csv", [(*record().values(), 99)], [*RECORD, "clicks"])
    await loaded(database, twice, map=[f"clicks=#{len(RECORD) + 1}"])
    assert [measures[1] for measures in (await facts(connection)).values()] == [99]


async def test_sums_that_do_not_fit(database: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    before = await state(connection)
    largest = record(impressions=2**63 - 1)
    for other in (largest, largest | {"region": "Nevada"}):
        with pytest.raises(LoadRefused, match="add up to more than a measure can hold"):
            await loaded(database, write(tmp_path / "a.csv", [largest, other]))
    assert await state(connection) == before


async def test_a_dry_run_changes_nothing(database: str, connection: asyncpg.Connection, tmp_path: Path) -> None:
    before = await state(connection)
    report = await loaded(database, write(tmp_path / "a.csv", [record()]), dry_run=True)
    assert (report.inserted, report.dry_run) == (1, True)
    assert list(report.as_text())[-1] == "a dry run: nothing was kept"
    assert await state(connection) == before
    assert await connection.fetchval("SELECT count(*) FROM pg_inherits") == 0


async def test_partitions_are_made_for_the_months_of_the_file_and_ahead(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    with time_machine.travel("2024-11-30T23:59:00Z", tick=False):
        await loaded(
            database, write(tmp_path / "a.csv", [record(), record(date="2023-12-31"), record(date="2024-01-01")])
        )
    names = await connection.fetch(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'fact_ad_metrics_daily'::regclass ORDER BY 1"
    )
    months = ("2023_12", "2024_01", "2024_03", "2024_11", "2024_12", "2025_01", "2025_02")
    assert [row[0] for row in names] == [f"fact_ad_metrics_daily_{month}" for month in months]
    assert await connection.fetchval("SELECT count(*) FROM ONLY fact_ad_metrics_daily_2024_01") == 1


async def test_a_month_filled_alone_is_as_one_made_ahead(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    ahead, alone = ("fact_ad_metrics_daily_2024_01", "fact_ad_metrics_daily_2024_02")
    await partitions.ensure(connection, [(2024, 1)])
    rows = [record(date="2024-01-05"), record(date="2024-02-05")]
    await loaded(database, write(tmp_path / "a.csv", rows))
    made = {}
    for name in (ahead, alone):
        found = await connection.fetch(
            """
            SELECT 'constraint', replace(conname, $1, ''), replace(pg_get_constraintdef(oid), $1, ''), contype::text,
                   convalidated, conparentid <> 0
            FROM pg_constraint WHERE conrelid = $1::regclass AND contype <> 'f'
            UNION ALL
            SELECT 'reference', '', pg_get_constraintdef(oid), 'f', convalidated, conparentid <> 0
            FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'f'
            UNION ALL SELECT 'index', replace(indexname, $1, ''), replace(indexdef, $1, ''), '', true, true
            FROM pg_indexes WHERE tablename = $1
            UNION ALL SELECT 'column', attname, format_type(atttypid, atttypmod), pg_get_expr(adbin, adrelid), attnotnull, true
            FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
            WHERE attrelid = $1::regclass AND attnum > 0
            ORDER BY 1, 2, 3
            """.replace("$1::regclass", f"'{name}'::regclass"),
            name,
        )
        made[name] = [tuple(row) for row in found]
    assert made[ahead] == made[alone]
    assert len(made[alone]) > 28  # PostgreSQL 18 has more: a constraint for each NOT NULL
    # And takes what comes later.
    assert (await loaded(database, write(tmp_path / "b.csv", [record(date="2024-02-06")]))).inserted == 1


async def test_two_loads_at_once_neither_deadlock_nor_lose(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    files = []
    for number in range(6):
        rows = [
            record(date=f"2024-0{month}-01", region=f"Region {(number + month) % 4}", platform=f"p{number}")
            for month in range(1, 7)
        ]
        files.append(write(tmp_path / f"{number}.csv", rows if number % 2 else reversed(rows)))
    reports = await asyncio.gather(*(loaded(database, file) for file in files))
    assert sum(report.inserted for report in reports) == 36
    assert len(await facts(connection)) == 36
    assert sorted(report.data_version for report in reports) == [1, 2, 3, 4, 5, 6]


async def test_without_tables_or_without_a_database(server: Any, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [record()])
    with pytest.raises(NotMigrated, match=r"run `.*ad-metrics db upgrade`"):
        await loaded(server.url("postgres"), file)
    for nowhere in ("postgresql://postgres@/x?host=/nowhere", server.url("no_such_database")):
        with pytest.raises(DatabaseUnavailable):
            await loaded(nowhere, file)


async def test_a_backend_ended_in_the_middle_of_a_load(
    database: str, connection: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ended(loading: asyncpg.Connection, *_others: Any, **_options: Any) -> None:
        await loading.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    before = await state(connection)
    file = write(tmp_path / "a.csv", [record()])
    with monkeypatch.context() as patched:
        patched.setattr("project.ingest.load.merge", ended)
        with pytest.raises(DatabaseUnavailable):
            await loaded(database, file)
    assert await state(connection) == before
    assert (await loaded(database, file)).inserted == 1


LABEL = st.sampled_from(["a", "A", "b", "Île", "x,y", 'q"q', "line\nbreak", ""])
ROW = st.builds(
    record,
    date=st.dates(date(2024, 1, 1), date(2024, 2, 3)),
    **dict.fromkeys(TABLES, LABEL),
    impressions=st.integers(0, 10**6),
    clicks=st.integers(0, 100),
    cost=st.decimals(0, 1000, places=6),
    conversions=st.integers(0, 10),
    likes=st.integers(0, 10),
)


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(ROW, min_size=1, max_size=30), min_size=1, max_size=3))
async def test_random_loads_equal_a_plain_sum(
    database: str, connection: asyncpg.Connection, tmp_path: Path, batches: list[list[Record]]
) -> None:
    await connection.execute("TRUNCATE fact_ad_metrics_daily")
    expected: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for batch in batches:
        report = await loaded(database, write(tmp_path / "batch.csv", batch))
        summed: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0] * len(MEASURES))
        for row in batch:
            labels = (row["date"], *(row[name].lower() or "(not set)" for name in TABLES))
            summed[labels] = [have + row[name] for have, name in zip(summed[labels], MEASURES, strict=True)]
        fresh = {labels: tuple(sums) for labels, sums in summed.items()}
        assert report.inserted == len(fresh.keys() - expected.keys())
        assert report.changed == sum(labels in expected and expected[labels] != sums for labels, sums in fresh.items())
        assert report.summed == len(batch) - len(fresh)
        assert_is_summary(report, fresh)
        expected |= fresh
    found = await facts(connection)
    assert {(day, *(label.lower() for label in labels)): sums for (day, *labels), sums in found.items()} == expected


def assert_is_summary(report: Report, fresh: dict[tuple[Any, ...], tuple[Any, ...]]) -> None:
    """The summary, which is shown before anything is written, has what is stored."""
    first = {
        (one["date"], *(one[name].lower() for name in TABLES)): tuple(one[name] for name in MEASURES)
        for one in report.first_records
    }
    assert len(first) == min(2, len(fresh))
    assert first.items() <= fresh.items()
    days = [day for day, *_ in fresh]
    assert [day for day, *_ in first] in (days[:2], sorted(days)[:2])
    platforms: dict[str, list[Any]] = defaultdict(lambda: [0] * len(MEASURES))
    for (_, *labels), sums in fresh.items():
        platform = labels[list(TABLES).index("platform")]
        platforms[platform] = [have + more for have, more in zip(platforms[platform], sums, strict=True)]
    assert {one["platform"].lower(): [one[name] for name in MEASURES] for one in report.platforms} == platforms


async def test_the_summary_says_where_each_field_comes_from_before_anything_is_written(
    database: str, connection: asyncpg.Connection, tmp_path: Path
) -> None:
    rows = [record(platform=f"p{number:02}", cost=f"{number}000000") for number in range(12)]
    header = ["cost_micros" if name == "cost" else "Country" if name == "region" else name for name in RECORD]
    file = write(tmp_path / "a.csv", rows, header)
    same = write(tmp_path / "b.csv", [record(date="2024-03-02", cost="500000")], header)
    notified: list[str] = []
    options = {"map": ["region=Country", "cost=cost_micros"], "round": ["cost"]}
    report = await loaded(database, file, same, notify=notified.append, dry_run=True, **options)
    assert await facts(connection) == {}
    [start] = [index for index, line in enumerate(notified) if line.startswith("a.csv: ")]
    lines = notified[start + 1 : start + 1 + len(RECORD)]
    assert [line.split(" ← ")[0].strip() for line in lines] == list(RECORD)
    assert lines[1] == "  region ← Country"
    assert "  cost ← cost_micros ÷ 1,000,000" in lines
    # The second file has the same sources, which are not repeated.
    assert notified[start + 1 + len(RECORD)].startswith("b.csv: ")
    assert notified[start + 2 + len(RECORD)] == (
        "will store: 2024-03-01, California, 25-34, female, p00, feed, iphone, "
        "impressions 1,200, clicks 31, cost 0.00 USD, conversions 2, likes 7"
    )
    assert "sums of p11: impressions 1,200, clicks 31, cost 11.00 USD, conversions 2, likes 7" in notified
    assert notified[-1] == "  … and of 3 more platforms"
    assert [entry["file"] for entry in report.sources] == ["a.csv", "b.csv"]
    assert report.sources[0]["fields"]["cost"] == "cost_micros ÷ 1,000,000"
    assert '"platforms":[{"platform":"p11","impressions":1200,"clicks":31,"cost":11.000000,' in report.json()
    told = list(notified)
    await loaded(database, file, same, notify=notified.append, **options)
    assert notified[len(told) :] == told


async def test_sums_come_back_through_the_api_to_the_cent(
    database: str, connection: asyncpg.Connection, tmp_path: Path, serving: Client
) -> None:
    rows = [
        record(date=f"2024-03-{day:02}", region=f"R{day % 3}", impressions=day * 7, clicks=day, cost=f"{day}.{day:02}")
        for day in range(1, 29)
    ]
    await loaded(database, write(tmp_path / "a.csv", rows))
    async with serving(database) as client:
        data = (await client.get("/v1/ad-metrics?limit=1000")).json(parse_float=Decimal)["data"]
    assert sum(row["cost"] for row in data) == sum(Decimal(row["cost"]) for row in rows)
    assert sum(row["impressions"] for row in data) == sum(row["impressions"] for row in rows)


async def test_a_new_label_and_version_are_seen_at_once(database: str, tmp_path: Path, serving: Client) -> None:
    async with serving(database) as client:
        empty = await client.get("/v1/ad-metrics?platform=instagram")
        assert empty.json()["errors"][0]["detail"] == "No platform is called 'instagram'. No data has been loaded yet."
        await loaded(database, write(tmp_path / "a.csv", [record()]))
        first = await client.get("/v1/ad-metrics?platform=instagram")
        assert [row["region"] for row in first.json()["data"]] == ["California"]
        await loaded(database, write(tmp_path / "b.csv", [record(region="Zug")]))
        second = await client.get("/v1/ad-metrics?platform=instagram", headers={"If-None-Match": first.headers["etag"]})
        assert second.status_code == 200
        assert [row["region"] for row in second.json()["data"]] == ["California", "Zug"]
        assert second.json()["meta"]["data_version"] == 2


async def test_a_cursor_outlives_a_load(database: str, tmp_path: Path, serving: Client) -> None:
    await loaded(database, write(tmp_path / "a.csv", [record(), record(date="2024-03-02")]))
    async with serving(database) as client:
        cursor = (await client.get("/v1/ad-metrics?limit=1")).json()["page"]["next_cursor"]
        # Open dates belong to the question as open, not as the days that they came to.
        await loaded(database, write(tmp_path / "b.csv", [record(date="2024-03-05")]))
        remaining = (await client.get("/v1/ad-metrics", params={"cursor": cursor})).json()["data"]
        assert [row["date"] for row in remaining] == ["2024-03-02", "2024-03-05"]


async def test_sample_data_says_so_and_goes_when_real_data_comes(
    database: str, connection: asyncpg.Connection, tmp_path: Path, serving: Client
) -> None:
    sampled = await load_sample(Settings(database_url=database), date(2024, 3, 31), days=20, combinations=40)
    assert sampled.inserted == 800
    async with serving(database) as client:
        for path in ("/v1/ad-metrics", "/v1/catalog", "/v1/dimensions", "/v1/dimensions/region"):
            assert (await client.get(path)).json()["meta"]["sample_data"] is True
        report = await loaded(database, write(tmp_path / "a.csv", [record()]))
        assert report.sample_removed == 800
        assert "removed the 800 facts of the sample data: this load replaces them" in list(report.as_text())
        answer = (await client.get("/v1/ad-metrics")).json()
        assert len(answer["data"]) == 1
        assert "sample_data" not in answer["meta"]
        assert [one["label"] for one in (await client.get("/v1/dimensions/region")).json()["data"]] == ["California"]
    with pytest.raises(LoadRefused, match="real data"):
        await load_sample(Settings(database_url=database), date(2024, 3, 31), days=2, combinations=4)
    assert len(await facts(connection)) == 1


def test_the_sample_is_the_same_every_time_and_plausible() -> None:
    first, second = (list(sample_records(date(2024, 3, 31), 28, 200)) for _ in range(2))
    assert first == second
    assert len({(one.day, one.ordered_labels) for one in first}) == 28 * 200
    by_weekday: dict[int, int] = defaultdict(int)
    for day, labels, measures in first:
        assert measures["clicks"] <= measures["impressions"]
        assert measures["conversions"] <= measures["clicks"]
        assert measures["likes"] <= measures["impressions"]
        platform, placement, device = (labels[name] for name in ("platform", "placement", "device_type"))
        assert (
            placement
            in {
                "facebook": {"feed", "stories", "marketplace", "right_column"},
                "instagram": {"feed", "stories", "reels", "explore"},
                "google": {"search", "display", "youtube"},
                "tiktok": {"for_you", "search"},
            }[platform]
        )
        assert not (placement == "right_column" and device != "desktop")
        if placement != "search":
            by_weekday[day.weekday()] += measures["impressions"]
    assert by_weekday[5] > by_weekday[1]
